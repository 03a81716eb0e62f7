//! Changes of the e-mail address.

use axum::{http::StatusCode, response::Response};
use serde_json::json;

use super::{
    caller::{read_member, user_response},
    email_address::parse_mailbox,
};
use crate::http::{
    Request,
    response::detail,
    validation_error::{ValidationError, unprocessable},
};

/// `PATCH /api/email/change`
///
/// Responds with 202 and the former address, which changes when the code is verified. A further
/// request replaces the code.
pub(crate) fn email_change(request: &Request<'_>) -> Response {
    let mut state = request.shared.state();
    let (caller, email) = match read_member(request, &state, "email") {
        Ok(read) => read,
        Err(response) => return *response,
    };
    let email = match parse_mailbox(&email) {
        Ok(email) => email,
        Err(reason) => return invalid_address(&email, &reason),
    };
    let owner = state.user_by_email(request.tenant, &email);
    if owner.is_some_and(|owner| owner.id != caller.user) {
        let error = "USER_UPDATE_EMAIL_ALREADY_EXISTS";
        return detail(StatusCode::BAD_REQUEST, error);
    }
    let notice = state.send_verification(caller.user, email);
    let mut response = user_response(&state, caller.user);
    drop(state);
    request.shared.notify(&notice);
    *response.status_mut() = StatusCode::ACCEPTED;
    response
}

fn invalid_address(email: &str, reason: &str) -> Response {
    let message = format!("value is not a valid email address: {reason}");
    let error = ValidationError::new("value_error", message, &json!(email));
    let error = error.with_context(json!({ "reason": reason }));
    unprocessable(&[error.within("email").within("body")])
}
