use std::sync::Arc;

use serde::Deserialize;
use url::Url;

use super::{Key, KeyGroup};
use crate::{
    FiefError,
    clock::Clock,
    transport::{Call, Http, Target},
};

/// Keys of one response ([RFC 7517, section 5](https://www.rfc-editor.org/rfc/rfc7517#section-5)).
#[derive(Debug)]
pub(crate) struct KeySet {
    groups: Vec<Arc<KeyGroup>>,
    pub(crate) fetched_at: u64,
}

impl KeySet {
    /// Returns the successor of a set. Keys that remain are the same objects, others are withdrawn.
    pub(crate) fn new(keys: Vec<Key>, previous: Option<&Self>, fetched_at: u64) -> Self {
        let previous = || previous.into_iter().flat_map(Self::keys);
        let keys = keys.into_iter().map(|key| {
            let other = previous().find(|other| other.is_same(&key));
            other.cloned().unwrap_or_else(|| Arc::new(key))
        });
        let groups = KeyGroup::of(keys);
        let set = Self { groups, fetched_at };
        for other in previous() {
            if !set.keys().any(|key| Arc::ptr_eq(key, other)) {
                other.withdraw();
            }
        }
        set
    }

    fn keys(&self) -> impl Iterator<Item = &Arc<Key>> {
        self.groups.iter().flat_map(|group| group.keys())
    }

    /// Returns the keys with this id, or the only key if a token has no `kid`.
    pub(crate) fn find(&self, kid: Option<&str>) -> Option<&Arc<KeyGroup>> {
        match (kid, self.groups.as_slice()) {
            (Some(_), groups) => groups.iter().find(|group| group.kid() == kid),
            (None, [only]) if only.keys().len() == 1 => Some(only),
            (None, _) => None,
        }
    }

    /// Returns the age in seconds, or `None` if the clock was set back to before the fetch.
    pub(crate) fn age(&self, now: u64) -> Option<u64> {
        let age = now.saturating_sub(self.fetched_at);
        (now.saturating_add(CLOCK_STEP) >= self.fetched_at).then_some(age)
    }
}

/// Fetches the keys. A response without a usable key is an error.
pub(crate) async fn fetch(http: &Http, url: Url, clock: &Clock) -> Result<Vec<Key>, FiefError> {
    let target = Target {
        call: Call::Keys,
        url,
    };
    let document: Document = http.fetch_document(target, LIMIT, clock).await?;
    document.keys()
}

#[cfg(fuzzing)]
pub(crate) fn parse(body: &[u8]) -> Option<Vec<Key>> {
    serde_json::from_slice::<Document>(body).ok()?.keys().ok()
}

/// The keys are parsed one by one, so that a malformed one does not invalidate the rest.
#[derive(Deserialize)]
struct Document {
    keys: Vec<serde_json::Value>,
}

impl Document {
    fn keys(self) -> Result<Vec<Key>, FiefError> {
        if self.keys.len() > MAX_KEYS {
            return Err(FiefError::ResponseInvalid("the key set has too many keys"));
        }
        let keys: Vec<_> = self.keys.into_iter().filter_map(Key::parse).collect();
        if keys.is_empty() {
            return Err(FiefError::ResponseInvalid("the key set has no RS256 key"));
        }
        Ok(keys)
    }
}

/// Seconds by which the clock may be set back without the keys counting as from the future.
pub(crate) const CLOCK_STEP: u64 = 60;
const MAX_KEYS: usize = 64;
const LIMIT: usize = 512 * 1024;
