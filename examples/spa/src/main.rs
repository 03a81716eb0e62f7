//! A single-page application in plain JavaScript, and the API on another origin that it calls with a bearer token of Fief.
//!
//! ```sh
//! cargo run -p example-spa
//! ```
//!
//! The page, in `page/`, has no build step. It logs in as a public client, with the authorization code flow and PKCE, and keeps
//! its token in memory. Any web server can serve it; here it is served by the same process, at a port of its own.
//!
//! Without `FIEF_BASE_URL` it brings a Fief of its own; with `FIEF_BASE_URL` and `FIEF_CLIENT_ID` it uses that one. `PORT`
//! (3000), `API_PORT` (3001) and `FIEF_PORT` (8000) choose the ports, 0 any free one.
//!
//! The page logs in for a client of its own, `FIEF_SPA_CLIENT_ID` (castles-spa). It has to be registered at Fief as a public
//! one, with `{App}/` as its redirect URI.

mod castles;
mod page;
mod settings;

use std::{process::ExitCode, time::Duration};

use axum::{
    Router,
    http::{HeaderValue, Method, StatusCode, header},
    routing::{get, post},
};
use fief_axum::FiefAuth;
use tower_http::{
    cors::CorsLayer, sensitive_headers::SetSensitiveRequestHeadersLayer, timeout::TimeoutLayer,
    trace::TraceLayer,
};

use crate::{castles::Castles, settings::Settings};

#[tokio::main]
async fn main() -> ExitCode {
    tracing_subscriber::fmt()
        .with_writer(std::io::stderr)
        .with_env_filter(settings::log_filter())
        .init();
    match run().await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

async fn run() -> anyhow::Result<()> {
    let settings = Settings::from_env().await?;
    settings.print();
    let page = page::router(settings.config)?;
    let api = api(&FiefAuth::new(settings.fief), settings.page_url.parse()?);
    tokio::try_join!(
        async { axum::serve(settings.page_listener, page).await },
        async { axum::serve(settings.api_listener, api).await },
    )?;
    Ok(())
}

/// The API, for the page of this origin.
fn api(auth: &FiefAuth, origin: HeaderValue) -> Router {
    let create = post(castles::create).route_layer(auth.require().permission("castles:create"));
    Router::new()
        .route("/me", get(castles::me))
        .route("/castles", get(castles::list).merge(create))
        .route_layer(auth.require())
        .layer(auth.layer())
        .with_state(Castles::default())
        // The outermost comes first. CORS is outside of the guards and of the timeout: preflight requests have no credentials,
        // and the page can only read a 401, 403 or 504 with the headers of CORS.
        .layer((
            SetSensitiveRequestHeadersLayer::new([header::AUTHORIZATION]),
            TraceLayer::new_for_http(),
            // Without `allow_credentials`: the page sends a token, and no cookies.
            CorsLayer::new()
                .allow_origin(origin)
                .allow_headers([header::AUTHORIZATION, header::CONTENT_TYPE])
                .allow_methods([Method::GET, Method::POST])
                .max_age(Duration::from_secs(600)),
            TimeoutLayer::with_status_code(StatusCode::GATEWAY_TIMEOUT, Duration::from_secs(30)),
        ))
}
