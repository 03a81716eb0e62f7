use std::{sync::Arc, time::Duration};

use aws_lc_rs::digest::{SHA256, digest};
use fief_client::internal::Chain;
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

/// Sessions in a store, of which browsers have only the id.
///
/// Stores have no conditional writes, so a write must not undo a concurrent
/// revocation. Therefore a session is written by its login and its refreshes
/// only, and a revocation writes other records:
///
/// - the *tombstone* of a session, which says that it was revoked, and
/// - a record for each user, with the time until which the user's sessions are
///   revoked.
pub(crate) struct Store {
    records: Box<dyn RecordStore>,
    keys: Arc<Keys>,
    /// How long a session lasts at most, in seconds.
    lifetime: u64,
}

/// Content of the session cookie: the id of a session in the store.
#[derive(Debug, Deserialize, Serialize)]
pub(crate) struct Ticket {
    pub(crate) id: Uuid,
    /// The time of the last request, in seconds of Unix time. It is not in the
    /// store, which is not written by requests.
    pub(crate) seen_at: u64,
}

impl Ticket {
    /// Returns whether the idle timeout has not passed.
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

    /// Loads a session.
    ///
    /// Returns `None` if there is none or if it was revoked with all sessions
    /// of its user. `issuer` distinguishes users of several servers that share
    /// the store.
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
            // Fail closed if the record is not a time.
            Some(Err(_)) => true,
            None => false,
        };
        Ok((!is_void).then(|| session.touch(ticket.seen_at)))
    }

    /// Creates the record of a new session.
    pub(crate) async fn create(&self, session: &Session) -> Result<(), Error> {
        with_timeout(self.records.create(self.record(session)?)).await
    }

    /// Saves a refreshed session, and returns whether it is still valid.
    ///
    /// A revocation writes the tombstone before it deletes the session. So
    /// either the tombstone is found here after saving, or the deletion comes
    /// later and removes what was saved.
    ///
    /// If the store fails, it is tried again. If it keeps failing, returns
    /// `true`: the session is lost except in this process, which remembers the
    /// refresh for a while.
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
                        tracing::error!(
                            error = %Chain(&error),
                            "failed to delete a revoked session"
                        );
                    }
                    return false;
                }
                (Err(error), _) | (_, Err(error)) => error,
            };
            tracing::error!(error = %Chain(&error), "failed to save a refreshed session");
            sleep(wait).await;
        }
        true
    }

    /// Waits for another machine to save the session that it refreshed.
    ///
    /// Returns `None` if the session was deleted, or if nothing newer is saved
    /// within about 2 seconds.
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

    /// Deletes a session, and writes its tombstone so that no refresh brings it
    /// back.
    pub(crate) async fn revoke(&self, id: Uuid, now: u64) -> Result<(), Error> {
        let until = now.saturating_add(self.lifetime);
        let marked = self.put(tombstone_key(id), String::new(), until).await;
        with_timeout(self.records.delete(id)).await?;
        marked
    }

    /// Revokes all sessions that a user has now.
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

    /// Returns the user of a session, if the store has it.
    pub(crate) async fn owner(&self, id: Uuid) -> Option<Uuid> {
        Some(self.get(id).await.ok()??.user)
    }

    /// Loads and opens the record of a session.
    async fn get(&self, id: Uuid) -> Result<Option<Session>, Error> {
        let sealed = with_timeout(self.records.load(id)).await?;
        Ok(sealed.and_then(|sealed| self.keys.open(Purpose::Record, &sealed)))
    }

    /// Seals a session in a record that expires with it.
    fn record(&self, session: &Session) -> Result<Record, Error> {
        Ok(Record {
            id: session.id,
            text: self.keys.seal(Purpose::Record, session)?,
            expires_at: session.created_at.saturating_add(self.lifetime),
        })
    }

    /// Creates or replaces a record. Some stores can only save what exists, so
    /// it is created first.
    async fn put(&self, id: Uuid, text: String, expires_at: u64) -> Result<(), Error> {
        let record = |text| Record {
            id,
            text,
            expires_at,
        };
        match with_timeout(self.records.create(record(text.clone()))).await {
            Ok(()) => Ok(()),
            // It exists already, or the store fails again.
            Err(_) => with_timeout(self.records.save(record(text))).await,
        }
    }
}

/// Fails if the store does not respond in time.
async fn with_timeout<T>(operation: BoxFuture<'_, T>) -> Result<T, Error> {
    timeout(STORE_TIMEOUT, operation)
        .await
        .unwrap_or_else(|elapsed| Err(failed(elapsed)))
}

/// Returns the id of the record of a user.
fn user_key(issuer: &str, user: Uuid) -> Uuid {
    derive_id(&[
        b"fief-axum user\0",
        issuer.as_bytes(),
        b"\0",
        user.as_bytes(),
    ])
}

/// Returns the id of the tombstone of a session.
fn tombstone_key(id: Uuid) -> Uuid {
    derive_id(&[b"fief-axum ended\0", id.as_bytes()])
}

/// Derives the id of a record from a hash, so that it can be found without an
/// index.
fn derive_id(parts: &[&[u8]]) -> Uuid {
    let hash = digest(&SHA256, &parts.concat());
    let half = hash.as_ref().first_chunk().copied().unwrap_or_default();
    Uuid::from_bytes(half)
}

const STORE_TIMEOUT: Duration = Duration::from_secs(5);
/// Delays between attempts to save a session, or to load one that another
/// machine saves.
const RETRY_DELAYS: [Duration; 6] = [
    Duration::from_millis(20),
    Duration::from_millis(50),
    Duration::from_millis(100),
    Duration::from_millis(300),
    Duration::from_millis(500),
    Duration::from_secs(1),
];
