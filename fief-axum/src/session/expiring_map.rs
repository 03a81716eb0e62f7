use std::{
    collections::HashMap,
    hash::Hash,
    sync::{
        PoisonError, RwLock,
        atomic::{AtomicU64, Ordering},
    },
};

use crate::log::limited;

/// Map with entries that expire.
///
/// It holds at most 100 000 entries. Expired ones are removed when the map
/// would have to grow. If it is full of others, a tenth of them is removed at
/// once, those that expire first: to search them takes long. All times are in seconds of Unix time.
#[derive(Debug)]
pub(super) struct ExpiringMap<K, V> {
    /// Values, each with the time at which it expires.
    entries: RwLock<HashMap<K, (V, u64)>>,
    /// How many entries were inserted.
    insertions: AtomicU64,
}

impl<K: Copy + Eq + Hash, V: Clone> ExpiringMap<K, V> {
    /// Returns a value, which may have expired: check the time if it matters.
    pub(super) fn get(&self, key: K) -> Option<V> {
        let entries = self.entries.read().unwrap_or_else(PoisonError::into_inner);
        entries.get(&key).map(|(value, _)| value.clone())
    }

    /// Returns how many entries were inserted. As long as that does not change, what
    /// was not found before is still not there.
    pub(super) fn insertions(&self) -> u64 {
        self.insertions.load(Ordering::Acquire)
    }

    /// Returns a value and when it expires, which may be past.
    pub(super) fn get_with_time(&self, key: K) -> Option<(V, u64)> {
        let entries = self.entries.read().unwrap_or_else(PoisonError::into_inner);
        entries.get(&key).cloned()
    }

    /// Returns whether there are fewer than `max` entries that have not expired.
    pub(super) fn has_room(&self, max: usize, now: u64) -> bool {
        let mut entries = self.entries.write().unwrap_or_else(PoisonError::into_inner);
        if entries.len() >= max {
            entries.retain(|_, (_, until)| *until > now);
        }
        entries.len() < max
    }

    pub(super) fn remove(&self, key: K) {
        let mut entries = self.entries.write().unwrap_or_else(PoisonError::into_inner);
        entries.remove(&key);
    }

    /// Changes a value, if there is one.
    pub(super) fn update(&self, key: K, change: impl FnOnce(&mut V)) {
        let mut entries = self.entries.write().unwrap_or_else(PoisonError::into_inner);
        if let Some((value, _)) = entries.get_mut(&key) {
            change(value);
        }
    }

    /// Inserts a value.
    pub(super) fn insert(&self, key: K, value: V, until: u64, now: u64) {
        let mut entries = self.entries.write().unwrap_or_else(PoisonError::into_inner);
        // Only if it would grow: the amortized cost of an insertion is constant.
        if entries.len() == entries.capacity() || entries.len() >= MAX {
            entries.retain(|_, (_, until)| *until > now);
            let room = entries.len();
            entries.reserve(room);
        }
        if entries.len() >= MAX {
            remove_first(&mut entries);
        }
        entries.insert(key, (value, until));
        // Before the lock is released: nothing finds the entry and an older number.
        self.insertions.fetch_add(1, Ordering::Release);
    }
}

/// Removes a tenth of the entries, those that expire first.
fn remove_first<K, V>(entries: &mut HashMap<K, (V, u64)>) {
    limited!(
        warn,
        process,
        "the memory of sessions is full: entries were removed before they expired"
    );
    let mut surplus = entries.len() / 10;
    let mut times: Vec<u64> = entries.values().map(|(_, until)| *until).collect();
    let (_, last, _) = times.select_nth_unstable(surplus.saturating_sub(1));
    entries.retain(|_, (_, until)| {
        let is_surplus = surplus > 0 && *until <= *last;
        surplus -= usize::from(is_surplus);
        !is_surplus
    });
}

impl<K, V> Default for ExpiringMap<K, V> {
    fn default() -> Self {
        Self {
            entries: RwLock::default(),
            insertions: AtomicU64::new(0),
        }
    }
}

const MAX: usize = 100_000;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_full_map_forgets_those_that_expire_first() {
        let map = ExpiringMap::default();
        for i in 0..MAX {
            map.insert(i, (), 1000 + i as u64, 0);
        }
        map.insert(MAX, (), 2000, 0);

        assert_eq!(map.get(MAX / 10 - 1), None);
        assert_eq!(map.get(MAX / 10), Some(()));
        assert_eq!(map.get(MAX), Some(()));
        let entries = map
            .entries
            .into_inner()
            .unwrap_or_else(PoisonError::into_inner);
        assert_eq!(entries.len(), MAX - MAX / 10 + 1);
    }
}
