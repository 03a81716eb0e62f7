use axum::{
    body::Body,
    http::{HeaderValue, StatusCode, header},
    response::Response,
};
use serde_json::{Value, json};

pub(crate) fn json_response(status: StatusCode, body: &Value) -> Response {
    with_body(status, "application/json", body.to_string())
}

/// Returns an error in the format of Fief's web framework.
pub(crate) fn detail(status: StatusCode, detail: &str) -> Response {
    json_response(status, &json!({ "detail": detail }))
}

pub(crate) fn html(status: StatusCode, page: String) -> Response {
    with_body(status, "text/html; charset=utf-8", page)
}

/// Returns what Fief responds with after an unhandled exception.
pub(crate) fn internal_error() -> Response {
    with_body(
        StatusCode::INTERNAL_SERVER_ERROR,
        "text/plain; charset=utf-8",
        "Internal Server Error".to_owned(),
    )
}

pub(crate) fn text(text: &str) -> Response {
    with_body(StatusCode::OK, "text/plain; charset=utf-8", text.to_owned())
}

pub(crate) fn redirect(status: StatusCode, to: &str) -> Response {
    let mut response = Response::new(Body::empty());
    *response.status_mut() = status;
    set_header(&mut response, "location", to);
    response
}

/// Redirects to an application, or responds with 400 if the URL is not valid in a header.
pub(crate) fn redirect_to_application(url: &str) -> Response {
    let response = redirect(StatusCode::FOUND, url);
    if response.headers().contains_key("location") {
        return response;
    }
    detail(StatusCode::BAD_REQUEST, "Bad Request")
}

/// Redirects and keeps the method, in the format of Fief's web framework.
pub(crate) fn temporary_redirect(to: &str) -> Response {
    let mut response = detail(StatusCode::TEMPORARY_REDIRECT, "Temporary Redirect");
    set_header(&mut response, "location", to);
    response
}

/// Adds a header, or ignores it if the value is invalid.
pub(crate) fn set_header(response: &mut Response, name: &'static str, value: &str) {
    if let Ok(value) = HeaderValue::from_bytes(value.as_bytes()) {
        response.headers_mut().append(name, value);
    }
}

pub(crate) fn set_cookie(response: &mut Response, cookie: &str) {
    set_header(response, "set-cookie", cookie);
}

fn with_body(status: StatusCode, kind: &'static str, body: String) -> Response {
    let mut response = Response::new(Body::from(body));
    *response.status_mut() = status;
    let kind = HeaderValue::from_static(kind);
    response.headers_mut().insert(header::CONTENT_TYPE, kind);
    response
}
