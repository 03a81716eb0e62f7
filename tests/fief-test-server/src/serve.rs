//! The HTTP server: routing, faults, methods and CORS.

use std::sync::Arc;

use axum::{
    Router,
    body::to_bytes,
    extract::{self, ConnectInfo, State},
    http::{Method, StatusCode},
    response::Response,
};
use tokio::net::TcpListener;

use crate::{
    Endpoint,
    endpoints::dispatch,
    http::{
        Request,
        connection::{BreakableListener, Breaker},
        response::{detail, redirect, set_header, text},
    },
    shared::Shared,
};

/// Serves requests until the future is dropped.
pub(crate) async fn serve(listener: TcpListener, shared: Arc<Shared>) {
    let app = Router::new().fallback(handle).with_state(shared);
    let app = app.into_make_service_with_connect_info::<Breaker>();
    // Never returns, since errors of `accept` are retried.
    let _ = axum::serve(BreakableListener(listener), app).await;
}

/// Counts a request and applies its fault.
async fn handle(
    State(shared): State<Arc<Shared>>,
    ConnectInfo(breaker): ConnectInfo<Breaker>,
    request: extract::Request,
) -> Response {
    let path = request.uri().path();
    let Some((_, endpoint)) = Endpoint::find(path) else {
        return not_found(&shared, request);
    };
    let fault = shared.traffic().record(endpoint);
    let normal_response = async || respond(&shared, endpoint, request).await;
    match fault {
        None => normal_response().await,
        Some((fault, cleared)) => fault.apply(&breaker, cleared, normal_response).await,
    }
}

/// Handles a request without regard to faults.
async fn respond(shared: &Shared, endpoint: Endpoint, request: extract::Request) -> Response {
    let (parts, body) = request.into_parts();
    let Ok(body) = to_bytes(body, BODY_LIMIT).await else {
        return detail(StatusCode::PAYLOAD_TOO_LARGE, "Payload Too Large");
    };
    let slug = Endpoint::find(parts.uri.path()).map_or("", |(slug, _)| slug);
    let request = Request::new(shared, slug, &parts, body.to_vec());
    let is_preflight = endpoint.allows_any_origin()
        && request
            .headers
            .contains_key("access-control-request-method");
    let mut response = match request.method {
        Method::OPTIONS if is_preflight => preflight(&request),
        ref method if !endpoint.allows(method) => not_allowed(endpoint),
        _ if shared.state().tenant(slug).is_none() => {
            detail(StatusCode::BAD_REQUEST, "Bad Request")
        }
        _ => dispatch(endpoint, &request),
    };
    if endpoint.allows_any_origin() && request.headers.contains_key("origin") {
        set_header(&mut response, "access-control-allow-origin", "*");
    }
    response
}

/// Returns a redirect if the path is known without its trailing slash, and 404 otherwise.
fn not_found(shared: &Shared, request: extract::Request) -> Response {
    let (parts, _) = request.into_parts();
    match parts.uri.path().strip_suffix('/') {
        Some(path) if Endpoint::find(path).is_some() => {
            let request = Request::new(shared, "", &parts, Vec::new());
            redirect(StatusCode::TEMPORARY_REDIRECT, &request.url(path))
        }
        _ => detail(StatusCode::NOT_FOUND, "Not Found"),
    }
}

fn not_allowed(endpoint: Endpoint) -> Response {
    let mut response = detail(StatusCode::METHOD_NOT_ALLOWED, "Method Not Allowed");
    set_header(&mut response, "allow", endpoint.allow());
    response
}

/// Returns the response to a CORS preflight request, which allows any method.
fn preflight(request: &Request<'_>) -> Response {
    let mut response = text("OK");
    let method = request.header("access-control-request-method");
    set_header(
        &mut response,
        "access-control-allow-methods",
        method.unwrap_or("GET"),
    );
    set_header(
        &mut response,
        "access-control-allow-headers",
        "Authorization, Content-Type, X-Requested-With",
    );
    response
}

/// In bytes.
const BODY_LIMIT: usize = 64 * 1024;
