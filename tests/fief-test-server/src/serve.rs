use std::sync::Arc;

use axum::{
    Router,
    body::to_bytes,
    extract::{ConnectInfo, Request, State as Extract},
    http::{Method, StatusCode},
    response::Response,
};
use tokio::net::TcpListener;

use crate::{
    Endpoint,
    endpoints::respond,
    http::{
        Call,
        connection::{BreakableListener, Breaker},
        response::{detail, redirect, set_header, text},
    },
    shared::Shared,
};

/// Answers for as long as it is polled.
pub(crate) async fn serve(listener: TcpListener, fief: Arc<Shared>) {
    let app = Router::new().fallback(handle).with_state(fief);
    let app = app.into_make_service_with_connect_info::<Breaker>();
    // Accepting goes on whatever happens, so that there is no error to report.
    let _ = axum::serve(BreakableListener(listener), app).await;
}

async fn handle(
    Extract(fief): Extract<Arc<Shared>>,
    ConnectInfo(breaker): ConnectInfo<Breaker>,
    request: Request,
) -> Response {
    let path = request.uri().path();
    let Some((_, endpoint)) = Endpoint::find(path) else {
        return lost(&fief, request);
    };
    let fault = fief.traffic().arrive(endpoint);
    let rightly = async || answer(&fief, endpoint, request).await;
    match fault {
        None => rightly().await,
        Some((fault, cleared)) => fault.apply(&breaker, cleared, rightly).await,
    }
}

async fn answer(fief: &Shared, endpoint: Endpoint, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let Ok(body) = to_bytes(body, BODY_LIMIT).await else {
        return detail(StatusCode::PAYLOAD_TOO_LARGE, "Payload Too Large");
    };
    let slug = Endpoint::find(parts.uri.path()).map_or("", |(slug, _)| slug);
    let call = Call::new(fief, slug, &parts, body.to_vec());
    let is_preflight =
        endpoint.is_shared() && call.headers.contains_key("access-control-request-method");
    let mut response = match call.method {
        Method::OPTIONS if is_preflight => preflight(&call),
        ref method if !endpoint.allows(method) => not_allowed(endpoint),
        _ if fief.state().tenant(slug).is_none() => detail(StatusCode::BAD_REQUEST, "Bad Request"),
        _ => respond(endpoint, &call),
    };
    if endpoint.is_shared() && call.headers.contains_key("origin") {
        set_header(&mut response, "access-control-allow-origin", "*");
    }
    response
}

/// What no endpoint is at. A slash too many leads to the endpoint without it.
fn lost(fief: &Shared, request: Request) -> Response {
    let (parts, _) = request.into_parts();
    match parts.uri.path().strip_suffix('/') {
        Some(path) if Endpoint::find(path).is_some() => {
            let call = Call::new(fief, "", &parts, Vec::new());
            redirect(StatusCode::TEMPORARY_REDIRECT, &call.url(path))
        }
        _ => detail(StatusCode::NOT_FOUND, "Not Found"),
    }
}

fn not_allowed(endpoint: Endpoint) -> Response {
    let mut response = detail(StatusCode::METHOD_NOT_ALLOWED, "Method Not Allowed");
    set_header(&mut response, "allow", endpoint.allow());
    response
}

fn preflight(call: &Call<'_>) -> Response {
    let mut response = text("OK");
    let method = call.header("access-control-request-method");
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

const BODY_LIMIT: usize = 64 * 1024;
