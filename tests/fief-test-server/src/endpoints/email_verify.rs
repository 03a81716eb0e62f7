//! Verification of a new e-mail address.

use axum::{http::StatusCode, response::Response};

use super::caller::{read_member, user_response};
use crate::http::{Request, response::detail};

/// `POST /api/email/verify`
///
/// Changes the address if the code is that of the last `/api/email/change`. There is no limit of
/// attempts.
pub(crate) fn email_verify(request: &Request<'_>) -> Response {
    let mut state = request.shared.state();
    let (caller, code) = match read_member(request, &state, "code") {
        Ok(read) => read,
        Err(response) => return *response,
    };
    if !state.verify_email(caller.user, &code, request.shared.clock.now()) {
        let error = "USER_UPDATE_INVALID_EMAIL_VERIFICATION_CODE";
        return detail(StatusCode::BAD_REQUEST, error);
    }
    user_response(&state, caller.user)
}
