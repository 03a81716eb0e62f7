//! The HTTP server: routing, faults, methods and CORS.

use std::sync::Arc;

use axum::{
    Router,
    body::{Body, to_bytes},
    extract::{self, ConnectInfo, State},
    http::{Method, StatusCode, request::Parts},
    response::Response,
};
use tokio::net::TcpListener;

use crate::{
    Endpoint,
    endpoints::dispatch,
    http::{
        Request,
        compression::{accepts_gzip, compress},
        connection::{BreakableListener, Breaker},
        cors,
        form::parse_form,
        response::{detail, redirect, set_header},
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
    let endpoint = Endpoint::find(request.uri().path());
    let fault = endpoint.and_then(|(_, endpoint)| shared.traffic().record(endpoint));
    let normal_response = async || respond(&shared, request).await;
    match fault {
        None => normal_response().await,
        Some((fault, cleared)) => fault.apply(&breaker, cleared, normal_response).await,
    }
}

/// Handles a request without regard to faults.
pub(crate) async fn respond(shared: &Shared, request: extract::Request) -> Response {
    let (parts, body) = request.into_parts();
    let is_api = cors::allows_any_origin(parts.uri.path());
    let preflight = cors::preflight(&parts.method, &parts.headers);
    if let Some(response) = preflight.filter(|_| is_api) {
        return response;
    }
    let mut response = match Endpoint::find(parts.uri.path()) {
        Some((slug, endpoint)) => dispatch_to(shared, slug, endpoint, (&parts, body)).await,
        None => not_found(shared, &parts),
    };
    if is_api {
        cors::allow_origin(&parts.headers, &mut response);
    }
    compress(response, accepts_gzip(&parts.headers)).await
}

/// Reads the body, checks method and tenant, and calls the handler of an endpoint.
async fn dispatch_to(
    shared: &Shared,
    slug: &str,
    endpoint: Endpoint,
    (parts, body): (&Parts, Body),
) -> Response {
    let Ok(body) = to_bytes(body, BODY_LIMIT).await else {
        return detail(StatusCode::PAYLOAD_TOO_LARGE, "Payload Too Large");
    };
    if !endpoint.allows(&parts.method) {
        return not_allowed(endpoint, parts);
    }
    if shared.state().tenant(slug).is_none() {
        return detail(StatusCode::BAD_REQUEST, "Bad Request");
    }
    let mut request = Request::new(shared, slug, parts);
    if parts.method == Method::POST {
        request.form = match parse_form(&parts.headers, &body).await {
            Ok(form) => form,
            Err(response) => return *response,
        };
    }
    request.body = body.to_vec();
    dispatch(endpoint, &request)
}

/// Returns a redirect if the path is known without its trailing slash, or could be a tenant's with
/// one, and 404 otherwise.
fn not_found(shared: &Shared, parts: &Parts) -> Response {
    let path = parts.uri.path();
    let known = path.strip_suffix('/');
    let target = match known.filter(|it| Endpoint::find(it).is_some()) {
        Some(known) => known.to_owned(),
        None if path.matches('/').count() == 1 => format!("{path}/"),
        None => return detail(StatusCode::NOT_FOUND, "Not Found"),
    };
    let request = Request::new(shared, "", parts);
    redirect(StatusCode::TEMPORARY_REDIRECT, &request.url(&target))
}

fn not_allowed(endpoint: Endpoint, parts: &Parts) -> Response {
    // Where Fief has a page of that name for each tenant, it takes `api` for a tenant.
    let pages = ["/api/password", "/api/email/change", "/api/email/verify"];
    if parts.method == Method::GET && pages.contains(&parts.uri.path()) {
        return detail(StatusCode::BAD_REQUEST, "Bad Request");
    }
    let mut response = detail(StatusCode::METHOD_NOT_ALLOWED, "Method Not Allowed");
    set_header(&mut response, "allow", endpoint.allow());
    response
}

/// In bytes.
const BODY_LIMIT: usize = 64 * 1024;
