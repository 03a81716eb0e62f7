use axum::http::{Method, Request};

use crate::inputs::Inputs;

pub(crate) fn seen_token(inputs: &Inputs) -> Vec<Request<()>> {
    vec![bearer(&inputs.token)]
}

/// Each of them once.
pub(crate) fn new_tokens(inputs: &Inputs) -> Vec<Request<()>> {
    let tokens = inputs.new_tokens.iter();
    tokens.map(|token| bearer(token)).collect()
}

pub(crate) fn session(inputs: &Inputs) -> Vec<Request<()>> {
    vec![request(&[("cookie", &inputs.cookies)])]
}

#[cfg(feature = "tower-sessions")]
pub(crate) fn stored_session(inputs: &Inputs) -> Vec<Request<()>> {
    vec![request(&[("cookie", &inputs.store_cookies)])]
}

pub(crate) fn no_credentials(_: &Inputs) -> Vec<Request<()>> {
    vec![request(&[])]
}

pub(crate) fn malformed_header(_: &Inputs) -> Vec<Request<()>> {
    vec![bearer("two words")]
}

pub(crate) fn garbage(inputs: &Inputs) -> Vec<Request<()>> {
    vec![bearer(&"x".repeat(inputs.token.len()))]
}

pub(crate) fn expired_token(inputs: &Inputs) -> Vec<Request<()>> {
    vec![bearer(&inputs.expired_token)]
}

/// The first one makes Fief be asked for its keys, which begins the cool-down.
pub(crate) fn unknown_kid(inputs: &Inputs) -> Vec<Request<()>> {
    vec![bearer(&inputs.unknown_kid_token)]
}

pub(crate) fn cross_site_post(inputs: &Inputs) -> Vec<Request<()>> {
    let site = ("sec-fetch-site", "cross-site");
    let mut request = request(&[("cookie", &inputs.cookies), site]);
    *request.method_mut() = Method::POST;
    vec![request]
}

fn bearer(token: &str) -> Request<()> {
    request(&[("authorization", &format!("Bearer {token}"))])
}

fn request(headers: &[(&str, &str)]) -> Request<()> {
    let request = Request::get("/castles");
    let request = headers.iter().fold(request, |request, (name, value)| {
        request.header(*name, *value)
    });
    request.body(()).unwrap()
}
