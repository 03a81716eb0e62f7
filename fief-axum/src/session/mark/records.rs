//! The records of marks in the store.

use std::{io, time::Duration};

use serde::{Deserialize, Serialize};
use tokio::time::{sleep, timeout};
use uuid::Uuid;

use super::{memory::Marks, spread::ChangesForAll, user_mark::UserMark};
use crate::{
    Error,
    log::limited,
    session::{
        data::{SKEW, random_id},
        record_store::failed,
        store::{EPOCH, RETRY_DELAYS, Store, not_kept, with_timeout},
    },
};

/// Which process changes the mark of a user.
#[derive(Deserialize, Serialize)]
struct Lock {
    holder: Uuid,
    /// In seconds of Unix time.
    until: u64,
}

impl Store {
    /// Loads the marks that concern a session, whose epoch record has an id of the
    /// session key of this number.
    pub(in crate::session) async fn load_marks(
        &self,
        user: Uuid,
        epoch_record: Uuid,
        key: usize,
    ) -> Result<(), Error> {
        let Some(marks) = &self.marks else {
            return Ok(());
        };
        let mark = self.mark_id(epoch_record, key);
        let for_all = self.keys.record_ids(FOR_ALL, Uuid::nil()).nth(key);
        let for_all = for_all.filter(|id| marks.begin_load_for_all(*id, marks.now()));
        let (mark, for_all) = tokio::join!(
            async {
                match mark {
                    Some(id) => self.get::<UserMark>(id).await,
                    None => Ok(None),
                }
            },
            async {
                match for_all {
                    Some(id) => self.get::<ChangesForAll>(id).await,
                    None => Ok(None),
                }
            },
        );
        if let Some(changes) = for_all? {
            marks.observe_all(&changes);
        }
        if let Some(mark) = mark? {
            marks.observe(user, &mark).await?;
        }
        Ok(())
    }

    /// Loads the mark of a user. Of those of several session keys all count.
    pub(super) async fn load_mark(&self, user: Uuid) -> Result<Option<UserMark>, Error> {
        let mut mark: Option<UserMark> = None;
        for id in self.mark_ids(user) {
            if let Some(found) = self.get::<UserMark>(id).await? {
                mark.get_or_insert_default().merge(&found);
            }
        }
        Ok(mark)
    }

    /// Merges the mark of a user with what others say, the last one last, under the
    /// ids of all session keys. Returns what is there now.
    pub(super) async fn merge_mark(
        &self,
        user: Uuid,
        newer: &[&UserMark],
        marks: &Marks,
    ) -> Result<UserMark, Error> {
        let now = marks.now();
        let until = now.saturating_add(mark_lifetime(marks));
        let holder = random_id()?;
        self.lock(user, holder, marks).await?;
        let merged = timeout(MAX_HELD, self.merge_locked(user, newer, until)).await;
        self.unlock(user, holder).await;
        merged.map_err(failed)?
    }

    async fn merge_locked(
        &self,
        user: Uuid,
        newer: &[&UserMark],
        until: u64,
    ) -> Result<UserMark, Error> {
        let mut mark = self.load_mark(user).await?.unwrap_or_default();
        for newer in newer {
            let newer = UserMark::clone(newer).after(&mark);
            mark.merge(&newer);
        }
        for id in self.mark_ids(user) {
            self.replace(id, &mark, until).await?;
            if self.get::<UserMark>(id).await?.as_ref() != Some(&mark) {
                return Err(not_kept());
            }
        }
        Ok(mark)
    }

    /// Adds a change for all, under the ids of all session keys.
    #[cfg(feature = "webhooks")]
    pub(super) async fn add_change_for_all(
        &self,
        change: &ChangesForAll,
        marks: &Marks,
    ) -> Result<(), Error> {
        let now = marks.now();
        let kept = mark_lifetime(marks);
        let until = now.saturating_add(kept);
        for id in self.keys.record_ids(FOR_ALL, Uuid::nil()) {
            let mut changes: ChangesForAll = self.get(id).await?.unwrap_or_default();
            changes.merge(change, now);
            self.replace(id, &changes, until).await?;
            let kept: Option<ChangesForAll> = self.get(id).await?;
            if !kept.is_some_and(|kept| kept.contains(change)) {
                return Err(not_kept());
            }
        }
        Ok(())
    }

    /// Writes a record, whether there is one or not. One that cannot be opened is
    /// replaced.
    async fn replace(&self, id: Uuid, value: &impl Serialize, until: u64) -> Result<(), Error> {
        if with_timeout(self.records.load(id)).await?.is_some() {
            return with_timeout(self.records.save(self.record(id, value, until)?)).await;
        }
        self.create_record(id, value, until).await
    }

    /// Waits about 2 seconds for another process that changes the user's mark.
    async fn lock(&self, user: Uuid, holder: Uuid, marks: &Marks) -> Result<(), Error> {
        for delay in [Duration::ZERO].into_iter().chain(RETRY_DELAYS) {
            sleep(delay).await;
            // The time of the attempt, since the lock is to outlast what follows.
            if self.try_lock(user, holder, marks.now()).await? {
                return Ok(());
            }
            self.unlock(user, holder).await;
        }
        Err(failed(io::Error::other(
            "another process changes what is known of the user",
        )))
    }

    async fn try_lock(&self, user: Uuid, holder: Uuid, now: u64) -> Result<bool, Error> {
        let until = now.saturating_add(LOCK_LIFETIME);
        let lock = Lock { holder, until };
        for id in self.ordered_ids(LOCK, user) {
            let mut found: Lock = self.create_or_load(id, &lock, until).await?;
            if found.holder != holder && found.until <= now {
                with_timeout(self.records.delete(id)).await?;
                found = self.create_or_load(id, &lock, until).await?;
            }
            if found.holder != holder {
                return Ok(false);
            }
        }
        Ok(true)
    }

    async fn unlock(&self, user: Uuid, holder: Uuid) {
        for id in self.ordered_ids(LOCK, user) {
            let found = self.get::<Lock>(id).await;
            let is_own = matches!(found, Ok(Some(lock)) if lock.holder == holder);
            if is_own && with_timeout(self.records.delete(id)).await.is_err() {
                limited!(
                    warn,
                    process,
                    "failed to remove a lock: events of its user are delivered again until it expires"
                );
            }
        }
    }

    /// Returns the ids of the marks of a user, one for each session key.
    fn mark_ids(&self, user: Uuid) -> impl Iterator<Item = Uuid> {
        let epochs = self.keys.record_ids(EPOCH, user).enumerate();
        epochs.filter_map(|(key, epoch_record)| self.mark_id(epoch_record, key))
    }

    fn mark_id(&self, epoch_record: Uuid, key: usize) -> Option<Uuid> {
        self.keys.record_ids(MARK, epoch_record).nth(key)
    }
}

/// Returns how long marks are kept, in seconds.
fn mark_lifetime(marks: &Marks) -> u64 {
    marks.config.lifetime.saturating_add(SKEW)
}

const MARK: &[u8] = b"mark";
const FOR_ALL: &[u8] = b"mark for all";
const LOCK: &[u8] = b"mark lock";
/// How long a process may hold the lock.
const MAX_HELD: Duration = Duration::from_secs(10);
/// How long a lock lasts, in seconds: longer than it is held, by the clock of any
/// machine.
const LOCK_LIFETIME: u64 = SKEW + 12;
