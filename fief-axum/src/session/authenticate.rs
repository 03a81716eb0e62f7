use std::sync::Arc;

use axum::http::Method;
use fief_client::{FiefAccessTokenInfo, FiefError, Requirements};
use tower_cookies::Cookie;

use super::{
    data::{Session, seconds},
    load::{Opened, Visit, read, write},
    refresh,
    refreshes::Outcome,
    sessions::Sessions,
};
use crate::{Error, RejectionKind, cookie::chunks, request::head::Head};

/// The session of a request, with tokens that are good.
#[derive(Default)]
pub(crate) struct Current {
    pub(crate) found: Option<(FiefAccessTokenInfo, Arc<Session>)>,
    /// What the answer is to tell the browser.
    pub(crate) cookies: Vec<Cookie<'static>>,
}

/// Finds the session of a request, and refreshes its tokens where they are due.
///
/// Cookies are cleared only of a session that is surely over: a parallel answer may bring a newer one.
pub(crate) async fn current(
    sessions: &Arc<Sessions>,
    head: Head<'_>,
    opened: Opened,
) -> Result<Current, RejectionKind> {
    let now = seconds(sessions.fief.now());
    let session = match read(sessions, opened, now).await? {
        Visit::Live(session) => Arc::new(session),
        Visit::Over => return Ok(over(sessions, head)),
    };
    let may_start = !matches!(*head.method, Method::HEAD | Method::OPTIONS);
    let Fresh::Live(fresh, is_away) = refreshed(sessions, &session, may_start, now).await else {
        return Ok(over(sessions, head));
    };
    match validate(sessions, &fresh).await {
        Ok(token) => {
            let cookies = renewal(sessions, head, &session, &fresh, now);
            let found = Some((token, fresh));
            Ok(Current { found, cookies })
        }
        Err(FiefError::AccessTokenExpired) if is_away => Err(RejectionKind::Unavailable),
        Err(error) => match RejectionKind::from(error) {
            kind if !kind.is_unauthenticated() => Err(kind),
            _ if fresh.refresh_token().is_none() => Ok(over(sessions, head)),
            _ => Ok(Current::default()),
        },
    }
}

/// A session as it is after a refresh that was due.
pub(crate) enum Fresh {
    /// Whether Fief was away is said besides.
    Live(Arc<Session>, bool),
    Over,
}

/// Refreshes a session where that is due. It may have been already, more than once even.
pub(crate) async fn refreshed(
    sessions: &Arc<Sessions>,
    session: &Arc<Session>,
    may_start: bool,
    now: u64,
) -> Fresh {
    let mut session = Arc::clone(session);
    for _ in 0..MAX_STEPS {
        if !session.is_due(sessions.config.refresh, now) {
            break;
        }
        let outcome = if may_start {
            Some(refresh::join(sessions, &session, now).await)
        } else {
            sessions.refreshes.landed(&session, now)
        };
        match outcome {
            Some(Outcome::Ended) => return Fresh::Over,
            Some(Outcome::Failed) => return Fresh::Live(session, true),
            Some(Outcome::Refreshed(newer)) => session = newer,
            Some(Outcome::Refused) | None => break,
        }
    }
    if sessions.ended.has(&session) {
        return Fresh::Over;
    }
    Fresh::Live(session, false)
}

pub(crate) async fn validate(
    sessions: &Sessions,
    session: &Session,
) -> Result<FiefAccessTokenInfo, FiefError> {
    let fief = &sessions.fief;
    let valid = fief
        .validate_access_token(session.access_token(), &Requirements::new())
        .await;
    valid.inspect_err(|error| tracing::debug!(%error, "a session's access token is not good"))
}

/// The cookies of a session that has new tokens, or whose user was not seen for a while.
fn renewal(
    sessions: &Sessions,
    head: Head<'_>,
    old: &Session,
    new: &Session,
    now: u64,
) -> Vec<Cookie<'static>> {
    let is_newer = new.generation > old.generation && sessions.store.is_none();
    if !is_newer && !old.is_stale(now) {
        return Vec::new();
    }
    write(sessions, &new.clone().seen(now), head.headers).unwrap_or_else(|error| {
        tracing::error!(%error, "a session cannot be renewed");
        Vec::new()
    })
}

fn over(sessions: &Sessions, head: Head<'_>) -> Current {
    Current {
        found: None,
        cookies: chunks::clear(&sessions.cookies, head.headers),
    }
}

impl From<Error> for RejectionKind {
    /// Without its store nobody knows whose session it is.
    fn from(error: Error) -> Self {
        match error {
            Error::Fief(error) => error.into(),
            Error::Configuration(_) | Error::SessionKey(_) | Error::SessionStore(_) => {
                tracing::error!(%error, "a session cannot be read");
                Self::Unavailable
            }
        }
    }
}

/// Refreshes that one request may find behind each other.
const MAX_STEPS: usize = 4;
