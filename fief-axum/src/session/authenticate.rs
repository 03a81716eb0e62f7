//! Authentication of a request by its session.

use std::{ops::Range, sync::Arc};

use axum::http::{HeaderMap, Method};
use fief_client::{
    FiefAccessTokenInfo,
    internal::{Chain, unix_now, unix_seconds},
};
use tower_cookies::Cookie;

use super::{
    data::{Age, Session},
    load::{self, Found, Loaded, OpenedCookies, write_refreshed},
    mark::Outdated,
    opened::Opened,
    seen::{self, SeenCookie},
    sent::SentCookies,
    session_records::SealedSession,
    sessions::Sessions,
    token::access_token,
};
use crate::{RejectionKind, log::limited, request::head::RequestHead};

/// Result of authenticating a request by its session.
#[derive(Default)]
pub(crate) struct SessionAuth {
    /// The session and its valid access token. `None` if the session has ended
    /// or its access token is invalid.
    pub(crate) session: Option<(FiefAccessTokenInfo, AuthenticatedSession)>,
    pub(crate) cookies: SessionCookies,
}

/// Session of an authenticated request.
pub(crate) enum AuthenticatedSession {
    Open(Arc<Session>),
    /// Its records are those of before, so it was not opened again.
    Sealed(Arc<SealedSession>),
}

/// Cookies to be written after a request was authenticated by its session.
#[derive(Default)]
pub(crate) struct SessionCookies {
    /// The session cookies, if the session was refreshed.
    pub(crate) session: Vec<Cookie<'static>>,
    /// The cookie that says when the session was last used, if it is outdated.
    pub(crate) seen: Option<SeenCookie>,
    /// Removes the counter of logins without effect, if the browser has one. It is
    /// written if the request succeeds.
    pub(crate) counter: Option<Cookie<'static>>,
}

impl SessionCookies {
    /// Returns whether there is nothing to be written.
    pub(crate) fn is_empty(&self) -> bool {
        let Self {
            session,
            seen,
            counter,
        } = self;
        session.is_empty() && seen.is_none() && counter.is_none()
    }
}

/// Authenticates a request by a session that there is nothing to do for: its
/// cookies were opened before, it is active, and nothing is to be renewed.
///
/// `None` says nothing about the session: [`authenticate`] decides.
pub(crate) fn try_authenticate(sessions: &Sessions, headers: &HeaderMap) -> Option<Arc<Opened>> {
    if sessions.store.is_some() {
        return None;
    }
    let cookies = SentCookies::find(&sessions.cookies, headers)?;
    if cookies.has_counter {
        return None;
    }
    let opened = sessions.opened.get(&cookies)?;
    let now = unix_now(&sessions.fief);
    is_unchanged(sessions, &opened, now).then_some(opened)
}

/// Returns whether a session is active, and there is nothing to do for it.
fn is_unchanged(sessions: &Sessions, opened: &Opened, now: u64) -> bool {
    let is_quiet = || {
        is_quiet(
            sessions,
            &opened.session,
            opened.seen_at,
            &opened.token,
            now,
        )
    };
    (opened.quiet.contains(&now) || is_quiet())
        && sessions.marks.outdated(&opened.session, now) == Outdated::No
        && !sessions
            .revoked
            .contains_since(&opened.session, &opened.not_revoked_at)
        && sessions.fief.is_key_current(&opened.token, now)
}

/// Returns whether there is nothing to do for a session at a time, as far as that depends on time alone.
///
/// Each condition is met in one period. So if they are met at two times, they are met between them.
fn is_quiet(
    sessions: &Sessions,
    session: &Session,
    seen_at: Option<u64>,
    token: &FiefAccessTokenInfo,
    now: u64,
) -> bool {
    let config = sessions.config;
    session.age(config, seen_at, now) == Age::Current
        && !session.needs_refresh(config, now)
        && !session.needs_proof(now)
        && !seen::needs_renewal(session, seen_at, now)
        && sessions.fief.is_valid_at(token, now)
}

/// Returns a period that begins now, in which there is nothing to do for a session. It may be empty.
fn quiet_period(
    sessions: &Sessions,
    session: &Session,
    seen_at: Option<u64>,
    token: &FiefAccessTokenInfo,
    now: u64,
) -> Range<u64> {
    let is_quiet = |at| is_quiet(sessions, session, seen_at, token, at);
    // For most sessions this is the first thing to be done.
    let until = seen::renewed_at(session, seen_at);
    if now < until && is_quiet(now) && is_quiet(until - 1) {
        now..until
    } else {
        now..now
    }
}

/// Returns the records of a session in a store that there is nothing to do for: they
/// are those that the same cookies led to before, and it is active.
///
/// `None` says nothing about the session.
fn unchanged(
    sessions: &Sessions,
    cookies: &OpenedCookies<'_>,
    found: &Found,
    now: u64,
) -> Option<(FiefAccessTokenInfo, Arc<SealedSession>)> {
    let (known, Found::Sealed(sealed)) = (cookies.known.as_ref()?, found) else {
        return None;
    };
    let is_same = known.sealed_session.as_ref()?.is_same(sealed);
    let is_unchanged = is_same && !cookies.sent.has_counter && is_unchanged(sessions, known, now);
    is_unchanged.then(|| (known.token.clone(), Arc::clone(sealed)))
}

/// Remembers a session that there was nothing to do for.
fn remember(
    sessions: &Sessions,
    sent: &SentCookies<'_>,
    (session, found): (&Session, Found),
    (seen_at, quiet): (Option<u64>, Range<u64>),
    token: &FiefAccessTokenInfo,
) {
    // Cookies that cannot be opened are not worth a place.
    let are_opened = sent.seen.is_some() == seen_at.is_some();
    // Without a cache of tokens, each request verifies its own.
    if are_opened && sessions.fief.is_cached(token) {
        let sealed = match found {
            Found::Sealed(sealed) => Some(sealed),
            Found::Session(_) | Found::Nothing => None,
        };
        let opened = Opened::new(sent, session, sealed, (seen_at, quiet), token.clone());
        if let Some(opened) = opened {
            sessions.opened.insert(opened);
        }
    }
}

/// Loads the session of a request, refreshes its tokens if needed, and
/// validates the access token.
///
/// The cookies of a session that has ended are left alone: a response that
/// removed them could arrive after one that set newer ones.
///
/// # Errors
///
/// [`RejectionKind::Unavailable`] if the session store failed, or if Fief is
/// unreachable and the access token needs it to be validated or refreshed.
pub(crate) async fn authenticate(
    sessions: &Arc<Sessions>,
    head: RequestHead<'_>,
    cookies: OpenedCookies<'_>,
) -> Result<SessionAuth, RejectionKind> {
    let now = unix_seconds(sessions.fief.now());
    let found = cookies.find(sessions).await?;
    if let Some((token, sealed)) = unchanged(sessions, &cookies, &found, now) {
        return Ok(SessionAuth {
            session: Some((token, AuthenticatedSession::Sealed(sealed))),
            cookies: SessionCookies::default(),
        });
    }
    let sent = cookies.sent;
    let (session, seen_at) = match load::open(sessions, &sent, &found, now) {
        Loaded::Active { session, seen_at } => (session, seen_at),
        Loaded::Expired => return Ok(SessionAuth::default()),
    };
    let may_start = !matches!(*head.method, Method::HEAD | Method::OPTIONS);
    let (token, fresh) = match access_token(sessions, &session, may_start, now).await {
        Ok(authenticated) => authenticated,
        Err(kind) if kind.is_unauthenticated() => return Ok(SessionAuth::default()),
        Err(kind) => return Err(kind),
    };
    let is_refreshed = fresh.generation > session.generation;
    let cookies = if is_refreshed && sessions.store.is_none() {
        write_refreshed(sessions, &fresh, head.headers)
    } else {
        Ok(Vec::new())
    };
    let seen = renewed_seen(sessions, &fresh, seen_at, now);
    let name = sessions.cookies.counter_name();
    let counter = sent
        .has_counter
        .then(|| sessions.cookies.removal(name.to_owned()));
    let is_unchanged = !is_refreshed && seen.is_none() && counter.is_none();
    if is_unchanged {
        let quiet = quiet_period(sessions, &session, seen_at, &token, now);
        remember(sessions, &sent, (&session, found), (seen_at, quiet), &token);
    }
    Ok(SessionAuth {
        session: Some((token, AuthenticatedSession::Open(fresh))),
        cookies: SessionCookies {
            session: cookies.unwrap_or_else(|error| {
                limited!(error, &sessions.fief,
                    error = %Chain(&error),
                    "failed to write the cookies of a refreshed session"
                );
                Vec::new()
            }),
            seen,
            counter,
        },
    })
}

/// Returns the cookie that says when the session was last used, if it is
/// outdated.
fn renewed_seen(
    sessions: &Sessions,
    session: &Session,
    seen_at: Option<u64>,
    now: u64,
) -> Option<SeenCookie> {
    if !seen::needs_renewal(session, seen_at, now) {
        return None;
    }
    let cookie = seen::write(sessions, session, now)
        .inspect_err(|error| {
            limited!(error, &sessions.fief, error = %Chain(error), "failed to record when a session was used");
        })
        .ok()?;
    let idle = sessions.config.idle(session.extra.is_remembered);
    let is_needed = now.abs_diff(seen::last_use(session, seen_at)) >= idle / 2;
    Some(SeenCookie { cookie, is_needed })
}
