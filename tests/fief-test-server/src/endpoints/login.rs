//! The login page.

use axum::{
    http::{Method, StatusCode},
    response::Response,
};

use super::{
    browser_session::start_session,
    email_address::parse_address,
    login_session::{application_name, pending_login},
    pages,
};
use crate::http::{
    Request, Text, cookie,
    response::{redirect, set_cookie},
};

/// `GET` and `POST /login`
///
/// Works with and without an authorization request. A login creates a session and redirects to
/// `/verify-request`. An unknown or inactive user and a wrong password are not distinguished.
pub(crate) fn login(request: &Request<'_>) -> Response {
    let mut state = request.shared.state();
    let authorization = match pending_login(request, &state) {
        Ok(authorization) => authorization,
        Err(rejection) => return rejection.response(request),
    };
    let page = pages::LoginPage::new(request, application_name(&state, authorization));
    if request.method != Method::POST {
        let email = authorization.map(|authorization| authorization.login_hint.clone());
        let page = page.email(email.unwrap_or_default());
        return page.response(StatusCode::OK, None);
    }
    let email = request.form("email").unwrap_or_default();
    let password = request.form("password").unwrap_or_default();
    let page = page.email(email.clone());
    if !request.has_csrf_pair() {
        return page.error_response(request.text(pages::EXPIRED));
    }
    if password.is_empty() {
        return page.error_response(request.text(MISSING_PASSWORD));
    }
    let Ok(email) = parse_address(&email) else {
        return page.error_response(request.text(pages::INVALID_EMAIL));
    };
    let user = state
        .user_by_email(request.tenant, &email)
        .filter(|user| user.is_active && user.password == password)
        .map(|user| user.id);
    let Some(user) = user else {
        let page = page.error(request.text(BAD_CREDENTIALS));
        return page.response(StatusCode::BAD_REQUEST, Some("bad_credentials"));
    };
    let mut response = redirect(StatusCode::FOUND, &request.path("/verify-request"));
    start_session(request, &mut state, user, &mut response);
    set_cookie(&mut response, &cookie::login_hint(&email));
    response
}

const BAD_CREDENTIALS: Text = Text::new(
    "Invalid email or password.",
    "L'adresse e-mail ou le mot de passe est faux.",
);
const MISSING_PASSWORD: Text = Text::new(
    "Please enter your password.",
    "Saisissez votre mot de passe.",
);
