//! Authentication of a request by its session.

use std::sync::Arc;

use axum::http::Method;
use fief_client::{
    FiefAccessTokenInfo,
    internal::{Chain, unix_seconds},
};
use tower_cookies::Cookie;

use super::{
    data::Session,
    load::{Loaded, SentCookies, load, write_refreshed},
    seen::{self, SeenCookie},
    sessions::Sessions,
    token::access_token,
};
use crate::{RejectionKind, log::limited, request::head::RequestHead};

/// Result of authenticating a request by its session.
#[derive(Default)]
pub(crate) struct SessionAuth {
    /// The session and its valid access token. `None` if the session has ended
    /// or its access token is invalid.
    pub(crate) session: Option<(FiefAccessTokenInfo, Arc<Session>)>,
    pub(crate) cookies: SessionCookies,
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
    cookies: SentCookies<'_>,
) -> Result<SessionAuth, RejectionKind> {
    let now = unix_seconds(sessions.fief.now());
    let has_counter = cookies.has_counter;
    let (session, seen_at) = match load(sessions, cookies, now).await? {
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
    let counter = has_counter.then(|| sessions.cookies.removal(name.to_owned()));
    Ok(SessionAuth {
        session: Some((token, fresh)),
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
    let last = seen_at.unwrap_or_else(|| session.written_at());
    if !seen::needs_renewal(last, now) {
        return None;
    }
    let cookie = seen::write(sessions, session, now)
        .inspect_err(|error| {
            limited!(error, &sessions.fief, error = %Chain(error), "failed to record when a session was used");
        })
        .ok()?;
    let idle = sessions.config.idle(session.extra.is_remembered);
    let is_needed = now.abs_diff(last) >= idle / 2;
    Some(SeenCookie { cookie, is_needed })
}
