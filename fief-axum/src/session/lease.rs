//! Records of refreshes in a store, by which other machines know whether to wait.
//!
//! Each refresh of a session has two records, which are created and never
//! saved again: a process takes the first one that is free. So of two processes
//! each finds the other, and a third one finds both.

use std::sync::Arc;

use fief_client::internal::Chain;
use tokio::time::sleep;
use uuid::Uuid;

use super::{
    data::{Session, Ticket},
    store::{RETRY_DELAYS, Store},
};
use crate::Error;

/// Result of [`Store::wait_for_newer`].
pub(crate) enum Newer {
    /// The session was revoked.
    Ended,
    /// No other machine has refreshed the session, as far as the store knows.
    None,
    /// Another machine has refreshed the session.
    Session(Session),
}

impl Store {
    /// Records that this process refreshes a session, for others that find its
    /// refresh token used.
    pub(crate) async fn begin_refresh(&self, session: &Session, process: Uuid, now: u64) {
        if let Err(error) = self.try_begin_refresh(session, process, now).await {
            tracing::debug!(error = %Chain(&error), "failed to record a refresh in the store");
        }
    }

    async fn try_begin_refresh(
        &self,
        session: &Session,
        process: Uuid,
        now: u64,
    ) -> Result<(), Error> {
        for slot in SLOTS {
            let Some(id) = self.lease_ids(session, slot).next() else {
                return Ok(());
            };
            match self.get::<Uuid>(id).await? {
                // By an earlier attempt.
                Some(holder) if holder == process => return Ok(()),
                Some(_) => {}
                None => {
                    let until = now.saturating_add(LEASE_LIFETIME);
                    // It fails if another process was faster.
                    if self.create_record(id, &process, until).await.is_ok() {
                        return Ok(());
                    }
                }
            }
        }
        Ok(())
    }

    /// Returns the session that another machine has refreshed this one to.
    ///
    /// If another machine has begun to refresh it, waits about 2 seconds for it.
    pub(crate) async fn wait_for_newer(
        &self,
        old: &Session,
        ticket: &Arc<Ticket>,
        process: Uuid,
    ) -> Newer {
        let is_refreshed_elsewhere = self.has_lease(old, process).await;
        let mut delays = RETRY_DELAYS.into_iter();
        loop {
            match self.get_session(ticket.session_record).await {
                Ok(Some(session)) if session.generation > old.generation => {
                    // Its other records count as well.
                    return match self.load(ticket).await {
                        Ok(Some(session)) => Newer::Session(session),
                        Ok(None) => Newer::Ended,
                        Err(_) => Newer::None,
                    };
                }
                Ok(None) => return Newer::Ended,
                Ok(Some(_)) | Err(_) => {}
            }
            match delays.next() {
                Some(delay) if is_refreshed_elsewhere => sleep(delay).await,
                Some(_) | None => return Newer::None,
            }
        }
    }

    /// Returns whether another process has begun this refresh of a session.
    async fn has_lease(&self, session: &Session, process: Uuid) -> bool {
        for slot in SLOTS {
            for id in self.lease_ids(session, slot) {
                match self.get::<Uuid>(id).await {
                    Ok(Some(holder)) if holder != process => return true,
                    Ok(Some(_) | None) => {}
                    // Unknown: wait.
                    Err(_) => return true,
                }
            }
        }
        false
    }

    fn lease_ids(&self, session: &Session, slot: &[u8]) -> impl Iterator<Item = Uuid> {
        let generation = session.generation.to_be_bytes();
        let kind = [REFRESH, generation.as_slice(), slot].concat();
        self.keys.record_ids(&kind, session.id)
    }
}

const REFRESH: &[u8] = b"refresh";
/// The records of one refresh.
const SLOTS: [&[u8]; 2] = [b"1", b"2"];
/// How long the record of a refresh is kept, in seconds: longer than a refresh
/// takes.
const LEASE_LIFETIME: u64 = 600;
