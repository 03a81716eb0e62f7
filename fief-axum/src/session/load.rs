//! Between the session and the cookies of a request.

use axum::http::HeaderMap;
use tower_cookies::Cookie;

use super::{data::Session, sessions::Sessions, store::Ticket};
use crate::{
    Error,
    cookie::{Purpose, chunks},
};

/// What has become of the session of a request's cookies.
pub(crate) enum Loaded {
    /// There is one.
    Active(Session),
    /// There was one.
    Expired,
}

/// What the session cookies of a request hold: they are ours, whatever has become of the session.
pub(crate) enum SessionCookie {
    Session(Session),
    Ticket(Ticket),
}

impl SessionCookie {
    /// Opens the cookies. Nothing is waited for.
    pub(crate) fn read(sessions: &Sessions, headers: &HeaderMap) -> Option<Self> {
        let sealed = chunks::read(&sessions.cookies, headers)?;
        let keys = &sessions.cookies.keys;
        if sessions.store.is_some() {
            keys.open(Purpose::Ticket, &sealed).map(Self::Ticket)
        } else {
            keys.open(Purpose::Session, &sealed).map(Self::Session)
        }
    }
}

/// Reads the session out of a request's cookies, or finds the one that they name.
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
                Some(session) => session,
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

/// Writes the session's cookies, clearing what an older one left in this browser.
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
