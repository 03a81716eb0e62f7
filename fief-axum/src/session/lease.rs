//! Records of refreshes in a store, by which other machines know whether to wait.

use std::sync::Arc;

use fief_client::internal::Chain;
use serde::{Deserialize, Serialize};
use tokio::time::sleep;
use uuid::Uuid;

use super::{
    data::{Session, Ticket},
    store::{RETRY_DELAYS, Store},
};

/// Content of the record of a refresh.
#[derive(Deserialize, Serialize)]
struct Lease {
    process: Uuid,
    /// In seconds of Unix time.
    at: u64,
}

impl Store {
    /// Records that this process refreshes a session, for others that find its
    /// refresh token used.
    pub(crate) async fn begin_refresh(&self, session: Uuid, process: Uuid, now: u64) {
        let Some(id) = self.keys.record_ids(REFRESH, session).next() else {
            return;
        };
        let until = now.saturating_add(LEASE_LIFETIME);
        if let Err(error) = self.put(id, &Lease { process, at: now }, until).await {
            tracing::debug!(error = %Chain(&error), "failed to record a refresh in the store");
        }
    }

    /// Returns the session that another machine has refreshed this one to.
    ///
    /// If another machine has begun to refresh it a moment ago, waits about 2
    /// seconds for it.
    pub(crate) async fn wait_for_newer(
        &self,
        old: &Session,
        ticket: &Arc<Ticket>,
        process: Uuid,
        now: u64,
    ) -> Option<Session> {
        let is_refreshed_elsewhere = self.has_lease(old.id, process, now).await;
        for wait in RETRY_DELAYS {
            match self.get::<Session>(ticket.session_record).await {
                Ok(Some(session)) if session.generation > old.generation => {
                    // It may have been revoked since.
                    return self.load(ticket).await.ok().flatten();
                }
                Ok(None) => return None,
                Ok(Some(_)) | Err(_) if !is_refreshed_elsewhere => return None,
                Ok(Some(_)) | Err(_) => sleep(wait).await,
            }
        }
        None
    }

    /// Returns whether another process has begun to refresh a session.
    async fn has_lease(&self, session: Uuid, process: Uuid, now: u64) -> bool {
        for id in self.keys.record_ids(REFRESH, session) {
            match self.get::<Lease>(id).await {
                Ok(Some(lease)) if lease.process != process => {
                    return now.abs_diff(lease.at) < LEASE_LIFETIME;
                }
                Ok(Some(_) | None) => {}
                // Unknown: wait.
                Err(_) => return true,
            }
        }
        false
    }
}

const REFRESH: &[u8] = b"refresh";
/// How long the record of a refresh counts, in seconds.
const LEASE_LIFETIME: u64 = 60;
