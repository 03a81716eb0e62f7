use axum::{
    http::{Method, StatusCode},
    response::Response,
};

use super::{
    browser_session::start_session,
    login_session::{application, pending},
    pages,
};
use crate::http::{
    Call, cookie,
    response::{redirect, set_cookie},
};

/// `GET` and `POST /login`
pub(crate) fn login(call: &Call<'_>) -> Response {
    let mut state = call.fief.state();
    let request = match pending(call, &state) {
        Ok(request) => request,
        Err(refusal) => return refusal.answer(call),
    };
    let page = pages::Login::new(call, application(&state, request));
    if call.method != Method::POST {
        let email = request.map(|request| request.login_hint.clone());
        let page = page.email(email.unwrap_or_default());
        return page.answer(StatusCode::OK, None);
    }
    let email = call.form("email").unwrap_or_default();
    let password = call.form("password").unwrap_or_default();
    let page = page.email(email.clone());
    if !call.has_csrf_pair() {
        return page.with_error(pages::EXPIRED);
    }
    if email.is_empty() || password.is_empty() {
        return page.with_error("Please enter your e-mail address and your password.");
    }
    let user = state
        .user_by_email(call.tenant, &email)
        .filter(|user| user.is_active && user.password == password)
        .map(|user| user.id);
    let Some(user) = user else {
        let page = page.saying("Invalid email or password.");
        return page.answer(StatusCode::BAD_REQUEST, Some("bad_credentials"));
    };
    let mut response = redirect(StatusCode::FOUND, &call.path("/verify-request"));
    start_session(call, &mut state, user, &mut response);
    set_cookie(&mut response, &cookie::login_hint(&email));
    response
}
