//! Redirects with cookies that are not too long for proxies.

use axum::{
    http::header,
    response::{Html, IntoResponse, Redirect, Response},
};
use tower_cookies::Cookie;

use crate::{
    cookie::limits::{MAX_RESPONSE_LEN, SET_COOKIE_LEN},
    rejection::page::escaped,
    response::pending::append_cookies,
};

/// Returns a redirect with cookies.
///
/// Proxies limit the headers of a response, but not its body. So a long URL that
/// does not fit beside the cookies is redirected to by a page.
pub(super) fn redirect(url: &str, cookies: &[Cookie<'static>]) -> Response {
    let cookies_len: usize = cookies
        .iter()
        .map(|cookie| SET_COOKIE_LEN + cookie.to_string().len())
        .sum();
    // If the cookies alone are too long, a page does not help.
    let is_long = url.len() + cookies_len > MAX_RESPONSE_LEN && cookies_len <= MAX_RESPONSE_LEN;
    let mut response = if is_long {
        page(url)
    } else {
        Redirect::to(url).into_response()
    };
    append_cookies(response.headers_mut(), cookies);
    response
}

/// Returns a page that redirects at once, without a script. Like a redirect, it may
/// be in a frame, and adds nothing to the history.
fn page(url: &str) -> Response {
    let url = escaped(url);
    let html = format!(
        "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\">\
         <meta http-equiv=\"refresh\" content=\"0;url={url}\"><title>Redirect</title>\
         <p><a href=\"{url}\">Continue</a></p></html>"
    );
    let policy = (
        header::CONTENT_SECURITY_POLICY,
        "default-src 'none'; base-uri 'none'",
    );
    ([policy], Html(html)).into_response()
}
