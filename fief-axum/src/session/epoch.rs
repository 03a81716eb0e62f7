//! The records of users' epochs, by which all sessions of a user are revoked.
//!
//! Their format never changes: a process that cannot open one replaces it, which
//! ends the user's sessions.

use uuid::Uuid;

use super::{
    data::random_id,
    store::{EPOCH, Store, no_keys, not_kept, with_timeout},
};
use crate::{Error, log::limited};

/// The epochs that a user's revocation replaces, by their records' ids.
pub(crate) type Epochs = Vec<(Uuid, Uuid)>;

impl Store {
    /// Returns the epochs of a user that are there now.
    pub(crate) async fn epochs(&self, user: Uuid) -> Result<Epochs, Error> {
        let mut epochs = Vec::new();
        for id in self.keys.record_ids(EPOCH, user) {
            // One that cannot be opened is void already.
            if let Some(epoch) = self.get(id).await? {
                epochs.push((id, epoch));
            }
        }
        Ok(epochs)
    }

    /// Replaces the epochs of a user, which revokes all sessions that have
    /// them. Those that were replaced before are left alone.
    pub(crate) async fn replace_epochs(&self, epochs: &Epochs, now: u64) -> Result<(), Error> {
        for (id, old) in epochs {
            if self.get::<Uuid>(*id).await? != Some(*old) {
                continue;
            }
            let until = now.saturating_add(EPOCH_LIFETIME);
            let record = self.record(*id, &random_id()?, until)?;
            with_timeout(self.records.save(record)).await?;
            if self.get::<Uuid>(*id).await? == Some(*old) {
                return Err(not_kept());
            }
        }
        Ok(())
    }

    /// Returns the epoch of a user with its record's id, and creates it if
    /// there is none.
    pub(super) async fn epoch(&self, user: Uuid, now: u64) -> Result<(Uuid, Uuid), Error> {
        let id = self
            .keys
            .record_ids(EPOCH, user)
            .next()
            .ok_or_else(no_keys)?;
        // Loaded once: another login may create it meanwhile.
        if let Some(sealed) = with_timeout(self.records.load(id)).await? {
            if let Some(epoch) = self.open(id, &sealed) {
                return Ok((id, epoch));
            }
            limited!(
                error,
                process,
                "the store has a foreign record where a user's sessions are kept: it is replaced"
            );
            with_timeout(self.records.delete(id)).await?;
        }
        let until = now.saturating_add(EPOCH_LIFETIME);
        let created = self.create_record(id, &random_id()?, until).await;
        // Another login may have been faster, then its epoch counts.
        match (self.get(id).await?, created) {
            (Some(epoch), _) => Ok((id, epoch)),
            (None, Ok(())) => Err(not_kept()),
            (None, Err(error)) => Err(error),
        }
    }
}

/// Five years, in seconds: longer than any session.
const EPOCH_LIFETIME: u64 = 5 * 365 * 24 * 3600;
