use std::sync::Arc;

use axum::http::Method;
use fief_client::{FiefAccessTokenInfo, FiefError, Requirements};
use tower_cookies::Cookie;

use super::{
    data::{Session, seconds},
    load::{Loaded, SessionCookie, load, write},
    refresh,
    refreshes::RefreshOutcome,
    sessions::Sessions,
};
use crate::{Error, RejectionKind, cookie::chunks, request::head::RequestHead};

/// The session of a request, with tokens that are good.
#[derive(Default)]
pub(crate) struct SessionAuth {
    pub(crate) session: Option<(FiefAccessTokenInfo, Arc<Session>)>,
    /// What the answer is to tell the browser.
    pub(crate) cookies: Vec<Cookie<'static>>,
}

/// Finds the session of a request, and refreshes its tokens where they are due.
///
/// Cookies are cleared only of a session that is surely over: a parallel answer may bring a newer one.
pub(crate) async fn authenticate(
    sessions: &Arc<Sessions>,
    head: RequestHead<'_>,
    cookie: SessionCookie,
) -> Result<SessionAuth, RejectionKind> {
    let now = seconds(sessions.fief.now());
    let session = match load(sessions, cookie, now).await? {
        Loaded::Active(session) => Arc::new(session),
        Loaded::Expired => return Ok(cleared(sessions, head)),
    };
    let may_start = !matches!(*head.method, Method::HEAD | Method::OPTIONS);
    let refreshed = refresh_if_needed(sessions, &session, may_start, now).await;
    let Refreshed::Active {
        session: fresh,
        is_unreachable,
    } = refreshed
    else {
        return Ok(cleared(sessions, head));
    };
    match validate(sessions, &fresh).await {
        Ok(token) => {
            let cookies = renewed_cookies(sessions, head, &session, &fresh, now);
            Ok(SessionAuth {
                session: Some((token, fresh)),
                cookies,
            })
        }
        Err(FiefError::AccessTokenExpired) if is_unreachable => Err(RejectionKind::Unavailable),
        Err(error) => match RejectionKind::from(error) {
            kind if !kind.is_unauthenticated() => Err(kind),
            _ if fresh.refresh_token().is_none() => Ok(cleared(sessions, head)),
            _ => Ok(SessionAuth::default()),
        },
    }
}

/// A session as it is after a refresh that was due.
pub(crate) enum Refreshed {
    Active {
        session: Arc<Session>,
        /// Whether the refresh failed because Fief is unreachable.
        is_unreachable: bool,
    },
    Expired,
}

/// Refreshes a session where that is due. It may have been already, more than once even.
pub(crate) async fn refresh_if_needed(
    sessions: &Arc<Sessions>,
    session: &Arc<Session>,
    may_start: bool,
    now: u64,
) -> Refreshed {
    let mut session = Arc::clone(session);
    for _ in 0..MAX_REFRESHES {
        if !session.needs_refresh(sessions.config.refresh, now) {
            break;
        }
        let outcome = if may_start {
            Some(refresh::join(sessions, &session, now).await)
        } else {
            sessions.refreshes.completed(&session, now)
        };
        match outcome {
            Some(RefreshOutcome::Ended) => return Refreshed::Expired,
            Some(RefreshOutcome::Failed) => {
                return Refreshed::Active {
                    session,
                    is_unreachable: true,
                };
            }
            Some(RefreshOutcome::Refreshed(newer)) => session = newer,
            Some(RefreshOutcome::Refused) | None => break,
        }
    }
    if sessions.revoked.contains(&session) {
        return Refreshed::Expired;
    }
    Refreshed::Active {
        session,
        is_unreachable: false,
    }
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
fn renewed_cookies(
    sessions: &Sessions,
    head: RequestHead<'_>,
    old: &Session,
    new: &Session,
    now: u64,
) -> Vec<Cookie<'static>> {
    let is_newer = new.generation > old.generation && sessions.store.is_none();
    if !is_newer && !old.needs_renewal(now) {
        return Vec::new();
    }
    write(sessions, &new.clone().touch(now), head.headers).unwrap_or_else(|error| {
        tracing::error!(%error, "a session cannot be renewed");
        Vec::new()
    })
}

fn cleared(sessions: &Sessions, head: RequestHead<'_>) -> SessionAuth {
    SessionAuth {
        session: None,
        cookies: chunks::clear(&sessions.cookies, head.headers),
    }
}

impl From<Error> for RejectionKind {
    /// Without its store nobody knows whose session it is.
    fn from(error: Error) -> Self {
        match error {
            Error::Fief(error) => error.into(),
            Error::Configuration(_) | Error::SessionKey(_) | Error::SessionStore(_) => {
                tracing::error!(%error, "a session cannot be loaded");
                Self::Unavailable
            }
        }
    }
}

/// Refreshes that one request may find behind each other.
const MAX_REFRESHES: usize = 4;
