use std::collections::{HashMap, VecDeque};

/// Map with entries that expire. If it is full, the oldest entry is evicted.
#[derive(Debug)]
pub(crate) struct ExpiringMap<T> {
    entries: HashMap<String, Entry<T>>,
    order: VecDeque<String>,
}

#[derive(Debug)]
struct Entry<T> {
    expires: u64,
    value: T,
}

impl<T> Default for ExpiringMap<T> {
    fn default() -> Self {
        Self {
            entries: HashMap::new(),
            order: VecDeque::new(),
        }
    }
}

impl<T> ExpiringMap<T> {
    pub(crate) fn insert(&mut self, key: String, value: T, expires: u64) {
        if self.order.len() >= CAPACITY
            && let Some(oldest) = self.order.pop_front()
        {
            self.entries.remove(&oldest);
        }
        self.order.push_back(key.clone());
        self.entries.insert(key, Entry { expires, value });
    }

    /// Returns a value, unless it has expired.
    pub(crate) fn get(&self, key: &str, now: u64) -> Option<&T> {
        let entry = self.entries.get(key)?;
        (now < entry.expires).then_some(&entry.value)
    }

    pub(crate) fn remove(&mut self, key: &str) -> Option<T> {
        self.entries.remove(key).map(|entry| entry.value)
    }
}

/// More than a test needs, and little enough for a server that runs for weeks.
const CAPACITY: usize = 65_536;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_entry_expires() {
        let mut map = ExpiringMap::default();
        map.insert("key".to_owned(), 1, 10);
        assert_eq!(map.get("key", 9), Some(&1));
        assert_eq!(map.get("key", 10), None);
    }

    #[test]
    fn the_oldest_entry_is_evicted() {
        let mut map = ExpiringMap::default();
        for number in 0..=CAPACITY {
            map.insert(number.to_string(), number, 1);
        }
        assert_eq!(map.get("0", 0), None);
        assert_eq!(map.get("1", 0), Some(&1));
        assert_eq!(map.entries.len(), CAPACITY);
    }
}
