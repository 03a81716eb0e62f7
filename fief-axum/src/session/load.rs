//! Loads sessions from the cookies of requests, and writes their cookies.

use std::sync::Arc;

use axum::http::HeaderMap;
use tower_cookies::Cookie;

use super::{
    data::{Age, Session, Ticket},
    format,
    opened::Opened,
    seen,
    sent::SentCookies,
    session_records::SealedSession,
    sessions::Sessions,
};
use crate::{
    Error,
    cookie::{Jar, Purpose, chunks, limits::surplus_attempts},
    log::limited,
};

/// Result of [`load`].
pub(crate) enum Loaded {
    /// The session is valid, though its access token may have expired.
    Active {
        session: Arc<Session>,
        /// When it was last used, if the browser sent that.
        seen_at: Option<u64>,
    },
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
    /// The ids of the records of a session in the store.
    Ticket(Arc<Ticket>),
}

impl SessionCookie {
    /// Reads and opens the cookie of a request, without I/O.
    ///
    /// Returns `None` if there is none, or if it was not sealed by this application.
    pub(crate) fn read(sessions: &Sessions, headers: &HeaderMap) -> Option<Self> {
        Self::open(sessions, &SentCookies::find(&sessions.cookies, headers)?)
    }

    fn open(sessions: &Sessions, cookies: &SentCookies<'_>) -> Option<Self> {
        let (keys, sealed) = (&sessions.cookies.keys, cookies.sealed());
        if sessions.store.is_some() {
            let ticket = keys.open(Purpose::Ticket, &sealed);
            ticket.map(Arc::new).map(Self::Ticket)
        } else {
            let session = format::open(keys, &sealed);
            session.map(Arc::new).map(Self::Session)
        }
    }
}

/// Opened cookies of a request with a session.
pub(crate) struct OpenedCookies<'a> {
    session: SessionCookie,
    pub(super) sent: SentCookies<'a>,
    /// What the same cookies led to before, if the session is in a store.
    pub(super) known: Option<Arc<Opened>>,
}

/// What the cookies of a request lead to.
pub(super) enum Found {
    /// A session in cookies.
    Session(Arc<Session>),
    /// A session in a store.
    Sealed(Arc<SealedSession>),
    /// A session that is void.
    Nothing,
}

impl<'a> OpenedCookies<'a> {
    /// Reads the cookies and opens that of the session, without I/O.
    ///
    /// Returns `None` if there is no session, or if it was not sealed by this
    /// application.
    pub(crate) fn read(sessions: &Sessions, headers: &'a HeaderMap) -> Option<Self> {
        let sent = SentCookies::find(&sessions.cookies, headers)?;
        if sessions.store.is_some()
            && let Some(known) = sessions.opened.get(&sent)
            && let Some(sealed) = &known.sealed_session
        {
            return Some(Self {
                session: SessionCookie::Ticket(Arc::clone(&sealed.ticket)),
                sent,
                known: Some(known),
            });
        }
        Some(Self {
            session: SessionCookie::open(sessions, &sent)?,
            sent,
            known: None,
        })
    }

    /// Loads the records of the session, if it is in a store.
    ///
    /// # Errors
    ///
    /// [`Error::SessionStore`] if the store failed.
    pub(super) async fn find(&self, sessions: &Sessions) -> Result<Found, Error> {
        let known = self.known.as_ref();
        let before = known.and_then(|known| known.sealed_session.as_deref());
        Ok(match (&self.session, &sessions.store) {
            (SessionCookie::Session(session), _) => Found::Session(Arc::clone(session)),
            (SessionCookie::Ticket(ticket), Some(store)) => {
                match store.load_sealed(ticket, before).await? {
                    Some(sealed) => Found::Sealed(Arc::new(sealed)),
                    None => Found::Nothing,
                }
            }
            (SessionCookie::Ticket(_), None) => Found::Nothing,
        })
    }
}

/// Loads the session of a cookie, from the store if there is one.
///
/// # Errors
///
/// [`Error::SessionStore`] if the store failed.
pub(crate) async fn load(
    sessions: &Sessions,
    cookies: OpenedCookies<'_>,
    now: u64,
) -> Result<Loaded, Error> {
    let found = cookies.find(sessions).await?;
    Ok(open(sessions, &cookies.sent, &found, now))
}

/// Opens the session that was found.
pub(super) fn open(sessions: &Sessions, sent: &SentCookies<'_>, found: &Found, now: u64) -> Loaded {
    let session = match found {
        Found::Session(session) => Some(Arc::clone(session)),
        Found::Sealed(sealed) => sessions.open_sealed(sealed),
        Found::Nothing => None,
    };
    let Some(session) = session else {
        return Loaded::Expired;
    };
    let seen_at = sent
        .seen
        .and_then(|sealed| seen::open(sessions, sealed, session.id));
    match session.age(sessions.config, seen_at, now) {
        Age::Current if !sessions.revoked.contains(&session) => Loaded::Active { session, seen_at },
        Age::Current | Age::Expired => Loaded::Expired,
        Age::Future => {
            limited!(
                error,
                &sessions.fief,
                "a session comes from the future: check the clocks of all machines"
            );
            Loaded::Expired
        }
    }
}

/// Returns the cookies of a session, and those that remove surplus chunks of a
/// larger session that the browser had.
///
/// # Errors
///
/// [`Error::Configuration`] if the session is too large for cookies.
pub(crate) fn write(
    sessions: &Sessions,
    session: &Session,
    headers: &HeaderMap,
) -> Result<Vec<Cookie<'static>>, Error> {
    let keys = &sessions.cookies.keys;
    let sealed = match &session.ticket {
        Some(ticket) => keys.seal(Purpose::Ticket, &**ticket)?,
        None => format::seal(keys, session)?,
    };
    chunks::write(
        &sessions.cookies,
        &sealed,
        sessions.config.lifetime(session.extra.is_remembered),
        headers,
    )
}

/// Returns the cookies of a refreshed session, as [`write`] does. Since it may
/// have grown, they may leave less room for logins in progress.
///
/// # Errors
///
/// [`Error::Configuration`] if the session is too large for cookies.
pub(crate) fn write_refreshed(
    sessions: &Sessions,
    session: &Session,
    headers: &HeaderMap,
) -> Result<Vec<Cookie<'static>>, Error> {
    let mut cookies = write(sessions, session, headers)?;
    let surplus = surplus_attempts(&sessions.cookies, Jar::new(headers), &cookies);
    cookies.extend(surplus);
    Ok(cookies)
}
