//! Changes of the password.

use axum::{http::StatusCode, response::Response};
use serde_json::json;

use super::{
    caller::{read_member, user_response},
    password_strength::weaknesses,
};
use crate::http::{Request, response::json_response};

/// `PATCH /api/password`
///
/// As in Fief, the former password is not required, and all sessions and tokens stay valid.
pub(crate) fn password(request: &Request<'_>) -> Response {
    let mut state = request.shared.state();
    let (caller, password) = match read_member(request, &state, "password") {
        Ok(read) => read,
        Err(response) => return *response,
    };
    let reason = weaknesses(&password);
    if !reason.is_empty() {
        let body = json!({ "detail": "USER_UPDATE_INVALID_PASSWORD", "reason": reason });
        return json_response(StatusCode::BAD_REQUEST, &body);
    }
    state.update_user(caller.user, request.shared.clock.now(), |user| {
        user.password = password;
    });
    user_response(&state, caller.user)
}
