use axum::{
    http::{Method, StatusCode},
    response::Response,
};

use super::{
    browser_session::start_session,
    login_session::{application, pending},
    pages,
    password_strength::weaknesses,
};
use crate::{
    User,
    http::{Call, response::redirect},
};

/// `GET` and `POST /register`: a page to sign up at. The address is verified next.
pub(crate) fn register(call: &Call<'_>) -> Response {
    let mut state = call.fief.state();
    let request = match pending(call, &state) {
        Ok(request) => request,
        Err(refusal) => return refusal.answer(call),
    };
    let email = call.form("email").unwrap_or_default();
    let page = pages::Login::new(call, application(&state, request))
        .registration()
        .email(email.clone());
    if call.method != Method::POST {
        return page.answer(StatusCode::OK, None);
    }
    if !call.has_csrf_pair() {
        return page.with_error(pages::EXPIRED);
    }
    if !email.contains('@') {
        return page.with_error("Please enter your e-mail address.");
    }
    let password = call.form("password").unwrap_or_default();
    let weaknesses = weaknesses(&password);
    if !weaknesses.is_empty() {
        return page.with_error(&weaknesses.join(" "));
    }
    if state.user_by_email(call.tenant, &email).is_some() {
        let page = page.saying("A user with the same email address already exists.");
        return page.answer(StatusCode::BAD_REQUEST, Some("user_already_exists"));
    }
    if state.users.len() >= MAX_USERS {
        return page.with_error("There are too many users.");
    }
    let user = User::new(email, password).tenant(call.tenant).unverified();
    let id = user.id;
    state.add_user(user, call.fief.clock.now());
    let mut response = redirect(StatusCode::FOUND, &call.path("/verify-request"));
    start_session(call, &mut state, id, &mut response);
    response
}

/// Enough for anybody who signs up by hand, and an end for a program that never stops.
const MAX_USERS: usize = 65_536;
