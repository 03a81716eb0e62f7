use std::{
    sync::Arc,
    time::{Duration, SystemTime},
};

use fief_client::{FiefUserInfo, internal::unix_seconds};
use foldhash::fast::RandomState;
use quick_cache::{
    Weighter,
    sync::{Cache, DefaultLifecycle},
};
use uuid::Uuid;

/// User info of one tenant, in this process.
///
/// It holds at most 10 000 users and 32 MiB. When it is full, users that are
/// rarely requested are evicted.
pub(crate) struct MemoryCache {
    users: Cache<Uuid, Entry, EntryWeighter, RandomState>,
}

#[derive(Clone)]
struct Entry {
    fetched_at: SystemTime,
    user: Arc<FiefUserInfo>,
    /// The size of the user as JSON.
    bytes: u64,
}

impl MemoryCache {
    pub(crate) fn new() -> Self {
        Self {
            users: Cache::with(
                MAX_ENTRIES,
                MAX_BYTES,
                EntryWeighter,
                RandomState::default(),
                DefaultLifecycle::default(),
            ),
        }
    }

    /// Returns an active user that was fetched less than `ttl` ago.
    ///
    /// If the clock was set back, entries count as expired.
    pub(crate) fn get(
        &self,
        id: Uuid,
        now: SystemTime,
        ttl: Duration,
    ) -> Option<Arc<FiefUserInfo>> {
        let entry = self.users.get(&id)?;
        let is_fresh = now
            .duration_since(entry.fetched_at)
            .is_ok_and(|age| age < ttl);
        let is_usable = is_fresh && entry.user.is_active != Some(false);
        is_usable.then_some(entry.user)
    }

    pub(crate) fn insert(&self, fetched_at: SystemTime, user: &Arc<FiefUserInfo>) {
        let entry = Entry {
            fetched_at,
            user: Arc::clone(user),
            bytes: serde_json::to_vec(&**user).map_or(MAX_BYTES, |json| json.len() as u64),
        };
        self.users.insert(user.sub, entry);
    }

    /// Returns whether a user was fetched after a time, in seconds of Unix time.
    pub(crate) fn is_newer(&self, id: Uuid, than: u64) -> bool {
        let entry = self.users.get(&id);
        entry.is_some_and(|entry| unix_seconds(entry.fetched_at) > than)
    }

    pub(crate) fn remove(&self, id: Uuid) {
        self.users.remove(&id);
    }
}

/// Weighs entries by their size.
#[derive(Clone)]
struct EntryWeighter;

impl Weighter<Uuid, Entry> for EntryWeighter {
    /// Twice the size as JSON estimates the size in memory. The minimum weight
    /// bounds the number of entries.
    fn weight(&self, _: &Uuid, entry: &Entry) -> u64 {
        (entry.bytes * 2).max(MAX_BYTES / MAX_ENTRIES as u64)
    }
}

const MAX_ENTRIES: usize = 10_000;
const MAX_BYTES: u64 = 32 * 1024 * 1024;
