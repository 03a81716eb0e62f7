//! Records of login attempts in a store, by which an attempt is used once on
//! all machines.
//!
//! The record of an attempt is created before its code is sent to Fief, and read
//! back. It is saved by the process that exchanges the code, and then by the
//! one that completes the login: another record, which is created as well, says
//! which one that is. A third one says that the browser has logged out.

use fief_client::internal::expose;
use secrecy::SecretString;
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use tokio::time::sleep;
use uuid::Uuid;

use super::{
    record_store::failed,
    store::{RETRY_DELAYS, Store, not_kept, with_timeout},
};
use crate::Error;

/// What the store has of an attempt whose code is, or was, exchanged.
#[derive(Deserialize, Serialize)]
pub(crate) struct AttemptRecord {
    /// The hash of the code.
    pub(crate) code: Uuid,
    /// The process that wrote it.
    pub(crate) process: Uuid,
    /// When it was written, in seconds of Unix time.
    pub(crate) written_at: u64,
    pub(crate) state: AttemptState,
    /// The page that the application has chosen for a finished login. A previous
    /// release neither writes nor reads it.
    #[serde(default)]
    pub(crate) page: Option<String>,
}

/// How far the login of an [`AttemptRecord`] is.
#[derive(Deserialize, Serialize)]
pub(crate) enum AttemptState {
    /// The code is being exchanged.
    Exchanging,
    /// The session was created: the value of its cookie.
    Finished(#[serde(serialize_with = "expose")] SecretString),
    /// The tokens, as JSON, cannot be verified yet.
    Kept(#[serde(serialize_with = "expose")] SecretString),
    /// The exchange failed, or the tokens were discarded.
    Used,
}

impl AttemptState {
    /// Orders the states as a login reaches them.
    fn progress(&self) -> u8 {
        match self {
            Self::Exchanging => 0,
            Self::Kept(_) => 1,
            Self::Finished(_) => 2,
            Self::Used => 3,
        }
    }
}

/// Which process completes a login whose tokens were kept.
#[derive(Deserialize, Serialize)]
struct Completion {
    process: Uuid,
    /// In seconds of Unix time.
    until: u64,
}

impl Store {
    /// Creates the record of an attempt, and reads it back.
    ///
    /// Returns the record that was there already, unless this process wrote it
    /// before it failed.
    pub(crate) async fn create_attempt(
        &self,
        attempt: Uuid,
        record: &AttemptRecord,
    ) -> Result<Option<AttemptRecord>, Error> {
        let until = record.written_at.saturating_add(RECORD_LIFETIME);
        for id in self.ordered_ids(ATTEMPT, attempt) {
            let found: AttemptRecord = self.create_or_load(id, record, until).await?;
            let is_own = found.process == record.process && found.code == record.code;
            match found.state {
                AttemptState::Exchanging if is_own => {}
                AttemptState::Exchanging
                | AttemptState::Finished(_)
                | AttemptState::Kept(_)
                | AttemptState::Used => return Ok(Some(found)),
            }
        }
        Ok(None)
    }

    /// Loads the record of an attempt. Of those of several session keys, of which
    /// another machine may not have all, the one of the furthest state counts.
    pub(crate) async fn attempt(&self, attempt: Uuid) -> Result<Option<AttemptRecord>, Error> {
        let mut furthest: Option<AttemptRecord> = None;
        for id in self.keys.record_ids(ATTEMPT, attempt) {
            let sealed = with_timeout(self.records.load(id)).await?;
            let found = sealed.map(|sealed| self.open_or_fail::<AttemptRecord>(id, &sealed));
            let found = found.transpose()?;
            let progress = |record: &AttemptRecord| record.state.progress();
            if found.as_ref().map(progress) > furthest.as_ref().map(progress) {
                furthest = found;
            }
        }
        Ok(furthest)
    }

    /// Loads the record of an attempt, again and again for about 2 seconds, until
    /// another machine has written what is waited for.
    pub(crate) async fn wait_for_attempt(
        &self,
        attempt: Uuid,
        is_awaited: impl Fn(&AttemptState) -> bool,
    ) -> Result<Option<AttemptRecord>, Error> {
        for delay in RETRY_DELAYS {
            match self.attempt(attempt).await? {
                Some(record) if !is_awaited(&record.state) => sleep(delay).await,
                found => return Ok(found),
            }
        }
        self.attempt(attempt).await
    }

    /// Saves the record of an attempt, under the ids of all session keys.
    pub(crate) async fn save_attempt(
        &self,
        attempt: Uuid,
        record: &AttemptRecord,
    ) -> Result<(), Error> {
        let until = record.written_at.saturating_add(RECORD_LIFETIME);
        let mut result = Ok(());
        for id in self.keys.record_ids(ATTEMPT, attempt) {
            // The other ones count nevertheless.
            result = result.and(self.save_or_create(id, record, until).await);
        }
        result
    }

    /// Saves a record. Creates it if another machine, which has another session key,
    /// has not, or if it was evicted.
    async fn save_or_create(
        &self,
        id: Uuid,
        record: &AttemptRecord,
        until: u64,
    ) -> Result<(), Error> {
        let saved = with_timeout(self.records.save(self.record(id, record, until)?)).await;
        if saved.is_err() && with_timeout(self.records.load(id)).await?.is_none() {
            return self.create_record(id, record, until).await;
        }
        saved
    }

    /// Deletes the record of an attempt whose code was not sent.
    pub(crate) async fn delete_attempt(&self, attempt: Uuid) -> Result<(), Error> {
        self.delete_all(ATTEMPT, attempt).await
    }

    /// Marks an attempt as discarded by a logout. The mark is a record of its own, which
    /// a process that exchanges the code at the same time cannot overwrite.
    pub(crate) async fn mark_discarded(&self, attempt: Uuid, now: u64) -> Result<(), Error> {
        let until = now.saturating_add(RECORD_LIFETIME);
        for id in self.keys.record_ids(DISCARDED, attempt) {
            let _: u64 = self.create_or_load(id, &now, until).await?;
        }
        Ok(())
    }

    /// Returns whether a logout has discarded an attempt.
    pub(crate) async fn is_discarded(&self, attempt: Uuid) -> Result<bool, Error> {
        for id in self.keys.record_ids(DISCARDED, attempt) {
            if with_timeout(self.records.load(id)).await?.is_some() {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Returns whether this process completes a login whose tokens were kept,
    /// and not another one at the same time.
    pub(crate) async fn begin_completion(
        &self,
        attempt: Uuid,
        process: Uuid,
        now: u64,
    ) -> Result<bool, Error> {
        let until = now.saturating_add(COMPLETION_LIFETIME);
        let completion = Completion { process, until };
        for id in self.ordered_ids(COMPLETION, attempt) {
            let mut found: Completion = self.create_or_load(id, &completion, until).await?;
            if found.process != process && found.until <= now {
                with_timeout(self.records.delete(id)).await?;
                found = self.create_or_load(id, &completion, until).await?;
            }
            if found.process != process {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Lets another process complete the login.
    pub(crate) async fn end_completion(&self, attempt: Uuid) -> Result<(), Error> {
        self.delete_all(COMPLETION, attempt).await
    }

    /// Returns the ids of the records of each session key, in an order that is the
    /// same on all machines: of two that create them, one creates the first.
    pub(super) fn ordered_ids(&self, kind: &[u8], attempt: Uuid) -> Vec<Uuid> {
        let mut ids: Vec<_> = self.keys.record_ids(kind, attempt).collect();
        ids.sort_unstable();
        ids
    }

    /// Creates a record unless there is one, and returns the one that is there
    /// afterwards.
    pub(super) async fn create_or_load<T: DeserializeOwned + Serialize>(
        &self,
        id: Uuid,
        value: &T,
        until: u64,
    ) -> Result<T, Error> {
        let mut created = Ok(());
        let mut found = with_timeout(self.records.load(id)).await?;
        if found.is_none() {
            // It fails if another process was faster.
            created = self.create_record(id, value, until).await;
            found = with_timeout(self.records.load(id)).await?;
        }
        let sealed = match (found, created) {
            (Some(sealed), _) => sealed,
            (None, Ok(())) => return Err(not_kept()),
            (None, Err(error)) => return Err(error),
        };
        self.open_or_fail(id, &sealed)
    }

    /// Opens a record. One that cannot be opened is not missing: another version, or
    /// a machine with a newer session key, has written it.
    fn open_or_fail<T: DeserializeOwned>(&self, id: Uuid, sealed: &str) -> Result<T, Error> {
        self.open(id, sealed).ok_or_else(|| {
            failed(std::io::Error::other(
                "the store has a foreign record where a login or a lock is kept",
            ))
        })
    }
}

const ATTEMPT: &[u8] = b"attempt";
const COMPLETION: &[u8] = b"completion";
const DISCARDED: &[u8] = b"discarded";
/// How long the record of an attempt is kept after it was written, in seconds:
/// the cookie of the attempt is accepted for ten minutes, and the clocks of two
/// machines may differ by one.
const RECORD_LIFETIME: u64 = 660;
/// How long a process may take to complete a login, in seconds: a minute, and
/// another one by which the clocks of two machines may differ.
const COMPLETION_LIFETIME: u64 = 120;
