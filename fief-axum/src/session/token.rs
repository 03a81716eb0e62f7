//! The access token of a session: refreshed if needed, and validated.

use std::sync::Arc;

use fief_client::{FiefAccessTokenInfo, internal::Chain};

use super::{
    config::SessionConfig,
    data::{Age, Session},
    held::HeldSession,
    mark::Outdated,
    refresh,
    refreshes::RefreshOutcome,
    revoke::revoke_or_log,
    sessions::Sessions,
};
use crate::RejectionKind;

/// Returns a session and its valid access token, which is refreshed first if
/// it is about to expire, if it is invalid, or if the session was last proven
/// too long ago.
///
/// If another request has refreshed the session already, maybe more than once,
/// returns the newest one. If `may_start` is `false`, no refresh is started.
///
/// # Errors
///
/// [`RejectionKind::Unavailable`] if the token needs Fief, which is unreachable.
/// Otherwise the session has ended, or its token has.
pub(crate) async fn access_token(
    sessions: &Arc<Sessions>,
    session: &Arc<Session>,
    may_start: bool,
    now: u64,
) -> Result<(FiefAccessTokenInfo, Arc<Session>), RejectionKind> {
    if sessions.marks.ends(session, sessions.config, now) {
        revoke_or_log(sessions, session.id, Some(session.user)).await;
        return Err(RejectionKind::Expired);
    }
    let mut session = Arc::clone(session);
    let mut refreshes = 0;
    let token = loop {
        let token = validate(sessions, &session, now).await?;
        let outdated = sessions.marks.outdated(&session, now);
        let is_outdated = outdated != Outdated::No;
        let is_due = token.is_err() || is_outdated || session.needs_refresh(sessions.config, now);
        let may_refresh = session.can_refresh(sessions.config, now)
            || is_outdated && session.can_refresh_again(sessions.config);
        if refreshes == MAX_REFRESHES && outdated == Outdated::Now && may_refresh {
            // As many changes in half a minute: its token has permissions of before the last one.
            return Err(RejectionKind::Unavailable);
        }
        if !is_due || !may_refresh || refreshes == MAX_REFRESHES {
            break token.map_err(|kind| not_refreshed(kind, &session, sessions.config))?;
        }
        refreshes += 1;
        let outcome = if may_start {
            Some(refresh::join(sessions, &session, now).await)
        } else {
            sessions.refreshes.completed(&session, now)
        };
        match outcome {
            Some(RefreshOutcome::Refreshed(newer)) => session = newer,
            Some(RefreshOutcome::Ended) => return Err(RejectionKind::Expired),
            // The token may have permissions that the user no longer has.
            Some(RefreshOutcome::Failed) | None if outdated == Outdated::Now => {
                return Err(RejectionKind::Unavailable);
            }
            // The newer session has the permissions of now. It goes on.
            Some(RefreshOutcome::Rejected) | None
                if is_outdated && sessions.refreshes.has_newer(&session) =>
            {
                return Err(RejectionKind::Expired);
            }
            Some(RefreshOutcome::Rejected) if is_outdated && sessions.marks.ends_outdated() => {
                revoke_or_log(sessions, session.id, Some(session.user)).await;
                return Err(RejectionKind::Expired);
            }
            Some(RefreshOutcome::Failed) => break token.map_err(|_| RejectionKind::Unavailable)?,
            Some(RefreshOutcome::Rejected) | None => break token?,
        }
    };
    if sessions.revoked.contains(&session) {
        return Err(RejectionKind::Expired);
    }
    Ok((token, session))
}

/// Returns why the token of a session that is not refreshed now is rejected.
///
/// If its key was withdrawn right after the last refresh, it is refreshed a few seconds later: the session has not
/// ended. One that has expired by then is of a clock that is wrong.
fn not_refreshed(kind: RejectionKind, session: &Session, config: SessionConfig) -> RejectionKind {
    match kind {
        RejectionKind::Invalid if session.can_refresh_again(config) => RejectionKind::Unavailable,
        kind => kind,
    }
}

/// Returns a valid access token of a session that a handler or a stream holds,
/// which may have been refreshed, have expired or been revoked since.
///
/// # Errors
///
/// As for [`access_token`], and [`RejectionKind::Unavailable`] if the session
/// store failed.
pub(crate) async fn current_token(
    sessions: &Arc<Sessions>,
    held: &HeldSession,
    now: u64,
) -> Result<(FiefAccessTokenInfo, Arc<Session>), RejectionKind> {
    let session = held.newest();
    if let (Some(store), Some(ticket)) = (&sessions.store, &session.ticket) {
        let stored = store.load(ticket).await?.ok_or(RejectionKind::Expired)?;
        held.update(&Arc::new(stored));
    }
    let session = held.newest();
    // It is in use, so the idle timeout does not end it.
    if session.age(sessions.config, Some(now), now) != Age::Current {
        return Err(RejectionKind::Expired);
    }
    let (token, session) = access_token(sessions, &session, true, now).await?;
    held.update(&session);
    Ok((token, session))
}

/// Validates the access token of a session, without requirements.
///
/// The inner error is one that a refresh may mend.
async fn validate(
    sessions: &Sessions,
    session: &Session,
    now: u64,
) -> Result<Result<FiefAccessTokenInfo, RejectionKind>, RejectionKind> {
    let fief = &sessions.fief;
    match fief.validate_session_token(session.access_token()).await {
        Ok(_) if session.needs_proof(now) => Ok(Err(RejectionKind::Expired)),
        Ok(token) => Ok(Ok(token)),
        Err(error) => {
            tracing::debug!(error = %Chain(&error), "the access token of a session is invalid");
            match RejectionKind::from(error) {
                kind if kind.is_unauthenticated() => Ok(Err(kind)),
                kind => Err(kind),
            }
        }
    }
}

/// How many refreshes one request follows to find the newest session.
const MAX_REFRESHES: usize = 4;
