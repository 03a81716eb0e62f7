//! Sessions of browsers with the server.

use axum::response::Response;
use uuid::Uuid;

use crate::{
    crypto::random_string,
    http::{
        Request,
        cookie::{self, SESSION_COOKIE},
        response::set_cookie,
    },
    state::{Session, State},
};

/// Returns the session of the browser, if it is with the tenant of the request.
///
/// Inactive users keep their sessions, as in Fief.
pub(crate) fn current_session(request: &Request<'_>, state: &State) -> Option<Session> {
    let cookie = request.cookie(SESSION_COOKIE)?;
    let session = state.sessions.get(cookie, request.now())?;
    let is_known = state.user(session.user).is_some();
    (session.tenant == request.tenant && is_known).then(|| session.clone())
}

/// Creates a session and sets its cookie. The browser's former session ends.
pub(crate) fn start_session(
    request: &Request<'_>,
    state: &mut State,
    user: Uuid,
    response: &mut Response,
) {
    if let Some(former) = request.cookie(SESSION_COOKIE) {
        state.sessions.remove(former);
    }
    let session = Session {
        user,
        tenant: request.tenant.to_owned(),
        auth_time: request.now(),
    };
    let id = random_string();
    let cookie = cookie::session(&id, SESSION_LIFETIME);
    state
        .sessions
        .insert(id, session, request.now() + SESSION_LIFETIME);
    set_cookie(response, &cookie);
}

/// In seconds.
const SESSION_LIFETIME: u64 = 2_592_000;
