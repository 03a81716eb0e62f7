//! The user of an access token.

use axum::response::{IntoResponse, Response};

use super::caller::{Caller, user_response};
use crate::http::Request;

/// `GET` and `POST /api/userinfo`
///
/// As in Fief, no scope is required, and the response is JSON that is not signed.
pub(crate) fn userinfo(request: &Request<'_>) -> Response {
    let state = request.shared.state();
    match Caller::authenticate(request, &state) {
        Ok(caller) => user_response(&state, caller.user),
        Err(rejection) => rejection.into_response(),
    }
}
