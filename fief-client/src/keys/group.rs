use std::sync::Arc;

use super::Key;

/// Keys with one id. Fief's have different ids; if some share one, their order does not matter.
#[derive(Debug)]
pub(crate) struct KeyGroup {
    keys: Vec<Arc<Key>>,
}

impl KeyGroup {
    /// Groups keys by their ids. Of more than [`MAX_KEYS`] with one id the first are used, which bounds how much
    /// work a token causes, and of equal keys one.
    pub(super) fn of(keys: impl IntoIterator<Item = Arc<Key>>) -> Vec<Arc<Self>> {
        let mut groups: Vec<Self> = Vec::new();
        for key in keys {
            match groups.iter_mut().find(|group| group.kid() == key.kid()) {
                Some(group) => group.add(key),
                None => groups.push(Self { keys: vec![key] }),
            }
        }
        groups.into_iter().map(Arc::new).collect()
    }

    fn add(&mut self, key: Arc<Key>) {
        let is_new = !self.keys.iter().any(|known| known.is_same(&key));
        if is_new && self.keys.len() < MAX_KEYS {
            self.keys.push(key);
        }
    }

    pub(crate) fn keys(&self) -> &[Arc<Key>] {
        &self.keys
    }

    pub(super) fn kid(&self) -> Option<&str> {
        self.keys.first().and_then(|key| key.kid())
    }

    /// Returns the key that verifies a signature.
    pub(crate) fn verify(&self, message: &[u8], signature: &[u8]) -> Option<&Arc<Key>> {
        let mut keys = self.keys.iter();
        keys.find(|key| key.verify(message, signature).is_ok())
    }
}

/// How many keys with one id are tried.
const MAX_KEYS: usize = 4;
