//! Authentication of a request by its session.

use std::sync::Arc;

use axum::http::Method;
use fief_client::{
    FiefAccessTokenInfo, FiefError, Requirements,
    internal::{Chain, unix_seconds},
};
use tower_cookies::Cookie;

use super::{
    data::Session,
    load::{Loaded, SessionCookie, load, write},
    refresh,
    refreshes::RefreshOutcome,
    sessions::Sessions,
};
use crate::{Error, RejectionKind, cookie::chunks, request::head::RequestHead};

/// Result of authenticating a request by its session.
#[derive(Default)]
pub(crate) struct SessionAuth {
    /// The session and its valid access token. `None` if the session has ended
    /// or its access token is invalid.
    pub(crate) session: Option<(FiefAccessTokenInfo, Arc<Session>)>,
    /// The cookies to add to the response.
    pub(crate) cookies: Vec<Cookie<'static>>,
}

/// Loads the session of a request, refreshes its tokens if needed, and
/// validates the access token.
///
/// Cookies are removed only if the session has certainly ended: a concurrent
/// response may set newer ones.
///
/// # Errors
///
/// [`RejectionKind::Unavailable`] if the session store failed, or if Fief is
/// unreachable and the access token needs it to be validated or refreshed.
pub(crate) async fn authenticate(
    sessions: &Arc<Sessions>,
    head: RequestHead<'_>,
    cookie: SessionCookie,
) -> Result<SessionAuth, RejectionKind> {
    let now = unix_seconds(sessions.fief.now());
    let session = match load(sessions, cookie, now).await? {
        Loaded::Active(session) => session,
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

/// Result of [`refresh_if_needed`].
pub(crate) enum Refreshed {
    /// The session is active, with new tokens if it was refreshed.
    Active {
        session: Arc<Session>,
        /// Whether a refresh was needed and failed, and may be tried again.
        is_unreachable: bool,
    },
    /// The session has ended.
    Expired,
}

/// Refreshes the tokens of a session if needed.
///
/// If another request has refreshed them already, maybe more than once, returns
/// the newest session. If `may_start` is `false`, no refresh is started.
pub(crate) async fn refresh_if_needed(
    sessions: &Arc<Sessions>,
    session: &Arc<Session>,
    may_start: bool,
    now: u64,
) -> Refreshed {
    let mut session = Arc::clone(session);
    for _ in 0..MAX_REFRESHES {
        if !session.needs_refresh(sessions.config, now) {
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

/// Validates the access token of a session, without requirements.
pub(crate) async fn validate(
    sessions: &Sessions,
    session: &Session,
) -> Result<FiefAccessTokenInfo, FiefError> {
    let fief = &sessions.fief;
    let valid = fief
        .validate_access_token(session.access_token(), &Requirements::new())
        .await;
    valid.inspect_err(
        |error| tracing::debug!(error = %Chain(error), "the access token of a session is invalid"),
    )
}

/// Returns the cookies to write: if the session has new tokens, or if the time
/// of its last request needs to be recorded.
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
        tracing::error!(error = %Chain(&error), "failed to renew the cookies of a session");
        Vec::new()
    })
}

/// The result for a session that has certainly ended.
fn cleared(sessions: &Sessions, head: RequestHead<'_>) -> SessionAuth {
    SessionAuth {
        session: None,
        cookies: chunks::clear(&sessions.cookies, head.headers),
    }
}

impl From<Error> for RejectionKind {
    /// Fails closed: whether a session is valid is unknown if it cannot be
    /// loaded.
    fn from(error: Error) -> Self {
        match error {
            Error::Fief(error) => error.into(),
            Error::Configuration(_) | Error::SessionKey(_) | Error::SessionStore(_) => {
                tracing::error!(error = %Chain(&error), "failed to load a session");
                Self::Unavailable
            }
        }
    }
}

/// How many refreshes one request follows to find the newest session.
const MAX_REFRESHES: usize = 4;
