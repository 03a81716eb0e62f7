use axum::{http::StatusCode, response::Response};

use super::pages;
use crate::{
    http::{
        Request,
        cookie::LOGIN_COOKIE,
        response::{redirect, temporary_redirect},
    },
    state::{AuthorizeRequest, State},
};

/// Why there is no authorization to go on with.
#[derive(Clone, Copy, Debug)]
pub(crate) enum NoLogin {
    Invalid,
    Missing,
}

/// The authorization that this login is for. None when the page was opened by itself.
pub(crate) fn pending<'a>(
    request: &Request<'_>,
    state: &'a State,
) -> Result<Option<&'a AuthorizeRequest>, NoLogin> {
    let Some(id) = request.cookie(LOGIN_COOKIE) else {
        return Ok(None);
    };
    match state.logins.get(id, request.now()) {
        Some(authorization) => Ok(Some(authorization)),
        None => Err(NoLogin::Invalid),
    }
}

/// The name of the application that the login is for. Empty when it is for none.
pub(crate) fn application(state: &State, authorization: Option<&AuthorizeRequest>) -> String {
    let client = authorization.and_then(|authorization| state.client(&authorization.client_id));
    client.map_or_else(String::new, |client| client.name.clone())
}

impl NoLogin {
    pub(crate) fn response(self, request: &Request<'_>) -> Response {
        match self {
            Self::Invalid => pages::error(request, "invalid_session", "Invalid login session."),
            Self::Missing => pages::error(request, "missing_session", "Missing login session."),
        }
    }
}

pub(crate) fn to_login(request: &Request<'_>) -> Response {
    temporary_redirect(&request.url("/login"))
}

/// Back to what the login is for.
pub(crate) fn go_on(request: &Request<'_>, state: &State) -> Response {
    let next = match pending(request, state) {
        Ok(Some(_)) => "/consent",
        _ => "/",
    };
    redirect(StatusCode::FOUND, &request.path(next))
}
