//! The login session: the authorization request that a browser logs in for.

use axum::{http::StatusCode, response::Response};

use super::pages;
use crate::{
    http::{
        Request, Text,
        cookie::LOGIN_COOKIE,
        response::{redirect, temporary_redirect},
    },
    state::{AuthorizeRequest, State},
};

/// Error of [`pending_login`].
#[derive(Clone, Copy, Debug)]
pub(crate) enum LoginSessionError {
    /// The cookie is not that of a pending login, or the login has expired.
    Invalid,
    /// There is no cookie.
    Missing,
}

impl LoginSessionError {
    pub(crate) fn response(self, request: &Request<'_>) -> Response {
        match self {
            Self::Invalid => pages::error(request, "invalid_session", INVALID),
            Self::Missing => pages::error(request, "missing_session", MISSING),
        }
    }
}

/// Returns the authorization request that this login is for, or `None` if there is no cookie.
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

/// Returns the name of the application that the login is for. It is empty if there is none.
pub(crate) fn application_name(state: &State, authorization: Option<&AuthorizeRequest>) -> String {
    let client = authorization.and_then(|authorization| state.client(&authorization.client_id));
    client.map_or_else(String::new, |client| client.name.clone())
}

pub(crate) fn redirect_to_login(request: &Request<'_>) -> Response {
    temporary_redirect(&request.url("/login"))
}

/// Redirects to the page after the verification of the e-mail address.
pub(crate) fn continue_login(request: &Request<'_>, state: &State) -> Response {
    let next = match pending_login(request, state) {
        Ok(Some(_)) => "/consent",
        _ => "/",
    };
    redirect(StatusCode::FOUND, &request.path(next))
}

const INVALID: Text = Text::new(
    "Invalid login session.",
    "Cette connexion n'est plus valable.",
);
const MISSING: Text = Text::new("Missing login session.", "Aucune connexion n'est en cours.");
