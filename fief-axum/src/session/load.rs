//! Loads sessions from the cookies of requests, and writes their cookies.

use std::sync::Arc;

use axum::http::HeaderMap;
use tower_cookies::Cookie;

use super::{data::Session, sessions::Sessions, store::Ticket};
use crate::{
    Error,
    cookie::{Purpose, chunks},
};

/// Result of [`load`].
pub(crate) enum Loaded {
    /// The session is valid, though its access token may have expired.
    Active(Arc<Session>),
    /// The session has expired or was revoked.
    Expired,
}

/// Opened session cookie of a request.
///
/// It was sealed by this application. Whether the session is still valid shows
/// when it is loaded.
pub(crate) enum SessionCookie {
    /// The session itself, without a store.
    Session(Arc<Session>),
    /// The id of a session in the store.
    Ticket(Ticket),
}

impl SessionCookie {
    /// Reads and opens the cookie, without I/O.
    ///
    /// Returns `None` if there is none, or if it was not sealed by this
    /// application.
    pub(crate) fn read(sessions: &Sessions, headers: &HeaderMap) -> Option<Self> {
        let sealed = chunks::read(&sessions.cookies, headers)?;
        let keys = &sessions.cookies.keys;
        if sessions.store.is_some() {
            keys.open(Purpose::Ticket, &sealed).map(Self::Ticket)
        } else {
            let session = keys.open(Purpose::Session, &sealed);
            session.map(Arc::new).map(Self::Session)
        }
    }
}

/// Loads the session of a cookie, from the store if there is one.
///
/// # Errors
///
/// [`Error::SessionStore`] if the store failed, or [`Error::Fief`] if the
/// issuer, which the ids of some records depend on, cannot be fetched.
pub(crate) async fn load(
    sessions: &Sessions,
    cookie: SessionCookie,
    now: u64,
) -> Result<Loaded, Error> {
    let session = match (cookie, &sessions.store) {
        (SessionCookie::Session(session), _) => session,
        (SessionCookie::Ticket(ticket), Some(store))
            if ticket.is_live(sessions.config.idle, now) =>
        {
            let issuer = sessions.fief.issuer().await?;
            match store.load(issuer, &ticket).await? {
                Some(session) => Arc::new(session),
                None => return Ok(Loaded::Expired),
            }
        }
        (SessionCookie::Ticket(_), Some(_) | None) => return Ok(Loaded::Expired),
    };
    if session.is_live(sessions.config, now) && !sessions.revoked.contains(&session) {
        Ok(Loaded::Active(session))
    } else {
        Ok(Loaded::Expired)
    }
}

/// Returns the cookies of a session, and those that remove surplus chunks of a
/// larger session that the browser had.
pub(crate) fn write(
    sessions: &Sessions,
    session: &Session,
    headers: &HeaderMap,
) -> Result<Vec<Cookie<'static>>, Error> {
    let keys = &sessions.cookies.keys;
    let sealed = if sessions.store.is_some() {
        let ticket = Ticket {
            id: session.id,
            seen_at: session.seen_at,
        };
        keys.seal(Purpose::Ticket, &ticket)?
    } else {
        keys.seal(Purpose::Session, session)?
    };
    chunks::write(
        &sessions.cookies,
        &sealed,
        sessions.config.absolute,
        headers,
    )
}
