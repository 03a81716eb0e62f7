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

/// Error of [`pending_login`].
#[derive(Clone, Copy, Debug)]
pub(crate) enum LoginSessionError {
    Invalid,
    Missing,
}

impl LoginSessionError {
    pub(crate) fn response(self, request: &Request<'_>) -> Response {
        match self {
            Self::Invalid => pages::error(request, "invalid_session", "Invalid login session."),
            Self::Missing => pages::error(request, "missing_session", "Missing login session."),
        }
    }
}

/// Returns the authorization request that this login is for; `None` without an application.
pub(crate) fn pending_login<'a>(
    request: &Request<'_>,
    state: &'a State,
) -> Result<Option<&'a AuthorizeRequest>, LoginSessionError> {
    let Some(id) = request.cookie(LOGIN_COOKIE) else {
        return Ok(None);
    };
    match state.logins.get(id, request.now()) {
        Some(authorization) => Ok(Some(authorization)),
        None => Err(LoginSessionError::Invalid),
    }
}

/// Returns the name of the application that the login is for; empty without one.
pub(crate) fn application_name(state: &State, authorization: Option<&AuthorizeRequest>) -> String {
    let client = authorization.and_then(|authorization| state.client(&authorization.client_id));
    client.map_or_else(String::new, |client| client.name.clone())
}

pub(crate) fn redirect_to_login(request: &Request<'_>) -> Response {
    temporary_redirect(&request.url("/login"))
}

/// Redirects to the next page of the login.
pub(crate) fn continue_login(request: &Request<'_>, state: &State) -> Response {
    let next = match pending_login(request, state) {
        Ok(Some(_)) => "/consent",
        _ => "/",
    };
    redirect(StatusCode::FOUND, &request.path(next))
}
