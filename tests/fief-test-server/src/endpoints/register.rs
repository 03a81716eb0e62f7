//! The registration page.

use axum::{
    http::{Method, StatusCode},
    response::Response,
};

use super::{
    browser_session::start_session,
    email_address::parse_address,
    login_session::{application_name, pending_login},
    pages,
    password_strength::weaknesses,
};
use crate::{
    User,
    http::{Request, Text, response::redirect},
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
        return page.error_response(request.text(pages::EXPIRED));
    }
    let Ok(email) = parse_address(&email) else {
        return page.error_response(request.text(pages::INVALID_EMAIL));
    };
    let password = request.form("password").unwrap_or_default();
    let weaknesses = weaknesses(&password).into_iter();
    let weaknesses: Vec<&str> = weaknesses.map(|it| request.text(it)).collect();
    if !weaknesses.is_empty() {
        return page.error_response(&weaknesses.join(" "));
    }
    if state.user_by_email(request.tenant, &email).is_some() {
        let page = page.error(request.text(TAKEN));
        return page.response(StatusCode::BAD_REQUEST, Some("user_already_exists"));
    }
    if state.users.len() >= MAX_USERS {
        return page.error_response(request.text(FULL));
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

const TAKEN: Text = Text::new(
    "A user with the same email address already exists.",
    "Cette adresse e-mail a déjà un compte.",
);
const FULL: Text = Text::new("There are too many users.", "Il y a trop de comptes.");
