use axum::{
    http::{Method, StatusCode},
    response::Response,
};

use super::{
    browser_session::current_session,
    code::code_url,
    login_session::{NoLogin, pending, to_login},
    pages,
};
use crate::{
    Client,
    http::{
        Call,
        cookie::{self, LOGIN_COOKIE},
        response::{internal_error, redirect_to, set_cookie, temporary_redirect},
    },
    state::{AuthorizeRequest, Session, State},
};

/// `GET` and `POST /consent`, where every login ends.
pub(crate) fn consent(call: &Call<'_>) -> Response {
    let mut state = call.fief.state();
    let Some(session) = current_session(call, &state) else {
        return to_login(call);
    };
    if state.is_unverified(&session) {
        let url = call.url("/verify-request");
        return temporary_redirect(&url);
    }
    let request = match pending(call, &state) {
        Ok(Some(request)) => request.clone(),
        Ok(None) => return NoLogin::Missing.answer(call),
        Err(refusal) => return refusal.answer(call),
    };
    let Some(client) = state.client(&request.client_id).cloned() else {
        return NoLogin::Invalid.answer(call);
    };
    let url = match decide(call, &mut state, &client, &request, &session) {
        Decision::Ask(status) => return pages::consent(call, status, &client, &request),
        Decision::Back(Some(url)) => url,
        Decision::Back(None) => return internal_error(),
    };
    state
        .logins
        .remove(call.cookie(LOGIN_COOKIE).unwrap_or_default());
    let mut response = redirect_to(&url);
    set_cookie(&mut response, &cookie::no_login());
    response
}

enum Decision {
    /// Shows the page.
    Ask(StatusCode),
    /// Sends the browser to the application. None when the server has no key.
    Back(Option<String>),
}

fn decide(
    call: &Call<'_>,
    state: &mut State,
    client: &Client,
    request: &AuthorizeRequest,
    session: &Session,
) -> Decision {
    if call.method != Method::POST {
        if state.consents_to(session.user, client, &request.scope) {
            return Decision::Back(code_url(call, state, request, session));
        }
        return Decision::Ask(StatusCode::OK);
    }
    let is_allowed = call.form("allow").is_some();
    if !call.has_csrf_pair() || !is_allowed && call.form("deny").is_none() {
        return Decision::Ask(StatusCode::BAD_REQUEST);
    }
    if !is_allowed {
        return Decision::Back(Some(request.error_url("access_denied", DENIED)));
    }
    state.grant_consent(session.user, request);
    Decision::Back(code_url(call, state, request, session))
}

const DENIED: &str = "The user denied access to their data.";
