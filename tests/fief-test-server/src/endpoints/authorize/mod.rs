//! The start of a login.

mod parse;
mod rejection;
mod texts;

use axum::{http::StatusCode, response::Response};

pub(crate) use self::rejection::Rejection;
use crate::{
    crypto::random_string,
    http::{
        Request, cookie,
        response::{redirect, set_cookie},
    },
    state::AuthorizeRequest,
};

/// `GET /authorize`
///
/// Stores the request, sets the cookie that identifies it, and redirects to the first page of the
/// login: to `/consent` if the browser has a session that is recent enough.
pub(crate) fn authorize(request: &Request<'_>) -> Response {
    let mut state = request.shared.state();
    let authorization = match AuthorizeRequest::parse(request, &state) {
        Ok(authorization) => authorization,
        Err(rejection) => {
            drop(state);
            if let Rejection::RedirectUri(notice) = &rejection {
                request.shared.notify(notice);
            }
            return rejection.response(request);
        }
    };
    let page = if authorization.acr == "0" {
        "/consent"
    } else if request.query("screen").as_deref() == Some("register") {
        "/register"
    } else {
        "/login"
    };
    let id = random_string();
    let expires = request.now() + LOGIN_LIFETIME;
    state.logins.insert(id.clone(), authorization, expires);
    let mut response = redirect(StatusCode::FOUND, &request.path(page));
    set_cookie(&mut response, &cookie::login(&id));
    if let Some(hint) = request.query("login_hint") {
        set_cookie(&mut response, &cookie::login_hint(&hint));
    }
    if let Some(lang) = request.query("lang") {
        set_cookie(&mut response, &cookie::locale(&lang));
    }
    response
}

/// In seconds.
const LOGIN_LIFETIME: u64 = 3600;
