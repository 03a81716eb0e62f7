//! The page after a login without an application.

use axum::response::Response;

use super::{browser_session::current_session, login_session::redirect_to_login, pages};
use crate::http::Request;

/// `GET /`
///
/// Shows the user's e-mail address. Fief's page also changes profile, password and address.
pub(crate) fn dashboard(request: &Request<'_>) -> Response {
    let state = request.shared.state();
    let user = current_session(request, &state).and_then(|session| state.user(session.user));
    match user {
        Some(user) => pages::dashboard(request, &user.email),
        None => redirect_to_login(request),
    }
}
