//! Changes of the password.

use axum::{http::StatusCode, response::Response};
use serde_json::json;

use super::{
    caller::{read_member, user_response},
    password_strength::weaknesses,
};
use crate::http::{
    Request,
    response::{internal_error, json_response},
};

/// `PATCH /api/password`
///
/// As in Fief, the former password is not required, and all sessions and tokens stay valid.
pub(crate) fn password(request: &Request<'_>) -> Response {
    let mut state = request.shared.state();
    let (caller, password) = match read_member(request, &state, "password") {
        Ok(read) => read,
        Err(response) => return *response,
    };
    // As in Fief, where nothing expects it.
    if password.is_empty() {
        return internal_error();
    }
    let weaknesses = weaknesses(&password);
    if !weaknesses.is_empty() {
        let reason: Vec<&str> = weaknesses.into_iter().map(|it| request.text(it)).collect();
        let body = json!({ "detail": "USER_UPDATE_INVALID_PASSWORD", "reason": reason });
        return json_response(StatusCode::BAD_REQUEST, &body);
    }
    state.update_user(caller.user, request.shared.clock.now(), |user| {
        user.password = password;
    });
    user_response(&state, caller.user)
}
