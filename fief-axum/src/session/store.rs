use std::{sync::Arc, time::Duration};

use fief_client::internal::Chain;
use serde::{Serialize, de::DeserializeOwned};
use tokio::time::{sleep, timeout};
use uuid::Uuid;

use super::{
    config::SessionConfig,
    data::{Session, Ticket},
    mark::Marks,
    record_store::{BoxFuture, Record, RecordStore, failed},
};
use crate::{
    Error,
    catch_panic::catch_panic,
    cookie::{Keys, Purpose},
};

/// Sessions in a store, of which browsers have a sealed [`Ticket`].
///
/// Stores have no conditional writes, and may evict what they like. So a
/// session is valid only while records exist that only a login creates:
///
/// - The *session's own record* is created by the login and never saved again.
///   Logging out deletes it. Neither a refresh in flight nor an eviction brings
///   it back.
/// - The *user's epoch record* holds a random value, which a session remembers.
///   Revoking all sessions of a user replaces the value.
///
/// No clock is involved: a record that is missing, foreign or different means
/// that the session is void. Records are sealed and bound to their ids, and
/// the ids are derived with a secret.
pub(crate) struct Store {
    pub(super) records: Box<dyn RecordStore>,
    pub(super) keys: Arc<Keys>,
    pub(super) config: SessionConfig,
    /// `None` if marks are not loaded with sessions.
    pub(super) marks: Option<Arc<Marks>>,
}

/// What the store has of a session that was refreshed.
#[derive(Clone, Copy, Eq, PartialEq)]
enum Saved {
    /// This session, a newer one, or one of a newer version of this crate.
    Current,
    Missing,
    Older,
    /// It was revoked.
    Void,
}

impl Store {
    pub(crate) fn new(
        records: Box<dyn RecordStore>,
        keys: Arc<Keys>,
        config: SessionConfig,
    ) -> Self {
        Self {
            records,
            keys,
            config,
            marks: None,
        }
    }

    /// Loads marks with each session, if they are shared.
    pub(crate) fn with_marks(mut self, marks: &Arc<Marks>) -> Self {
        self.marks = marks.is_shared().then(|| Arc::clone(marks));
        self
    }

    /// Loads a session, with all its records at once.
    ///
    /// Returns `None` if it is void.
    pub(crate) async fn load(&self, ticket: &Arc<Ticket>) -> Result<Option<Session>, Error> {
        let sealed = self.load_sealed(ticket, None).await?;
        Ok(sealed.and_then(|sealed| self.open_sealed(&sealed)))
    }

    /// Creates the records of a new session, and reads them back.
    ///
    /// Returns `None` if the user's sessions were revoked meanwhile.
    pub(crate) async fn create(
        &self,
        session: &Session,
        now: u64,
    ) -> Result<Option<Ticket>, Error> {
        let (epoch_record, epoch) = self.epoch(session.user, now).await?;
        let first = |kind| self.keys.record_ids(kind, session.id).next();
        let ids = first(SESSION).zip(first(OWN));
        let (session_record, own_record) = ids.ok_or_else(no_keys)?;
        let ticket = Ticket {
            id: session.id,
            user: session.user,
            session_record,
            own_record,
            epoch_record,
            epoch,
        };
        let until = session.ends_at(self.config);
        self.create_record(own_record, &session.id, until).await?;
        self.create_session(session_record, session).await?;
        // The mark may deny the login, and a process that wrote it replaces the epoch
        // afterwards.
        let (saved, own, epoch, marks) = tokio::join!(
            self.get_session(session_record),
            self.get::<Uuid>(own_record),
            self.get::<Uuid>(epoch_record),
            self.load_marks(session.user, epoch_record, 0),
        );
        marks?;
        let (own, epoch) = (own?, epoch?);
        let is_saved = saved?.is_some_and(|saved| saved.id == session.id);
        if !is_saved || own != Some(session.id) || epoch.is_none() {
            return Err(not_kept());
        }
        Ok(ticket.is_valid(own, epoch).then_some(ticket))
    }

    /// Saves a refreshed session, and returns whether it is still valid.
    ///
    /// `is_first` means that no other process can have saved this one or a newer
    /// one, since only this one has its refresh token. If the store fails, it is
    /// tried again for about 2 seconds.
    pub(crate) async fn save_refreshed(
        &self,
        session: &Session,
        ticket: &Ticket,
        is_first: bool,
    ) -> Result<bool, Error> {
        let mut result = if is_first {
            self.save_over(Saved::Older, session, ticket).await
        } else {
            self.save_if_newer(session, ticket).await
        };
        for wait in RETRY_DELAYS {
            if result.is_ok() {
                break;
            }
            sleep(wait).await;
            // The failed attempt may have saved it, and another machine a newer one since.
            result = self.save_if_newer(session, ticket).await;
        }
        result
    }

    async fn save_if_newer(&self, session: &Session, ticket: &Ticket) -> Result<bool, Error> {
        let saved = self.saved(session, ticket).await?;
        self.save_over(saved, session, ticket).await
    }

    async fn save_over(
        &self,
        mut saved: Saved,
        session: &Session,
        ticket: &Ticket,
    ) -> Result<bool, Error> {
        let id = ticket.session_record;
        if saved == Saved::Older {
            let record = self.session_record(id, session)?;
            // Some stores fail, and others do nothing, if the record does not exist. So
            // what is there afterwards counts.
            let result = with_timeout(self.records.save(record)).await;
            saved = self.saved(session, ticket).await?;
            if saved == Saved::Older {
                return Err(result.err().unwrap_or_else(not_kept));
            }
        }
        match saved {
            Saved::Current => Ok(true),
            Saved::Older => Err(not_kept()),
            Saved::Missing => {
                // It was evicted.
                self.create_session(id, session).await?;
                Ok(true)
            }
            Saved::Void => {
                with_timeout(self.records.delete(id)).await?;
                Ok(false)
            }
        }
    }

    async fn saved(&self, session: &Session, ticket: &Ticket) -> Result<Saved, Error> {
        let id = ticket.session_record;
        let (saved, own, epoch) = tokio::join!(
            with_timeout(self.records.load(id)),
            self.get::<Uuid>(ticket.own_record),
            self.get::<Uuid>(ticket.epoch_record),
        );
        if !ticket.is_valid(own?, epoch?) {
            return Ok(Saved::Void);
        }
        let Some(saved) = saved? else {
            return Ok(Saved::Missing);
        };
        Ok(match self.open_session(id, &saved) {
            Some(saved) if saved.generation < session.generation => Saved::Older,
            Some(_) | None => Saved::Current,
        })
    }

    /// Deletes a session's own record, which ends it, and then the session.
    pub(crate) async fn revoke(&self, id: Uuid) -> Result<(), Error> {
        self.delete_all(OWN, id).await?;
        // Without its own record it is void.
        if let Err(error) = self.delete_all(SESSION, id).await {
            tracing::debug!(error = %Chain(&error), "failed to delete a revoked session");
        }
        Ok(())
    }

    /// Loads a record that does not exist, to see whether the store responds.
    pub(crate) async fn probe(&self) -> Result<(), Error> {
        with_timeout(self.records.load(Uuid::nil())).await?;
        Ok(())
    }

    /// Loads and opens a record.
    pub(super) async fn get<T: DeserializeOwned>(&self, id: Uuid) -> Result<Option<T>, Error> {
        let sealed = with_timeout(self.records.load(id)).await?;
        Ok(sealed.and_then(|sealed| self.open(id, &sealed)))
    }

    /// Opens a record. Returns `None` if it is foreign.
    pub(super) fn open<T: DeserializeOwned>(&self, id: Uuid, sealed: &str) -> Option<T> {
        self.keys.open_bound(Purpose::Record, id.as_bytes(), sealed)
    }

    /// Seals a record.
    pub(super) fn record(
        &self,
        id: Uuid,
        value: &impl Serialize,
        expires_at: u64,
    ) -> Result<Record, Error> {
        Ok(Record {
            id,
            text: self
                .keys
                .seal_bound(Purpose::Record, id.as_bytes(), value)?,
            expires_at,
        })
    }

    pub(super) async fn create_record(
        &self,
        id: Uuid,
        value: &impl Serialize,
        expires_at: u64,
    ) -> Result<(), Error> {
        let record = self.record(id, value, expires_at)?;
        with_timeout(self.records.create(record)).await
    }

    /// Deletes the records of a kind, of any session key.
    pub(super) async fn delete_all(&self, kind: &[u8], owner: Uuid) -> Result<(), Error> {
        for id in self.keys.record_ids(kind, owner) {
            with_timeout(self.records.delete(id)).await?;
        }
        Ok(())
    }
}

/// Fails if the store does not respond in time, or panics.
pub(super) async fn with_timeout<T>(operation: BoxFuture<'_, T>) -> Result<T, Error> {
    match timeout(STORE_TIMEOUT, catch_panic(operation)).await {
        Ok(Ok(result)) => result,
        Ok(Err(panicked)) => Err(failed(panicked)),
        Err(elapsed) => Err(failed(elapsed)),
    }
}

/// The store has accepted a record, but does not have it.
pub(super) fn not_kept() -> Error {
    failed(std::io::Error::other(
        "the store does not keep what it accepts",
    ))
}

pub(super) fn no_keys() -> Error {
    Error::config("there is no session key")
}

/// Kinds of records.
pub(super) const EPOCH: &[u8] = b"epoch";
const OWN: &[u8] = b"own";
const SESSION: &[u8] = b"session";

const STORE_TIMEOUT: Duration = Duration::from_secs(5);
/// Delays between attempts to save a session, or to load one that another
/// machine saves.
pub(super) const RETRY_DELAYS: [Duration; 6] = [
    Duration::from_millis(20),
    Duration::from_millis(50),
    Duration::from_millis(100),
    Duration::from_millis(300),
    Duration::from_millis(500),
    Duration::from_secs(1),
];
