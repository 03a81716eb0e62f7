pub(crate) mod parse;

use axum::{http::StatusCode, response::Response};
use serde_json::json;

use self::parse::Refusal;
use super::pages;
use crate::{
    crypto::random_string,
    http::{
        Call, cookie,
        problem::{Problem, unprocessable},
        response::{redirect, redirect_to, set_cookie},
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

impl Refusal {
    fn answer(&self, call: &Call<'_>) -> Response {
        match self {
            Self::Page(code, text) => pages::error(call, code, text),
            Self::MaxAge(input) => {
                let message =
                    "Input should be a valid integer, unable to parse string as an integer";
                let problem = Problem::new("int_parsing", message, &json!(input));
                unprocessable(&[problem.within("max_age").within("query")])
            }
            Self::Redirect(url) => redirect_to(url),
        }
    }
}

const LOGIN_LIFETIME: u64 = 3600;
