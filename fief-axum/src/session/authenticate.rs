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
    seen,
    sessions::Sessions,
};
use crate::{RejectionKind, request::head::RequestHead};

/// Result of authenticating a request by its session.
#[derive(Default)]
pub(crate) struct SessionAuth {
    /// The session and its valid access token. `None` if the session has ended
    /// or its access token is invalid.
    pub(crate) session: Option<(FiefAccessTokenInfo, Arc<Session>)>,
    /// The session cookies, if the session was refreshed.
    pub(crate) cookies: Vec<Cookie<'static>>,
    /// The cookie that says when the session was last used, if it is outdated.
    pub(crate) seen: Option<Cookie<'static>>,
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
    cookie: SessionCookie,
) -> Result<SessionAuth, RejectionKind> {
    let now = unix_seconds(sessions.fief.now());
    let (session, seen_at) = match load(sessions, cookie, head.headers, now).await? {
        Loaded::Active { session, seen_at } => (session, seen_at),
        Loaded::Expired => return Ok(SessionAuth::default()),
    };
    let may_start = !matches!(*head.method, Method::HEAD | Method::OPTIONS);
    let refreshed = refresh_if_needed(sessions, &session, may_start, now).await;
    let Refreshed::Active {
        session: fresh,
        is_unreachable,
    } = refreshed
    else {
        return Ok(SessionAuth::default());
    };
    match validate(sessions, &fresh).await {
        Ok(token) => {
            let is_refreshed = fresh.generation > session.generation;
            let cookies = if is_refreshed && sessions.store.is_none() {
                write(sessions, &fresh, head.headers)
            } else {
                Ok(Vec::new())
            };
            let seen = renewed_seen(sessions, &fresh, seen_at, now);
            Ok(SessionAuth {
                session: Some((token, fresh)),
                cookies: cookies.unwrap_or_else(|error| {
                    tracing::error!(
                        error = %Chain(&error),
                        "failed to write the cookies of a refreshed session"
                    );
                    Vec::new()
                }),
                seen,
            })
        }
        Err(FiefError::AccessTokenExpired) if is_unreachable => Err(RejectionKind::Unavailable),
        Err(error) => match RejectionKind::from(error) {
            kind if kind.is_unauthenticated() => Ok(SessionAuth::default()),
            kind => Err(kind),
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

/// Returns the cookie that says when the session was last used, if it is
/// outdated.
fn renewed_seen(
    sessions: &Sessions,
    session: &Session,
    seen_at: Option<u64>,
    now: u64,
) -> Option<Cookie<'static>> {
    let last = seen_at.unwrap_or_else(|| session.written_at());
    if !seen::needs_renewal(last, now) {
        return None;
    }
    seen::write(sessions, session.id, now)
        .inspect_err(|error| {
            tracing::error!(error = %Chain(error), "failed to record when a session was used");
        })
        .ok()
}

/// How many refreshes one request follows to find the newest session.
const MAX_REFRESHES: usize = 4;
