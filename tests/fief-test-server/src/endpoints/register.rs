//! The registration page.

use axum::{
    http::{Method, StatusCode},
    response::Response,
};

use super::{
    browser_session::start_session,
    login_session::{application_name, pending_login},
    pages,
    password_strength::weaknesses,
};
use crate::{
    User,
    http::{Request, response::redirect},
};

/// `GET` and `POST /register`
///
/// Adds a user, creates a session and redirects to `/verify-request`, since the e-mail address has
/// to be verified.
pub(crate) fn register(request: &Request<'_>) -> Response {
    let mut state = request.shared.state();
    let authorization = match pending_login(request, &state) {
        Ok(authorization) => authorization,
        Err(rejection) => return rejection.response(request),
    };
    let email = request.form("email").unwrap_or_default();
    let page = pages::LoginPage::new(request, application_name(&state, authorization))
        .registration()
        .email(email.clone());
    if request.method != Method::POST {
        return page.response(StatusCode::OK, None);
    }
    if !request.has_csrf_pair() {
        return page.error_response(pages::EXPIRED);
    }
    if !email.contains('@') {
        return page.error_response("Please enter your e-mail address.");
    }
    let password = request.form("password").unwrap_or_default();
    let weaknesses = weaknesses(&password);
    if !weaknesses.is_empty() {
        return page.error_response(&weaknesses.join(" "));
    }
    if state.user_by_email(request.tenant, &email).is_some() {
        let page = page.error("A user with the same email address already exists.");
        return page.response(StatusCode::BAD_REQUEST, Some("user_already_exists"));
    }
    if state.users.len() >= MAX_USERS {
        return page.error_response("There are too many users.");
    }
    let user = User::new(email, password)
        .tenant(request.tenant)
        .unverified();
    let id = user.id;
    state.add_user(user, request.shared.clock.now());
    let mut response = redirect(StatusCode::FOUND, &request.path("/verify-request"));
    start_session(request, &mut state, id, &mut response);
    response
}

/// Bounds the memory of a server that runs for a long time.
const MAX_USERS: usize = 65_536;
