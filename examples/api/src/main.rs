//! An API that is called with bearer tokens of Fief, and whose documentation can get one.
//!
//! ```sh
//! cargo run -p example-api
//! ```
//!
//! Open `/docs`, press "Authorize", log in, and try the operations.
//!
//! Without `FIEF_BASE_URL` it brings a Fief of its own; with `FIEF_BASE_URL`, `FIEF_CLIENT_ID` and `FIEF_CLIENT_SECRET`
//! it uses that one. `PORT` (3000) and `FIEF_PORT` (8000) choose the ports, 0 any free one.
//!
//! The documentation logs in for a client of its own, `FIEF_DOCS_CLIENT_ID` (castles-docs). It has to be registered at
//! Fief as a public one, with `{App}/docs/oauth2-redirect.html` as its redirect URI.

mod castles;
mod settings;

use std::{process::ExitCode, time::Duration};

use axum::{
    Router,
    http::{Method, StatusCode, header},
    routing::{get, post},
};
use fief_axum::FiefAuth;
use fief_client::FiefAcr;
use tower_http::{
    cors::{Any, CorsLayer},
    sensitive_headers::SetSensitiveRequestHeadersLayer,
    timeout::TimeoutLayer,
    trace::TraceLayer,
};
use utoipa::OpenApi;
use utoipa_swagger_ui::{SwaggerUi, oauth};

use crate::{castles::CanCreateCastles, settings::Settings};

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
    let app = app(&FiefAuth::new(settings.fief), &settings.docs_client_id);
    axum::serve(settings.listener, app).await?;
    Ok(())
}

#[derive(OpenApi)]
#[openapi(
    info(title = "Castles"),
    paths(
        castles::hello,
        castles::me,
        castles::list,
        castles::create,
        castles::remove
    )
)]
struct Api;

fn app(auth: &FiefAuth, docs_client_id: &str) -> Router {
    // One declaration: the router enforces it, and the documentation shows it.
    let policy = auth
        .paths()
        .optional("/")
        .require("/me", auth.require().scope("openid"))
        .require_method(
            Method::GET,
            "/castles",
            auth.require().permission("castles:read"),
        )
        .require_method(
            Method::POST,
            "/castles",
            auth.require().policy::<CanCreateCastles>(),
        )
        .require(
            "/castles/{name}",
            auth.require()
                .permission("castles:delete")
                .acr(FiefAcr::LevelOne)
                .max_age(Duration::from_secs(300)),
        );
    let mut document = Api::openapi();
    policy.describe(&mut document);

    Router::new()
        .route("/", get(castles::hello))
        .route("/me", get(castles::me))
        .route("/castles", get(castles::list).merge(post(castles::create)))
        .route("/castles/{name}", axum::routing::delete(castles::remove))
        .layer(policy)
        .merge(docs(document, docs_client_id))
        // The outermost comes first. CORS is outside of the guards, since preflight requests have no credentials.
        .layer((
            SetSensitiveRequestHeadersLayer::new([header::AUTHORIZATION]),
            TraceLayer::new_for_http(),
            TimeoutLayer::with_status_code(StatusCode::GATEWAY_TIMEOUT, Duration::from_secs(30)),
            CorsLayer::new()
                .allow_origin(Any)
                .allow_headers([header::AUTHORIZATION, header::CONTENT_TYPE])
                .allow_methods([Method::GET, Method::POST, Method::DELETE]),
        ))
}

fn docs(document: utoipa::openapi::OpenApi, client_id: &str) -> SwaggerUi {
    let login = oauth::Config::new()
        .client_id(client_id)
        .scopes(vec!["openid".to_owned()])
        // A login that may tear castles down, too.
        .additional_query_string_params([("acr_values".into(), "1".into())].into())
        .use_pkce_with_authorization_code_grant(true);
    SwaggerUi::new("/docs")
        .url("/openapi.json", document)
        .oauth(login)
}
