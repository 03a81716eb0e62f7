use axum::{http::StatusCode, response::Response};

use super::pages;
use crate::{
    http::{
        Call,
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
    call: &Call<'_>,
    state: &'a State,
) -> Result<Option<&'a AuthorizeRequest>, NoLogin> {
    let Some(id) = call.cookie(LOGIN_COOKIE) else {
        return Ok(None);
    };
    match state.logins.get(id, call.now()) {
        Some(request) => Ok(Some(request)),
        None => Err(NoLogin::Invalid),
    }
}

/// The name of the application that the login is for. Empty when it is for none.
pub(crate) fn application(state: &State, request: Option<&AuthorizeRequest>) -> String {
    let client = request.and_then(|request| state.client(&request.client_id));
    client.map_or_else(String::new, |client| client.name.clone())
}

impl NoLogin {
    pub(crate) fn answer(self, call: &Call<'_>) -> Response {
        match self {
            Self::Invalid => pages::error(call, "invalid_session", "Invalid login session."),
            Self::Missing => pages::error(call, "missing_session", "Missing login session."),
        }
    }
}

pub(crate) fn to_login(call: &Call<'_>) -> Response {
    temporary_redirect(&call.url("/login"))
}

/// Back to what the login is for.
pub(crate) fn go_on(call: &Call<'_>, state: &State) -> Response {
    let next = match pending(call, state) {
        Ok(Some(_)) => "/consent",
        _ => "/",
    };
    redirect(StatusCode::FOUND, &call.path(next))
}
