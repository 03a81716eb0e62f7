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

/// Cache of verified tokens, bounded in entries and bytes.
///
/// The caller checks whether a cached token is still valid.
pub(crate) struct TokenCache {
    cache: Option<Cache<TokenKey, FiefAccessTokenInfo, Cost, RandomState>>,
}

impl TokenCache {
    /// Returns a cache of at most so many bytes and entries. With zero of either it stores nothing.
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

    /// Returns the claims of a token that was verified before.
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

/// Key of an entry: the token. Its value contains it too, but one more pointer away.
#[derive(Clone)]
struct TokenKey(SharedSecret);

/// Token to be looked up.
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
    /// Hashes the end of the signature only. The comparison is of the whole token.
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

/// Cost of an entry in bytes. It is never less than an equal share, which bounds their number.
#[derive(Clone)]
struct Cost {
    min: u64,
}

impl Weighter<TokenKey, FiefAccessTokenInfo> for Cost {
    fn weight(&self, _: &TokenKey, info: &FiefAccessTokenInfo) -> u64 {
        token_size(info).max(self.min)
    }
}

/// Returns how many bytes a validated token takes in a cache.
#[must_use]
pub fn token_size(info: &FiefAccessTokenInfo) -> u64 {
    let strings = info.scope().iter().chain(info.permissions());
    let strings = strings.map(String::as_str).chain(info.client_id());
    let strings: usize = strings.map(|s| s.len() + STRING_OVERHEAD).sum();
    (info.access_token().len() + strings + ENTRY_OVERHEAD) as u64
}

/// Bytes of a token to be hashed: 96 bits of its signature.
const HASHED_SUFFIX: usize = 16;
/// Bytes that a string and an entry take in addition to their text, allocator and cache included.
const STRING_OVERHEAD: usize = 40;
const ENTRY_OVERHEAD: usize = 320;
