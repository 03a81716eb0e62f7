use axum::{http::Method, response::Response};

use super::{
    browser_session::current_session,
    login_session::{go_on, to_login},
    pages,
};
use crate::http::Call;

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
