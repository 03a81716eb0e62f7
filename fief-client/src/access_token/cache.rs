use std::{
    fmt,
    hash::{Hash, Hasher},
};

use foldhash::fast::RandomState;
use quick_cache::{
    Equivalent, Weighter,
    sync::{Cache, DefaultLifecycle},
};
use secrecy::ExposeSecret;

use crate::{FiefAccessTokenInfo, secret::SharedSecret};

/// The tokens that were verified, so that they are not verified again. Bounded in entries and bytes.
///
/// Whether a token is still good now is for the caller to check.
pub(crate) struct TokenCache {
    cache: Option<Cache<TokenKey, FiefAccessTokenInfo, Cost, RandomState>>,
}

impl TokenCache {
    /// A cache of at most so many bytes and entries; without either it keeps nothing.
    pub(crate) fn new(bytes: u64, entries: usize) -> Self {
        let min = bytes.checked_div(entries as u64).unwrap_or(0);
        let cache = (min > 0).then(|| {
            Cache::with(
                entries,
                bytes,
                Cost { min },
                RandomState::default(),
                DefaultLifecycle::default(),
            )
        });
        Self { cache }
    }

    pub(crate) fn get(&self, token: &[u8]) -> Option<FiefAccessTokenInfo> {
        self.cache.as_ref()?.get(&Token(token))
    }

    pub(crate) fn insert(&self, info: &FiefAccessTokenInfo) {
        if let Some(cache) = &self.cache {
            cache.insert(TokenKey(info.validated().token.clone()), info.clone());
        }
    }
}

impl fmt::Debug for TokenCache {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let len = self.cache.as_ref().map_or(0, Cache::len);
        f.debug_struct("TokenCache").field("len", &len).finish()
    }
}

/// An entry's key: the token that its value has as well, but one step nearer in memory.
#[derive(Clone)]
struct TokenKey(SharedSecret);

/// A token that is looked up.
struct Token<'a>(&'a [u8]);

impl TokenKey {
    fn token(&self) -> &[u8] {
        self.0.expose_secret().as_bytes()
    }
}

impl PartialEq for TokenKey {
    fn eq(&self, other: &Self) -> bool {
        self.token() == other.token()
    }
}

impl Eq for TokenKey {}

impl Hash for TokenKey {
    fn hash<H: Hasher>(&self, state: &mut H) {
        Token(self.token()).hash(state);
    }
}

impl Hash for Token<'_> {
    /// The end of the signature finds the slot; the comparison is of the whole token.
    fn hash<H: Hasher>(&self, state: &mut H) {
        let start = self.0.len().saturating_sub(HASHED_SUFFIX);
        state.write(self.0.get(start..).unwrap_or(self.0));
    }
}

impl Equivalent<TokenKey> for Token<'_> {
    fn equivalent(&self, key: &TokenKey) -> bool {
        self.0 == key.token()
    }
}

/// What an entry costs in bytes. No entry costs less than its share, which bounds their number.
#[derive(Clone)]
struct Cost {
    min: u64,
}

impl Weighter<TokenKey, FiefAccessTokenInfo> for Cost {
    fn weight(&self, _: &TokenKey, info: &FiefAccessTokenInfo) -> u64 {
        let strings = info.scope().iter().chain(info.permissions());
        let strings: usize = strings.map(|s| s.len() + STRING_OVERHEAD).sum();
        ((info.access_token().len() + strings + ENTRY_OVERHEAD) as u64).max(self.min)
    }
}

/// Bytes of a token that are hashed: 96 bits of its signature.
const HASHED_SUFFIX: usize = 16;
/// Bytes that a string and an entry take besides their text, allocator and cache included.
const STRING_OVERHEAD: usize = 40;
const ENTRY_OVERHEAD: usize = 320;
