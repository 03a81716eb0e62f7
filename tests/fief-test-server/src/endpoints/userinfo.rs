use axum::response::{IntoResponse, Response};

use super::caller::{Caller, show};
use crate::http::Request;

/// `GET` and `POST /api/userinfo`
pub(crate) fn userinfo(request: &Request<'_>) -> Response {
    let state = request.shared.state();
    match Caller::find(request, &state) {
        Ok(caller) => show(&state, caller.user),
        Err(rejection) => rejection.into_response(),
    }
}
