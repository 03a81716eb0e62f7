use axum::response::Response;

use super::{browser_session::current_session, login_session::to_login, pages};
use crate::http::Call;

/// `GET /`
pub(crate) fn dashboard(call: &Call<'_>) -> Response {
    let state = call.fief.state();
    let user = current_session(call, &state).and_then(|session| state.user(session.user));
    match user {
        Some(user) => pages::dashboard(call, &user.email),
        None => to_login(call),
    }
}
