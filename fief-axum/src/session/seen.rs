//! When a session was last used: a small cookie of its own, so that a request
//! never rewrites the session.

use axum::http::HeaderMap;
use serde::{Deserialize, Serialize};
use tower_cookies::Cookie;
use uuid::Uuid;

use super::{data::Session, sessions::Sessions};
use crate::{
    Error,
    cookie::{Jar, Purpose},
};

/// Content of the cookie.
#[derive(Deserialize, Serialize)]
struct Seen {
    /// The session that it belongs to.
    session: Uuid,
    /// In seconds of Unix time.
    at: u64,
}

/// Cookie to be written with a response.
pub(crate) struct SeenCookie {
    pub(crate) cookie: Cookie<'static>,
    /// Whether half of the idle timeout has passed: then also a late response writes
    /// it, or a browser that sends slow requests alone would be idle.
    pub(crate) is_needed: bool,
}

/// Opens the cookie, and returns when the session was last used. `None` if it
/// was not sealed by this application or belongs to another session.
pub(crate) fn open(sessions: &Sessions, sealed: &[u8], session: Uuid) -> Option<u64> {
    let seen: Seen = sessions.cookies.keys.open(Purpose::Seen, sealed)?;
    (seen.session == session).then_some(seen.at)
}

/// Returns when a session was last used. If the browser did not send that, it was
/// when it was last written.
pub(super) fn last_use(session: &Session, seen_at: Option<u64>) -> u64 {
    seen_at.unwrap_or_else(|| session.written_at())
}

/// Returns whether the cookie must be written again: about once a minute, and
/// at once if it comes from the future.
pub(super) fn needs_renewal(session: &Session, seen_at: Option<u64>, now: u64) -> bool {
    now.abs_diff(last_use(session, seen_at)) >= RENEW_AFTER
}

/// Returns when the cookie is next written again.
pub(super) fn renewed_at(session: &Session, seen_at: Option<u64>) -> u64 {
    last_use(session, seen_at).saturating_add(RENEW_AFTER)
}

/// Creates the cookie.
pub(crate) fn write(
    sessions: &Sessions,
    session: &Session,
    now: u64,
) -> Result<Cookie<'static>, Error> {
    let cookies = &sessions.cookies;
    let seen = Seen {
        session: session.id,
        at: now,
    };
    let sealed = cookies.keys.seal(Purpose::Seen, &seen)?;
    let max_age = sessions.config.lifetime(session.extra.is_remembered);
    Ok(cookies.cookie(cookies.seen_name().to_owned(), sealed, max_age))
}

/// Removes the cookie, if the browser sent it.
pub(crate) fn clear(sessions: &Sessions, headers: &HeaderMap) -> Option<Cookie<'static>> {
    let name = sessions.cookies.seen_name();
    let is_sent = Jar::new(headers).has(name);
    is_sent.then(|| sessions.cookies.removal(name.to_owned()))
}

/// In seconds.
const RENEW_AFTER: u64 = 60;
