use axum::{
    http::{Method, StatusCode},
    response::Response,
};

use super::{
    browser_session::current_session,
    login_session::{pending, to_login},
    pages,
};
use crate::{
    http::{Call, response::redirect},
    state::State,
};

/// `GET /verify-request`, to which every login goes on.
pub(crate) fn verify_request(call: &Call<'_>) -> Response {
    let mut state = call.fief.state();
    if let Err(refusal) = pending(call, &state) {
        return refusal.answer(call);
    }
    let Some(session) = current_session(call, &state) else {
        return to_login(call);
    };
    if !state.is_unverified(&session) {
        return go_on(call, &state);
    }
    if let Some(user) = state.user(session.user) {
        let email = user.email.clone();
        state.send_verification(session.user, email);
    }
    redirect(StatusCode::FOUND, &call.path("/verify"))
}

/// `GET` and `POST /verify`, which proves an address with the code that was mailed to it.
pub(crate) fn verify(call: &Call<'_>) -> Response {
    let mut state = call.fief.state();
    let Some(session) = current_session(call, &state) else {
        return to_login(call);
    };
    if !state.is_unverified(&session) {
        return go_on(call, &state);
    }
    let mut error = None;
    if call.method == Method::POST {
        let code = call.form("code").unwrap_or_default();
        let now = call.fief.clock.now();
        if !call.has_csrf_pair() {
            error = Some(pages::EXPIRED);
        } else if state.verify_email(session.user, &code, now) {
            return go_on(call, &state);
        } else {
            error = Some("This is not the code.");
        }
    }
    let email = state.user(session.user).map(|user| user.email.as_str());
    let code = state.verification_code(session.user).unwrap_or_default();
    pages::verify(call, email.unwrap_or_default(), code, error)
}

/// Back to what the login is for.
fn go_on(call: &Call<'_>, state: &State) -> Response {
    let next = match pending(call, state) {
        Ok(Some(_)) => "/consent",
        _ => "/",
    };
    redirect(StatusCode::FOUND, &call.path(next))
}
