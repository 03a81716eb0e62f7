use std::{sync::Arc, time::Duration};

use fief_client::{Fief, FiefAccessTokenInfo};
use tokio::time::{sleep, timeout};

use super::{
    data::{Session, is_within, seconds},
    refreshes::RefreshOutcome,
    sessions::Sessions,
    store::Ticket,
};

/// Completes when a session is over, or the token where there is none.
pub(crate) async fn wait_for_end(
    fief: &Fief,
    sessions: Option<&Sessions>,
    session: Option<&Arc<Session>>,
    token: &FiefAccessTokenInfo,
) {
    let now = || seconds(fief.now());
    let (Some(sessions), Some(session)) = (sessions, session) else {
        while now() < seconds(token.expires_at()) {
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
        // The store knows what other machines refreshed and ended.
        if ticks.is_multiple_of(STORE_CHECK_EVERY) || now() >= session.expires_at {
            match load_stored(sessions, &session).await {
                Some(Some(stored)) => session = Arc::new(stored),
                Some(None) => return,
                // There is no store, or it fails: then the token decides.
                None => {}
            }
        }
        if now() >= session.expires_at {
            return;
        }
        ticks = ticks.wrapping_add(1);
        // Whether something ended or a tick passed, what follows is the same.
        let _ = timeout(POLL_INTERVAL, changes.changed()).await;
    }
}

async fn load_stored(sessions: &Sessions, session: &Session) -> Option<Option<Session>> {
    let store = sessions.store.as_ref()?;
    let issuer = sessions.fief.issuer().await.ok()?;
    let ticket = Ticket {
        id: session.id,
        seen_at: session.seen_at,
    };
    store.load(issuer, &ticket).await.ok()
}

/// How often the clock is looked at, and every how many times the store.
const POLL_INTERVAL: Duration = Duration::from_secs(1);
const STORE_CHECK_EVERY: u32 = 30;
