use axum::{http::StatusCode, response::Response};

use super::caller::{read, show};
use crate::http::{Call, response::detail};

/// `POST /api/email/verify`
pub(crate) fn email_verify(call: &Call<'_>) -> Response {
    let mut state = call.fief.state();
    let (caller, code) = match read(call, &state, "code") {
        Ok(read) => read,
        Err(response) => return *response,
    };
    if !state.verify_email(caller.user, &code, call.fief.clock.now()) {
        let error = "USER_UPDATE_INVALID_EMAIL_VERIFICATION_CODE";
        return detail(StatusCode::BAD_REQUEST, error);
    }
    show(&state, caller.user)
}
