use axum::response::Response;

use super::caller::{Caller, show};
use crate::http::Call;

/// `GET` and `POST /api/userinfo`
pub(crate) fn userinfo(call: &Call<'_>) -> Response {
    let state = call.fief.state();
    match Caller::find(call, &state) {
        Ok(caller) => show(&state, caller.user),
        Err(refusal) => refusal.answer(),
    }
}
