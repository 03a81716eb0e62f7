//! The page for the verification code.

use axum::{http::Method, response::Response};

use super::{
    browser_session::current_session,
    login_session::{continue_login, redirect_to_login},
    pages,
};
use crate::http::{Request, Text};

/// `GET` and `POST /verify`
///
/// Verifies the user's e-mail address, and continues the login.
pub(crate) fn verify(request: &Request<'_>) -> Response {
    let mut state = request.shared.state();
    let Some(session) = current_session(request, &state) else {
        return redirect_to_login(request);
    };
    if !state.is_unverified(&session) {
        return continue_login(request, &state);
    }
    let mut error = None;
    if request.method == Method::POST {
        let code = request.form("code").unwrap_or_default();
        let now = request.shared.clock.now();
        if !request.has_csrf_pair() {
            error = Some((pages::EXPIRED, None));
        } else if state.verify_email(session.user, &code, now) {
            return continue_login(request, &state);
        } else {
            error = Some((INVALID_CODE, Some("invalid_code")));
        }
    }
    let email = state.user(session.user).map(|user| user.email.as_str());
    let code = state.verification_code(session.user).unwrap_or_default();
    pages::verify(request, email.unwrap_or_default(), code, error)
}

const INVALID_CODE: Text = Text::new("Invalid verification code.", "Ce code n'est pas valable.");
