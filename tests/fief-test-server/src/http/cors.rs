//! Cross-origin resource sharing, which Fief allows for its APIs.

use axum::{
    http::{HeaderMap, Method, StatusCode, header},
    response::Response,
};

use super::response::{set_header, text};

/// Returns `true` if any origin may use a path: those of the APIs of all tenants, known or not.
pub(crate) fn allows_any_origin(path: &str) -> bool {
    let is_api = |part: &str| part == "api" || part == ".well-known";
    path.split('/').skip(1).take(2).any(is_api)
}

/// Returns the response to a preflight request, or `None` if it is not one.
pub(crate) fn preflight(method: &Method, headers: &HeaderMap) -> Option<Response> {
    let get = |name: &str| headers.get(name)?.to_str().ok();
    let requested = get("access-control-request-method")?;
    if method != Method::OPTIONS || !headers.contains_key(header::ORIGIN) {
        return None;
    }
    let requested_headers = get("access-control-request-headers").unwrap_or_default();
    let is_allowed = |name: &str| {
        let name = name.trim();
        name.is_empty() || HEADERS.split(", ").any(|it| it.eq_ignore_ascii_case(name))
    };
    let error = if !METHODS.split(", ").any(|it| it == requested) {
        Some("Disallowed CORS method")
    } else if !requested_headers.split(',').all(is_allowed) {
        Some("Disallowed CORS headers")
    } else {
        None
    };
    let mut response = text(error.unwrap_or("OK"));
    if error.is_some() {
        *response.status_mut() = StatusCode::BAD_REQUEST;
    }
    set_header(&mut response, "access-control-allow-origin", "*");
    set_header(&mut response, "access-control-allow-methods", METHODS);
    set_header(&mut response, "access-control-allow-headers", HEADERS);
    set_header(&mut response, "access-control-max-age", "600");
    Some(response)
}

/// Adds the headers of a response to a request from another origin.
///
/// As in Fief, a request with cookies receives its own origin instead of any.
pub(crate) fn allow_origin(headers: &HeaderMap, response: &mut Response) {
    let Some(origin) = headers.get(header::ORIGIN).and_then(|it| it.to_str().ok()) else {
        return;
    };
    let has_cookies = headers.contains_key(header::COOKIE);
    let allowed = if has_cookies { origin } else { "*" };
    set_header(response, "access-control-allow-origin", allowed);
    if has_cookies {
        set_header(response, "vary", "Origin");
    }
}

const METHODS: &str = "DELETE, GET, HEAD, OPTIONS, PATCH, POST, PUT";
const HEADERS: &str = "Accept, Accept-Language, Authorization, Content-Language, Content-Type, \
                       X-Requested-With";
