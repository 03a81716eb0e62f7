use std::{sync::Arc, time::Duration};

use fief_client::{Fief, FiefAccessTokenInfo, internal::unix_seconds};
use tokio::time::{sleep, timeout};

use super::{
    data::{Session, is_within},
    refreshes::RefreshOutcome,
    sessions::Sessions,
};

/// Completes when a session ends, or without a session when the token expires.
///
/// Revocations in this process are noticed at once, and with a store those of
/// other machines within 30 seconds. The clock is polled: it is the one of
/// `fief`, which tests can advance.
pub(crate) async fn wait_for_end(
    fief: &Fief,
    sessions: Option<&Sessions>,
    session: Option<&Arc<Session>>,
    token: &FiefAccessTokenInfo,
) {
    let now = || unix_seconds(fief.now());
    let (Some(sessions), Some(session)) = (sessions, session) else {
        while now() < unix_seconds(token.expires_at()) {
            sleep(POLL_INTERVAL).await;
        }
        return;
    };
    let mut changes = sessions.revoked.subscribe();
    let mut session = Arc::clone(session);
    let mut ticks = 0_u32;
    while !sessions.revoked.contains(&session)
        && is_within(session.created_at, sessions.config.absolute, now())
    {
        if let Some(RefreshOutcome::Refreshed(newer)) =
            sessions.refreshes.completed(&session, now())
        {
            session = newer;
        }
        // The store knows what other machines refreshed and revoked.
        if ticks.is_multiple_of(STORE_CHECK_EVERY) || now() >= session.expires_at {
            match load_stored(sessions, &session).await {
                Some(Some(stored)) => session = Arc::new(stored),
                Some(None) => return,
                // There is no store, or it failed: the access token decides.
                None => {}
            }
        }
        if now() >= session.expires_at {
            return;
        }
        ticks = ticks.wrapping_add(1);
        // Check again after a revocation or after the interval.
        let _ = timeout(POLL_INTERVAL, changes.changed()).await;
    }
}

/// Loads a session from the store.
///
/// Returns `None` if there is no store or if it failed, and `Some(None)` if the
/// session was revoked.
async fn load_stored(sessions: &Sessions, session: &Session) -> Option<Option<Session>> {
    let (store, ticket) = (sessions.store.as_ref()?, session.ticket.as_ref()?);
    store.load(ticket).await.ok()
}

/// How often the clock is read.
const POLL_INTERVAL: Duration = Duration::from_secs(1);
/// After how many intervals the session is loaded from the store.
const STORE_CHECK_EVERY: u32 = 30;
