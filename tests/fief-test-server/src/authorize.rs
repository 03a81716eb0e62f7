use axum::{http::StatusCode, response::Response};
use serde_json::json;
use url::form_urlencoded;

use crate::{
    answer::{detail, json_answer, redirect, set_cookie},
    authorize_request::AuthorizeRequest,
    call::{Call, LOGIN_COOKIE},
    keys::random_string,
    pages,
    request::Refusal,
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
    let cookie = format!("{LOGIN_COOKIE}={id}; Path=/; SameSite=lax");
    set_cookie(&mut response, &cookie);
    if let Some(hint) = call.query("login_hint") {
        set_cookie(&mut response, &login_hint_cookie(&hint));
    }
    if let Some(lang) = call.query("lang") {
        let lang: String = form_urlencoded::byte_serialize(lang.as_bytes()).collect();
        let cookie = format!("fief_locale={lang}; HttpOnly; Max-Age=2592000; Path=/; SameSite=lax");
        set_cookie(&mut response, &cookie);
    }
    response
}

impl Refusal {
    fn answer(&self, call: &Call<'_>) -> Response {
        match self {
            Self::Page(code, text) => pages::error(call, code, text),
            Self::MaxAge(input) => json_answer(
                StatusCode::UNPROCESSABLE_ENTITY,
                &json!({ "detail": [{
                    "type": "int_parsing",
                    "loc": ["query", "max_age"],
                    "msg": "Input should be a valid integer, unable to parse string as an integer",
                    "input": input,
                }] }),
            ),
            Self::Redirect(url) => redirect_to(url),
        }
    }
}

/// Remembers who logs in here.
pub(crate) fn login_hint_cookie(email: &str) -> String {
    let hint: String = form_urlencoded::byte_serialize(email.as_bytes()).collect();
    format!("fief_login_hint={hint}; HttpOnly; Max-Age=2592000; Path=/; SameSite=lax")
}

/// Sends the browser to an application.
pub(crate) fn redirect_to(url: &str) -> Response {
    let response = redirect(StatusCode::FOUND, url);
    if response.headers().contains_key("location") {
        return response;
    }
    detail(StatusCode::BAD_REQUEST, "Bad Request")
}

const LOGIN_LIFETIME: u64 = 3600;
