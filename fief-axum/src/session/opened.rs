//! Sessions whose cookies were opened before, so that most requests of a session
//! open nothing.

use std::{
    fmt,
    hash::{Hash, Hasher},
    ops::Range,
    sync::{Arc, atomic::AtomicU64},
};

use axum::http::HeaderMap;
use fief_client::{FiefAccessTokenInfo, internal::token_size};
use foldhash::fast::RandomState;
use quick_cache::{
    Equivalent, Weighter,
    sync::{Cache, DefaultLifecycle},
};

use super::{
    data::Session, revocation_list::RevocationList, sent::SentCookies,
    session_records::SealedSession,
};
use crate::cookie::CookieConfig;

/// Session whose cookies were opened before, and its records if it is in a store.
///
/// The same sealed values always lead to the same session. Whether the records are
/// still the same, and the session valid, is for the caller to check.
pub(crate) struct Opened {
    /// What was opened: the values of the session's cookies, joined.
    sealed: Box<[u8]>,
    /// The value of the cookie that says when the session was last used, if the
    /// browser sent it.
    seen: Option<Box<[u8]>>,
    pub(super) seen_at: Option<u64>,
    /// When there is nothing to do for the session as long as only time passes, in seconds of Unix time.
    pub(super) quiet: Range<u64>,
    /// The records that the session was opened from, if it is in a store.
    pub(super) sealed_session: Option<Arc<SealedSession>>,
    /// The session, without its tokens.
    pub(super) session: Session,
    /// Its access token, which was valid.
    pub(super) token: FiefAccessTokenInfo,
    /// The version of the revocations that the session was last looked up in.
    pub(super) not_revoked_at: AtomicU64,
}

/// Sessions whose cookies were opened last, bounded in number and bytes.
pub(crate) struct OpenedSessions {
    cache: Cache<Key, Arc<Opened>, Cost, RandomState>,
}

impl Opened {
    /// Returns `None` if the session has tokens that are not verified yet.
    pub(super) fn new(
        cookies: &SentCookies<'_>,
        session: &Session,
        sealed_session: Option<Arc<SealedSession>>,
        (seen_at, quiet): (Option<u64>, Range<u64>),
        token: FiefAccessTokenInfo,
    ) -> Option<Self> {
        Some(Self {
            sealed: cookies.sealed().into(),
            seen: cookies.seen.map(Into::into),
            seen_at,
            quiet,
            sealed_session,
            session: session.without_tokens()?,
            token,
            not_revoked_at: AtomicU64::new(RevocationList::NEVER),
        })
    }

    pub(crate) fn token(&self) -> &FiefAccessTokenInfo {
        &self.token
    }

    /// Returns whether a request with these headers has the same cookies.
    pub(crate) fn is_of(&self, config: &CookieConfig, headers: &HeaderMap) -> bool {
        let cookies = SentCookies::find(config, headers);
        cookies.is_some_and(|cookies| cookies.are(&self.sealed) && self.is_seen_by(&cookies))
    }

    fn is_seen_by(&self, cookies: &SentCookies<'_>) -> bool {
        self.seen.as_deref() == cookies.seen
    }
}

impl OpenedSessions {
    pub(crate) fn new() -> Self {
        Self {
            cache: Cache::with(
                MAX_ENTRIES,
                MAX_BYTES,
                Cost,
                RandomState::default(),
                DefaultLifecycle::default(),
            ),
        }
    }

    /// Returns the session that was opened from these cookies.
    pub(super) fn get(&self, cookies: &SentCookies<'_>) -> Option<Arc<Opened>> {
        let opened = self.cache.get(cookies)?;
        opened.is_seen_by(cookies).then_some(opened)
    }

    /// Inserts a session. It replaces the one that had the same cookies but for when it
    /// was last used.
    pub(super) fn insert(&self, opened: Opened) {
        let opened = Arc::new(opened);
        self.cache.insert(Key(Arc::clone(&opened)), opened);
    }
}

impl fmt::Debug for OpenedSessions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let len = self.cache.len();
        f.debug_struct("OpenedSessions").field("len", &len).finish()
    }
}

impl fmt::Debug for Opened {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Opened")
            .field("session", &self.session.id)
            .finish_non_exhaustive()
    }
}

/// Key of an entry: what was opened.
#[derive(Clone)]
struct Key(Arc<Opened>);

impl PartialEq for Key {
    fn eq(&self, other: &Self) -> bool {
        self.0.sealed == other.0.sealed
    }
}

impl Eq for Key {}

impl Hash for Key {
    fn hash<H: Hasher>(&self, state: &mut H) {
        state.write(nonce(&self.0.sealed));
    }
}

impl Hash for SentCookies<'_> {
    /// Hashes the nonce only, which is random. The comparison is of the whole
    /// cookies.
    fn hash<H: Hasher>(&self, state: &mut H) {
        let [first, ..] = self.chunks;
        state.write(nonce(first));
    }
}

impl Equivalent<Key> for SentCookies<'_> {
    fn equivalent(&self, key: &Key) -> bool {
        self.are(&key.0.sealed)
    }
}

/// Returns the beginning of a sealed value.
fn nonce(sealed: &[u8]) -> &[u8] {
    sealed.get(..NONCE_LEN).unwrap_or(sealed)
}

/// Cost of an entry in bytes. It is never less than an equal share, which bounds
/// their number.
#[derive(Clone)]
struct Cost;

impl Weighter<Key, Arc<Opened>> for Cost {
    fn weight(&self, _: &Key, opened: &Arc<Opened>) -> u64 {
        let seen = opened.seen.as_ref().map_or(0, |seen| seen.len());
        let records = opened
            .sealed_session
            .as_ref()
            .map_or(0, |sealed| sealed.len());
        let texts = opened.sealed.len() + seen + records + opened.session.extra.len();
        let texts = texts + ENTRY_OVERHEAD;
        (texts as u64 + token_size(&opened.token)).max(MAX_BYTES / MAX_ENTRIES as u64)
    }
}

const MAX_ENTRIES: usize = 100_000;
/// 32 MiB.
const MAX_BYTES: u64 = 32 * 1024 * 1024;
/// Bytes that an entry takes in addition to its texts, allocator and cache included.
const ENTRY_OVERHEAD: usize = 640;
/// Bytes of a nonce in base64url.
const NONCE_LEN: usize = 16;
