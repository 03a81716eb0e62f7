//! Rejection of what pages of other sites make a browser send.

use axum::{
    extract::{Request, State},
    http::HeaderMap,
    middleware::Next,
    response::{IntoResponse as _, Response},
};

use super::error::ControlError;

/// Middleware that rejects requests that a page of another site sends, and those of a page whose name
/// was rebound to this machine: it has another `Host`.
pub(crate) async fn reject_other_sites(
    State(port): State<u16>,
    request: Request,
    next: Next,
) -> Response {
    match check(request.headers(), port) {
        Ok(()) => next.run(request).await,
        Err(text) => ControlError::forbidden(text).into_response(),
    }
}

fn check(headers: &HeaderMap, port: u16) -> Result<(), &'static str> {
    let value = |name: &str| {
        headers
            .get(name)
            .map(|value| value.to_str().unwrap_or_default())
    };
    let host = value("host").unwrap_or_default();
    let hosts = ["127.0.0.1", "localhost"].map(|name| format!("{name}:{port}"));
    if !hosts.iter().any(|known| known == host) {
        return Err("the Host is not this server");
    }
    if value("origin").is_some_and(|origin| origin != format!("http://{host}")) {
        return Err("the Origin is not this server");
    }
    match value("sec-fetch-site") {
        None | Some("none" | "same-origin") => Ok(()),
        Some(_) => Err("the request is from a page of another site"),
    }
}
