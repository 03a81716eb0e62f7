//! Loads sessions from the cookies of requests, and writes their cookies.

use std::sync::Arc;

use axum::http::HeaderMap;
use tower_cookies::Cookie;

use super::{
    data::{Age, Session, Ticket},
    format, seen,
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
    /// Reads and opens the cookie of a request, as [`SentCookies::read`] does.
    pub(crate) fn read(sessions: &Sessions, headers: &HeaderMap) -> Option<Self> {
        SentCookies::read(sessions, headers).map(|sent| sent.session)
    }

    /// Opens the cookie, without I/O.
    ///
    /// Returns `None` if it was not sealed by this application.
    fn open(sessions: &Sessions, sealed: &str) -> Option<Self> {
        let keys = &sessions.cookies.keys;
        if sessions.store.is_some() {
            let ticket = keys.open(Purpose::Ticket, sealed);
            ticket.map(Arc::new).map(Self::Ticket)
        } else {
            let session = format::open(keys, sealed);
            session.map(Arc::new).map(Self::Session)
        }
    }
}

/// Cookies of a request with a session.
pub(crate) struct SentCookies<'a> {
    pub(crate) session: SessionCookie,
    /// The cookie that says when the session was last used, still sealed.
    seen: Option<&'a str>,
    /// Whether the browser has a counter of logins without effect.
    pub(crate) has_counter: bool,
}

impl<'a> SentCookies<'a> {
    /// Reads the cookies and opens that of the session, without I/O.
    ///
    /// Returns `None` if there is no session, or if it was not sealed by this
    /// application.
    pub(crate) fn read(sessions: &Sessions, headers: &'a HeaderMap) -> Option<Self> {
        let cookies = &sessions.cookies;
        let [first, second, third] = cookies.chunk_names();
        let (seen, counter) = (cookies.seen_name(), cookies.counter_name());
        let names = [first, second, third, seen, counter];
        let [first, second, third, seen, counter] = Jar::new(headers).find(names);
        let sealed = chunks::join([first, second, third])?;
        Some(Self {
            session: SessionCookie::open(sessions, &sealed)?,
            seen,
            has_counter: counter.is_some(),
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
    cookies: SentCookies<'_>,
    now: u64,
) -> Result<Loaded, Error> {
    let session = match (cookies.session, &sessions.store) {
        (SessionCookie::Session(session), _) => session,
        (SessionCookie::Ticket(ticket), Some(store)) => match store.load(&ticket).await? {
            Some(session) => Arc::new(session),
            None => return Ok(Loaded::Expired),
        },
        (SessionCookie::Ticket(_), None) => return Ok(Loaded::Expired),
    };
    let seen_at = cookies
        .seen
        .and_then(|sealed| seen::open(sessions, sealed, session.id));
    Ok(match session.age(sessions.config, seen_at, now) {
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
    })
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
