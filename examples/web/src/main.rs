//! A web application with Fief logins: public pages, pages for authenticated users, and pages that need a permission. What
//! goes wrong is shown in its own design, in English or French.
//!
//! ```sh
//! cargo run -p example-web
//! ```
//!
//! Without `FIEF_BASE_URL` it brings a Fief of its own; with `FIEF_BASE_URL`, `FIEF_CLIENT_ID` and `FIEF_CLIENT_SECRET`
//! it uses that one, where `{App}/auth-callback` has to be registered. `PORT` (3000) and `FIEF_PORT` (8000) choose the
//! ports, 0 any free one.
//!
//! Behind a proxy, `APP_URL` is where browsers reach the application, such as `https://example.com/shop`: the proxy may
//! keep the path `/shop` or strip it. `SESSION_KEY` (hex, 32 bytes) keeps sessions over a restart and is the same on all
//! machines. With `REDIS_URL` the sessions are in Redis instead of in cookies.
//!
//! In a container, `LISTEN` is the address to listen on (127.0.0.1). `FIEF_PUBLIC_URL` is where browsers reach Fief, if that is
//! not `FIEF_BASE_URL`, and `FIEF_INSECURE_HTTP=true` allows plain http to a Fief on another machine. `examples/compose` uses them.

mod castles;
mod failures;
mod messages;
mod pages;
mod settings;

use std::{process::ExitCode, time::Duration};

use axum::{
    Router,
    http::{StatusCode, header},
    routing::get,
};
use fief_axum::FiefAuth;
use tower_http::{
    sensitive_headers::{SetSensitiveRequestHeadersLayer, SetSensitiveResponseHeadersLayer},
    timeout::TimeoutLayer,
    trace::TraceLayer,
};
use tower_sessions_redis_store::RedisStore;

use crate::{pages::Site, settings::Settings};

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
    let site = Site::new(&settings.app_url);
    let (pages, login_pages) = (site.clone(), site.clone());
    let mut auth = FiefAuth::builder(settings.fief.clone())
        .login(settings.app_url.as_str(), settings.session_key.clone())
        .on_rejection(move |rejection| failures::rejected(&pages, rejection))
        .on_login_page(move |page| failures::login(&login_pages, &page));
    if let Some(redis) = &settings.redis {
        auth = auth.session_store(RedisStore::new(redis.clone()));
    }
    let auth = auth.build()?;
    settings.print();
    axum::serve(settings.listener, app(&auth, site)).await?;
    Ok(())
}

/// The application, at the root for a proxy that strips the path of its URL, and below the path for one that keeps it.
fn app(auth: &FiefAuth, site: Site) -> Router {
    let path = site.path.clone();
    let routes = routes(auth, site);
    if path.is_empty() {
        routes
    } else {
        // Unlike `nest`, it serves the path with a slash at its end as well, which is where nginx redirects to.
        Router::new()
            .nest_service(&path, routes.clone())
            .merge(routes)
    }
}

fn routes(auth: &FiefAuth, site: Site) -> Router {
    let create = auth.require().permission("castles:create");
    Router::new()
        .route("/castles/create", get(castles::form))
        .route("/castles", axum::routing::post(castles::create))
        .route_layer(create)
        .route("/castles", get(castles::list))
        .route("/profile", get(pages::profile))
        .route_layer(auth.require())
        .route("/", get(pages::home))
        .fallback(failures::not_found)
        .merge(auth.routes())
        .layer(auth.layer())
        // The outermost comes first. Credentials are marked before a request is traced, and session
        // cookies before its response is.
        .layer((
            SetSensitiveRequestHeadersLayer::new([header::AUTHORIZATION, header::COOKIE]),
            TraceLayer::new_for_http(),
            SetSensitiveResponseHeadersLayer::new([header::SET_COOKIE]),
            TimeoutLayer::with_status_code(StatusCode::GATEWAY_TIMEOUT, Duration::from_secs(30)),
        ))
        .with_state(site)
}
