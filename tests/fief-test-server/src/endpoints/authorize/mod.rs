mod parse;
mod rejection;

use axum::{http::StatusCode, response::Response};

pub(crate) use self::rejection::Refusal;
use crate::{
    crypto::random_string,
    http::{
        Call, cookie,
        response::{redirect, set_cookie},
    },
    state::AuthorizeRequest,
};

/// `GET /authorize`
pub(crate) fn authorize(call: &Call<'_>) -> Response {
    let mut state = call.fief.state();
    let request = match AuthorizeRequest::parse(call, &state) {
        Ok(request) => request,
        Err(refusal) => return refusal.answer(call),
    };
    let page = if request.acr == "0" {
        "/consent"
    } else if call.query("screen").as_deref() == Some("register") {
        "/register"
    } else {
        "/login"
    };
    let id = random_string();
    let expires = call.now() + LOGIN_LIFETIME;
    state.logins.insert(id.clone(), request, expires);
    let mut response = redirect(StatusCode::FOUND, &call.path(page));
    set_cookie(&mut response, &cookie::login(&id));
    if let Some(hint) = call.query("login_hint") {
        set_cookie(&mut response, &cookie::login_hint(&hint));
    }
    if let Some(lang) = call.query("lang") {
        set_cookie(&mut response, &cookie::locale(&lang));
    }
    response
}

const LOGIN_LIFETIME: u64 = 3600;
