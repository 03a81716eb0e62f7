//! Waits for the end of sessions and tokens, for streams and the like.
//!
//! All that waits is in a registry, [`Waiters`]. A revocation or a refresh in this
//! process finds in it what it concerns. For the rest there is one task, only
//! while something waits. It reads the clock once a second, since that is the one
//! of [`Fief`], which may be set. It ends what has expired, and loads each session
//! from the store every 30 seconds, which knows what other machines did. An
//! application with several runtimes has several such tasks, which share the work.

mod ticker;
mod waiter;
mod waiters;
mod watch;

use std::sync::Arc;

use fief_client::{Fief, FiefAccessTokenInfo, internal::unix_seconds};
use tokio::runtime::Handle;
use uuid::Uuid;

use self::waiter::Waiter;
pub(crate) use self::waiters::Waiters;
use super::{
    data::{Session, is_within},
    refreshes::RefreshOutcome,
    sessions::Sessions,
};

/// Completes when a session ends, or without a session when the token expires.
///
/// Revocations in this process are noticed at once, and with a store those of
/// other machines within 30 seconds.
pub(crate) async fn wait_for_end(
    waiters: &Arc<Waiters>,
    fief: &Fief,
    sessions: Option<&Arc<Sessions>>,
    session: Option<&Arc<Session>>,
    token: &FiefAccessTokenInfo,
) {
    let waiter = if let (Some(sessions), Some(session)) = (sessions, session) {
        wait_for_session(waiters, sessions, session)
    } else {
        let expires_at = unix_seconds(token.expires_at());
        Some(Waiter::for_token(waiters, expires_at))
    };
    // Without a runtime no time passes, so the wait ends.
    if let (Some(waiter), Ok(runtime)) = (waiter, Handle::try_current()) {
        let start = || ticker::start(&runtime, waiters, fief, sessions);
        waiter.ended(start).await;
    }
}

/// Returns `None` if the session has ended already.
fn wait_for_session(
    waiters: &Arc<Waiters>,
    sessions: &Sessions,
    session: &Arc<Session>,
) -> Option<Waiter> {
    let now = unix_seconds(sessions.fief.now());
    let lifetime = sessions.config.lifetime(session.extra.is_remembered);
    // First, so that it is notified of all that happens from now on.
    let waiter = Waiter::for_session(waiters, session, lifetime, now);
    if sessions.revoked.contains(session) || !is_within(session.created_at, lifetime, now) {
        return None;
    }
    let mut newest = Arc::clone(session);
    for _ in 0..MAX_REFRESHES {
        match sessions.refreshes.completed(&newest, now) {
            Some(RefreshOutcome::Ended) => return None,
            Some(RefreshOutcome::Refreshed(newer)) => newest = newer,
            Some(RefreshOutcome::Failed | RefreshOutcome::Rejected) | None => break,
        }
    }
    waiters.renew(&newest);
    Some(waiter)
}

/// Notifies what waits for a session of the outcome of its refresh.
pub(super) fn record_refresh(waiters: &Waiters, session: Uuid, outcome: &RefreshOutcome) {
    match outcome {
        RefreshOutcome::Ended => waiters.end_session(session),
        RefreshOutcome::Refreshed(newer) => waiters.renew(newer),
        RefreshOutcome::Failed | RefreshOutcome::Rejected => {}
    }
}

/// How many refreshes are followed to find the newest session.
const MAX_REFRESHES: usize = 4;
