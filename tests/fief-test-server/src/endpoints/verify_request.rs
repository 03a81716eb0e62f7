use axum::{http::StatusCode, response::Response};

use super::{
    browser_session::current_session,
    login_session::{go_on, pending, to_login},
};
use crate::http::{Call, response::redirect};

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
