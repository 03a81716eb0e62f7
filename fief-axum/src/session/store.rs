use std::{sync::Arc, time::Duration};

use aws_lc_rs::digest::{SHA256, digest};
use serde::{Deserialize, Serialize};
use tokio::time::{sleep, timeout};
use uuid::Uuid;

use super::{
    data::{Session, is_within},
    record_store::{BoxFuture, Record, RecordStore, failed},
};
use crate::{
    Error,
    cookie::{Keys, Purpose},
};

/// The sessions of a store, of which browsers know no more than the id.
///
/// Stores have no conditional writes, so that a session is written by its login and by its refreshes only, and what
/// ends it has records of its own: one for each session that was ended, and one for each user whose sessions are void.
pub(crate) struct Store {
    records: Box<dyn RecordStore>,
    keys: Arc<Keys>,
    /// Seconds that a session lasts at most.
    lifetime: u64,
}

/// What a browser's cookie says.
#[derive(Debug, Deserialize, Serialize)]
pub(crate) struct Ticket {
    pub(crate) id: Uuid,
    /// Seconds of Unix time: when the user last came by.
    pub(crate) seen_at: u64,
}

impl Ticket {
    /// Whether it still counts by itself.
    pub(crate) fn is_live(&self, idle: u64, now: u64) -> bool {
        is_within(self.seen_at, idle, now)
    }
}

impl Store {
    pub(crate) fn new(records: Box<dyn RecordStore>, keys: Arc<Keys>, lifetime: u64) -> Self {
        Self {
            records,
            keys,
            lifetime,
        }
    }

    /// Loads a session, unless it is void. `issuer` tells users of two Fiefs apart.
    pub(crate) async fn load(
        &self,
        issuer: &str,
        ticket: &Ticket,
    ) -> Result<Option<Session>, Error> {
        let Some(session) = self.get(ticket.id).await? else {
            return Ok(None);
        };
        let since = with_timeout(self.records.load(user_key(issuer, session.user))).await?;
        let is_void = match since.map(|since| since.parse::<u64>()) {
            Some(Ok(since)) => session.created_at <= since,
            // A record that nobody understands is no reason to let anyone in.
            Some(Err(_)) => true,
            None => false,
        };
        Ok((!is_void).then(|| session.touch(ticket.seen_at)))
    }

    pub(crate) async fn create(&self, session: &Session) -> Result<(), Error> {
        with_timeout(self.records.create(self.record(session)?)).await
    }

    /// Replaces a session by what it was refreshed to. Returns whether it still counts.
    ///
    /// Who ends a session leaves a mark before deleting it. So either the mark is seen here, or the deletion comes
    /// after what is written here.
    pub(crate) async fn save_refreshed(&self, session: &Session) -> bool {
        for wait in RETRY_DELAYS {
            let saved = match self.record(session) {
                Ok(record) => with_timeout(self.records.save(record)).await,
                Err(error) => Err(error),
            };
            let error = match (
                with_timeout(self.records.load(tombstone_key(session.id))).await,
                saved,
            ) {
                (Ok(None), Ok(())) => return true,
                (Ok(Some(_)), _) => {
                    let deleted = with_timeout(self.records.delete(session.id)).await;
                    if let Err(error) = deleted {
                        tracing::error!(%error, "a session that was ended cannot be deleted");
                    }
                    return false;
                }
                (Err(error), _) | (_, Err(error)) => error,
            };
            tracing::error!(%error, "a refreshed session cannot be kept");
            sleep(wait).await;
        }
        // It is lost, but for those who come by while this process remembers it.
        true
    }

    /// Waits for the session that another machine has refreshed this one to.
    pub(crate) async fn wait_for_newer(&self, old: &Session) -> Option<Session> {
        for wait in RETRY_DELAYS {
            match self.get(old.id).await {
                Ok(Some(session)) if session.generation > old.generation => return Some(session),
                Ok(Some(_)) | Err(_) => sleep(wait).await,
                Ok(None) => return None,
            }
        }
        None
    }

    /// Deletes a session for good.
    pub(crate) async fn revoke(&self, id: Uuid, now: u64) -> Result<(), Error> {
        let until = now.saturating_add(self.lifetime);
        let marked = self.put(tombstone_key(id), String::new(), until).await;
        with_timeout(self.records.delete(id)).await?;
        marked
    }

    /// Makes all sessions void that a user has now.
    pub(crate) async fn revoke_user(
        &self,
        issuer: &str,
        user: Uuid,
        now: u64,
    ) -> Result<(), Error> {
        let until = now.saturating_add(self.lifetime);
        self.put(user_key(issuer, user), now.to_string(), until)
            .await
    }

    /// Whose session it is, where it is still there.
    pub(crate) async fn owner(&self, id: Uuid) -> Option<Uuid> {
        Some(self.get(id).await.ok()??.user)
    }

    async fn get(&self, id: Uuid) -> Result<Option<Session>, Error> {
        let sealed = with_timeout(self.records.load(id)).await?;
        Ok(sealed.and_then(|sealed| self.keys.open(Purpose::Record, &sealed)))
    }

    fn record(&self, session: &Session) -> Result<Record, Error> {
        Ok(Record {
            id: session.id,
            text: self.keys.seal(Purpose::Record, session)?,
            expires_at: session.created_at.saturating_add(self.lifetime),
        })
    }

    /// Adds or replaces a record, whichever it takes.
    async fn put(&self, id: Uuid, text: String, expires_at: u64) -> Result<(), Error> {
        let record = |text| Record {
            id,
            text,
            expires_at,
        };
        match with_timeout(self.records.create(record(text.clone()))).await {
            Ok(()) => Ok(()),
            // It is there already, or the store fails again.
            Err(_) => with_timeout(self.records.save(record(text))).await,
        }
    }
}

/// A store that does not answer is a store that failed.
async fn with_timeout<T>(operation: BoxFuture<'_, T>) -> Result<T, Error> {
    timeout(STORE_TIMEOUT, operation)
        .await
        .unwrap_or_else(|elapsed| Err(failed(elapsed)))
}

fn user_key(issuer: &str, user: Uuid) -> Uuid {
    derive_id(&[
        b"fief-axum user\0",
        issuer.as_bytes(),
        b"\0",
        user.as_bytes(),
    ])
}

fn tombstone_key(id: Uuid) -> Uuid {
    derive_id(&[b"fief-axum ended\0", id.as_bytes()])
}

fn derive_id(parts: &[&[u8]]) -> Uuid {
    let hash = digest(&SHA256, &parts.concat());
    let half = hash.as_ref().first_chunk().copied().unwrap_or_default();
    Uuid::from_bytes(half)
}

const STORE_TIMEOUT: Duration = Duration::from_secs(5);
/// How long to wait for another machine, and for a store that failed, a little longer each time.
const RETRY_DELAYS: [Duration; 6] = [
    Duration::from_millis(20),
    Duration::from_millis(50),
    Duration::from_millis(100),
    Duration::from_millis(300),
    Duration::from_millis(500),
    Duration::from_secs(1),
];
