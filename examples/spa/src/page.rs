use axum::{
    Json, Router,
    http::{HeaderValue, header},
    response::Html,
    routing::{MethodRouter, get},
};
use serde::Serialize;
use tower_http::set_header::SetResponseHeaderLayer;

/// What the page has to know, as `/config.json`. None of it is secret.
#[derive(Clone, Serialize)]
pub struct Config {
    /// Where the API is.
    pub api: String,
    /// Where browsers reach Fief.
    pub fief: String,
    /// The client that the page logs in for.
    pub client_id: String,
}

/// The files of the page.
pub fn router(config: Config) -> anyhow::Result<Router> {
    // Only scripts of these files run, and they connect to the API and to Fief alone.
    let policy = format!(
        "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self' {}/ {}/; \
         base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
        config.api, config.fief
    );
    let policy = HeaderValue::from_str(&policy)?;
    let no_cache = HeaderValue::from_static("no-cache");
    Ok(Router::new()
        .route("/", get(Html(include_str!("../page/index.html"))))
        .route("/config.json", get(Json(config)))
        .route("/app.js", script(include_str!("../page/app.js")))
        .route("/auth.js", script(include_str!("../page/auth.js")))
        .route(
            "/style.css",
            file("text/css", include_str!("../page/style.css")),
        )
        .layer((
            SetResponseHeaderLayer::overriding(header::CONTENT_SECURITY_POLICY, policy),
            SetResponseHeaderLayer::overriding(header::CACHE_CONTROL, no_cache),
        )))
}

fn script(text: &'static str) -> MethodRouter {
    file("text/javascript", text)
}

fn file(media_type: &'static str, text: &'static str) -> MethodRouter {
    get(([(header::CONTENT_TYPE, media_type)], text))
}
