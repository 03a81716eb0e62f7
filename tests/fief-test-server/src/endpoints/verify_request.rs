//! The check whether an e-mail address has to be verified.

use axum::{http::StatusCode, response::Response};

use super::{
    browser_session::current_session,
    login_session::{continue_login, pending_login, redirect_to_login},
};
use crate::http::{Request, response::redirect};

/// `GET /verify-request`
///
/// Continues the login if the address is verified. Otherwise sends a code and redirects to
/// `/verify`.
pub(crate) fn verify_request(request: &Request<'_>) -> Response {
    let mut state = request.shared.state();
    if let Err(rejection) = pending_login(request, &state) {
        return rejection.response(request);
    }
    let Some(session) = current_session(request, &state) else {
        return redirect_to_login(request);
    };
    if !state.is_unverified(&session) {
        return continue_login(request, &state);
    }
    let email = state.user(session.user).map(|user| user.email.clone());
    let notice = email.map(|email| state.send_verification(session.user, email));
    drop(state);
    if let Some(notice) = notice {
        request.shared.notify(&notice);
    }
    redirect(StatusCode::FOUND, &request.path("/verify"))
}
