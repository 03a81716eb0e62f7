//! Pages without a template engine, in English.

use axum::{
    http::{HeaderValue, StatusCode, header},
    response::{Html, IntoResponse, Response},
};

/// Returns a page. Its parts are not escaped: they are constants, and [`link`]s.
pub(crate) fn page(status: StatusCode, title: &str, text: &str, action: &str) -> Response {
    let html = format!(
        "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\">\
         <meta name=\"viewport\" content=\"width=device-width\"><title>{title}</title>\
         <style>{STYLE}</style><main><h1>{title}</h1><p>{text}</p>{action}</main></html>"
    );
    let headers = [
        (header::CONTENT_SECURITY_POLICY, POLICY),
        (header::X_FRAME_OPTIONS, "DENY"),
    ];
    (status, headers, Html(html)).into_response()
}

/// Returns a link in a paragraph of its own, or nothing.
pub(crate) fn link(url: Option<&str>, text: &str) -> String {
    url.map_or_else(String::new, |url| {
        format!("<p><a href=\"{}\">{text}</a></p>", escaped(url))
    })
}

/// Escapes a text for an HTML attribute in double quotes.
pub(crate) fn escaped(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('"', "&quot;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
}

const STYLE: &str = "body{font:1rem/1.5 system-ui,sans-serif;display:grid;place-items:center;min-height:90vh;\
    margin:0;padding:1rem;color:#222;background:#f6f6f4;overflow-wrap:anywhere}main{max-width:26rem;padding:2rem;\
    background:#fff;border-radius:.75rem;box-shadow:0 1px 8px #0002}h1{margin:0 0 .5rem;font-size:1.25rem}\
    p:last-child,form{margin:0}a{color:#1a5fb4}button{font:inherit;font-weight:600;padding:.5rem 1rem;border:0;\
    border-radius:.5rem;color:#fff;background:#1a5fb4;cursor:pointer}";
/// The text of links to log in as a different user.
pub(crate) const OTHER_USER: &str = "Log in as a different user";
/// Seconds after which to retry a request that needs Fief.
pub(crate) const RETRY_AFTER: HeaderValue = HeaderValue::from_static("5");
/// The `Content-Security-Policy` of our pages.
pub(crate) const POLICY: &str =
    "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'; base-uri 'none'";
