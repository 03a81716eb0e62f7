use std::{sync::Arc, time::Duration};

use fief_client::FiefAccessTokenInfo;
use tokio::time::{sleep, timeout};

use crate::{
    FiefAuth,
    session::{Outcome, Session, Ticket, is_within, seconds},
    site::Site,
};

/// Completes when a session is over, or the token where there is none.
pub(crate) async fn ended(
    auth: &FiefAuth,
    session: Option<&Arc<Session>>,
    token: &FiefAccessTokenInfo,
) {
    let now = || seconds(auth.fief().now());
    let (Some(site), Some(session)) = (auth.site(), session) else {
        while now() < seconds(token.expires_at()) {
            sleep(TICK).await;
        }
        return;
    };
    let mut changes = site.ended.changes();
    let mut session = Arc::clone(session);
    let mut ticks = 0_u32;
    while !site.ended.has(&session) && is_within(session.created_at, site.absolute, now()) {
        if let Some(Outcome::Refreshed(newer)) = site.refreshes.landed(&session, now()) {
            session = newer;
        }
        // The store knows what other machines refreshed and ended.
        if ticks.is_multiple_of(LOOK) || now() >= session.expires_at {
            match look(auth, site, &session).await {
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
        let _ = timeout(TICK, changes.changed()).await;
    }
}

async fn look(auth: &FiefAuth, site: &Site, session: &Session) -> Option<Option<Session>> {
    let store = site.store.as_ref()?;
    let issuer = auth.fief().issuer().await.ok()?;
    let ticket = Ticket {
        id: session.id,
        seen_at: session.seen_at,
    };
    store.load(site, issuer, &ticket).await.ok()
}

/// How often the clock is looked at, and every how many times the store.
const TICK: Duration = Duration::from_secs(1);
const LOOK: u32 = 30;
