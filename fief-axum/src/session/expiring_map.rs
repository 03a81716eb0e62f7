use std::{
    collections::HashMap,
    hash::Hash,
    sync::{PoisonError, RwLock},
};

/// Map with entries that expire.
///
/// It holds at most 100 000 entries. Expired ones are removed when the map
/// would have to grow. All times are in seconds of Unix time.
#[derive(Debug)]
pub(super) struct ExpiringMap<K, V> {
    /// Values, each with the time at which it expires.
    entries: RwLock<HashMap<K, (V, u64)>>,
}

impl<K: Copy + Eq + Hash, V: Clone> ExpiringMap<K, V> {
    /// Returns a value, which may have expired: check the time if it matters.
    pub(super) fn get(&self, key: K) -> Option<V> {
        let entries = self.entries.read().unwrap_or_else(PoisonError::into_inner);
        entries.get(&key).map(|(value, _)| value.clone())
    }

    /// Inserts a value. If the map is full, the one that expires first is
    /// removed.
    pub(super) fn insert(&self, key: K, value: V, until: u64, now: u64) {
        let mut entries = self.entries.write().unwrap_or_else(PoisonError::into_inner);
        // Only if it would grow: the amortized cost of an insertion is constant.
        if entries.len() == entries.capacity() || entries.len() >= MAX {
            entries.retain(|_, (_, until)| *until > now);
            let room = entries.len();
            entries.reserve(room);
        }
        if entries.len() >= MAX {
            let first = entries.iter().min_by_key(|(_, (_, until))| *until);
            let first = first.map(|(key, _)| *key);
            first.map(|first| entries.remove(&first));
        }
        entries.insert(key, (value, until));
    }
}

impl<K, V> Default for ExpiringMap<K, V> {
    fn default() -> Self {
        Self {
            entries: RwLock::default(),
        }
    }
}

const MAX: usize = 100_000;
