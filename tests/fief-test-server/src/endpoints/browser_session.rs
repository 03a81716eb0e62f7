//! The session of a browser that logged in.

use axum::response::Response;
use uuid::Uuid;

use crate::{
    crypto::random_string,
    http::{
        Call,
        cookie::{self, SESSION_COOKIE},
        response::set_cookie,
    },
    state::{Session, State},
};

/// The session of this browser, when it is one of this tenant.
pub(crate) fn current_session(call: &Call<'_>, state: &State) -> Option<Session> {
    let cookie = call.cookie(SESSION_COOKIE)?;
    let session = state.sessions.get(cookie, call.now())?;
    let is_known = state.user(session.user).is_some();
    (session.tenant == call.tenant && is_known).then(|| session.clone())
}

/// Logs the browser in. The session it had before ends.
pub(crate) fn start_session(
    call: &Call<'_>,
    state: &mut State,
    user: Uuid,
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

const SESSION_LIFETIME: u64 = 2_592_000;
