use axum::{
    http::{Method, StatusCode},
    response::Response,
};

use crate::{
    answer::{redirect, set_cookie, temporary_redirect},
    authorize_request::AuthorizeRequest,
    call::Call,
    cookie::{self, LOGIN_COOKIE, SESSION_COOKIE},
    keys::random_string,
    pages,
    session::Session,
    state::State,
};

/// `GET` and `POST /login`
pub(crate) fn login(call: &Call<'_>) -> Response {
    let mut state = call.fief.state();
    let request = match pending(call, &state) {
        Ok(request) => request.cloned(),
        Err(refusal) => return refusal.answer(call),
    };
    if call.method != Method::POST {
        let email = request.map(|request| request.login_hint);
        let page = pages::Login::new(&state, call, email.unwrap_or_default());
        return page.answer(StatusCode::OK, None);
    }
    let email = call.form("email").unwrap_or_default();
    let password = call.form("password").unwrap_or_default();
    let page = pages::Login::new(&state, call, email.clone());
    if !call.has_csrf_pair() {
        return page.with_error("This page was open too long. Please try again.");
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

/// `GET /`
pub(crate) fn dashboard(call: &Call<'_>) -> Response {
    let state = call.fief.state();
    let user = call
        .session(&state)
        .and_then(|session| state.user(session.user));
    match user {
        Some(user) => pages::dashboard(call, &user.email),
        None => to_login(call),
    }
}

/// Logs the browser in. The session it had before ends.
pub(crate) fn start_session(
    call: &Call<'_>,
    state: &mut State,
    user: uuid::Uuid,
    response: &mut Response,
) {
    if let Some(former) = call.cookie(SESSION_COOKIE) {
        state.sessions.remove(former);
    }
    let session = Session {
        user,
        tenant: call.tenant.to_owned(),
        auth_time: call.now(),
    };
    let id = random_string();
    let cookie = cookie::session(&id, SESSION_LIFETIME);
    state
        .sessions
        .insert(id, session, call.now() + SESSION_LIFETIME);
    set_cookie(response, &cookie);
}

/// Why there is no authorization to go on with.
#[derive(Clone, Copy, Debug)]
pub(crate) enum NoLogin {
    Invalid,
    Missing,
}

/// The authorization that this login is for. None when the page was opened by itself.
pub(crate) fn pending<'a>(
    call: &Call<'_>,
    state: &'a State,
) -> Result<Option<&'a AuthorizeRequest>, NoLogin> {
    let Some(id) = call.cookie(LOGIN_COOKIE) else {
        return Ok(None);
    };
    match state.logins.get(id, call.now()) {
        Some(request) => Ok(Some(request)),
        None => Err(NoLogin::Invalid),
    }
}

impl NoLogin {
    pub(crate) fn answer(self, call: &Call<'_>) -> Response {
        match self {
            Self::Invalid => pages::error(call, "invalid_session", "Invalid login session."),
            Self::Missing => pages::error(call, "missing_session", "Missing login session."),
        }
    }
}

pub(crate) fn to_login(call: &Call<'_>) -> Response {
    temporary_redirect(&call.url("/login"))
}

const SESSION_LIFETIME: u64 = 2_592_000;
