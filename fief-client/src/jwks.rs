use std::{
    fmt,
    sync::{
        Arc, PoisonError, RwLock,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
};

use aws_lc_rs::{
    error::Unspecified,
    signature::{ParsedPublicKey, RSA_PKCS1_2048_8192_SHA256, RsaPublicKeyComponents},
};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use jsonwebtoken::jwk::{AlgorithmParameters, Jwk, KeyAlgorithm, KeyOperations, PublicKeyUse};
use serde::Deserialize;

use crate::{FiefError, client::Inner, flight::Flight};

/// A key that verifies RS256 signatures, parsed once.
pub(crate) struct Key {
    kid: Option<String>,
    modulus: Vec<u8>,
    exponent: Vec<u8>,
    parsed: ParsedPublicKey,
    /// Cleared when the key leaves Fief's set: tokens that it verified before are checked against this.
    published: AtomicBool,
}

/// The keys of one answer.
#[derive(Debug)]
pub(crate) struct KeySet {
    keys: Vec<Arc<Key>>,
    fetched_at: u64,
}

/// Fief's signing keys ([RFC 7517](https://www.rfc-editor.org/rfc/rfc7517)): cached, renewed in the background,
/// kept while Fief is away.
#[derive(Debug)]
pub(crate) struct Keys {
    latest: RwLock<Option<Arc<KeySet>>>,
    /// When the last attempt ended, and whether it failed.
    attempted_at: AtomicU64,
    failed: AtomicBool,
    /// When an unknown key id last led to a fetch.
    missed_at: AtomicU64,
    flight: Flight<Arc<KeySet>>,
}

impl Keys {
    pub(crate) fn new() -> Self {
        Self {
            latest: RwLock::new(None),
            attempted_at: AtomicU64::new(0),
            failed: AtomicBool::new(false),
            missed_at: AtomicU64::new(0),
            flight: Flight::new(),
        }
    }

    /// Returns the set to verify with: a fresh one, or while Fief is away an older one.
    pub(crate) async fn get(&self, client: &Arc<Inner>) -> Result<Arc<KeySet>, FiefError> {
        let now = client.now();
        let Some(set) = self.latest() else {
            return self.fetch(client).await;
        };
        match set.age(now) {
            Some(age) if age < RENEW_AFTER => {}
            Some(age) if age < MAX_AGE => self.fetch_in_background(client, now),
            Some(age) if age < MAX_STALE => {
                if !self.failed.load(Ordering::Relaxed) {
                    return self.fetch(client).await.or(Ok(set));
                }
                self.fetch_in_background(client, now);
            }
            // Too old, or from a time that has not come: only a new one will do.
            _ => return self.fetch(client).await,
        }
        Ok(set)
    }

    /// Returns the key that a token names, after one more fetch where it is unknown and the cool-down is over.
    pub(crate) async fn find(
        &self,
        client: &Arc<Inner>,
        kid: Option<&str>,
    ) -> Result<Option<Arc<Key>>, FiefError> {
        let set = self.get(client).await?;
        if let Some(key) = set.find(kid) {
            return Ok(Some(key));
        }
        let now = client.now();
        let missed_at = self.missed_at.load(Ordering::Relaxed);
        // A clock that went back does not end the cool-down early, nor make it last.
        let cooling = missed_at != 0 && now.abs_diff(missed_at) < COOL_DOWN;
        let ours = !cooling
            && self
                .missed_at
                .compare_exchange(missed_at, now, Ordering::Relaxed, Ordering::Relaxed)
                .is_ok();
        if !ours {
            return Ok(None);
        }
        Ok(self.fetch(client).await?.find(kid))
    }

    fn latest(&self) -> Option<Arc<KeySet>> {
        self.latest
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    async fn fetch(&self, client: &Arc<Inner>) -> Result<Arc<KeySet>, FiefError> {
        self.flight.join(|| fetch(Arc::clone(client))).await
    }

    fn fetch_in_background(&self, client: &Arc<Inner>, now: u64) {
        if now.abs_diff(self.attempted_at.load(Ordering::Relaxed)) < RETRY_AFTER {
            return;
        }
        if let Err(error) = self.flight.start(|| fetch(Arc::clone(client))) {
            tracing::debug!(%error, "the keys cannot be renewed");
        }
    }

    /// Takes a new set in; keys that were there before stay the same objects, keys that left are marked.
    fn store(&self, mut keys: Vec<Arc<Key>>, now: u64) -> Arc<KeySet> {
        let mut latest = self.latest.write().unwrap_or_else(PoisonError::into_inner);
        let before = latest
            .as_ref()
            .map(|set| set.keys.as_slice())
            .unwrap_or_default();
        for key in &mut keys {
            if let Some(known) = before.iter().find(|known| known.is_same(key)) {
                *key = Arc::clone(known);
            }
        }
        for gone in before
            .iter()
            .filter(|known| !keys.iter().any(|key| key.is_same(known)))
        {
            gone.published.store(false, Ordering::Relaxed);
        }
        let set = Arc::new(KeySet {
            keys,
            fetched_at: now,
        });
        *latest = Some(Arc::clone(&set));
        set
    }
}

async fn fetch(client: Arc<Inner>) -> Result<Arc<KeySet>, FiefError> {
    let fetched = fetch_keys(&client).await;
    let keys = &client.keys;
    keys.attempted_at.store(client.now(), Ordering::Relaxed);
    keys.failed.store(fetched.is_err(), Ordering::Relaxed);
    match fetched {
        Ok(fetched) => Ok(keys.store(fetched, client.now())),
        Err(error) => {
            tracing::warn!(%error, "Fief's keys could not be fetched");
            Err(error)
        }
    }
}

async fn fetch_keys(client: &Arc<Inner>) -> Result<Vec<Arc<Key>>, FiefError> {
    let metadata = client.discovery.get(client).await?;
    let (url, now) = (client.base.join(&metadata.jwks), client.now());
    let document: Document = client.http.document(url, LIMIT, now).await?;
    if document.keys.len() > MAX_KEYS {
        return Err(FiefError::ResponseInvalid("the key set has too many keys"));
    }
    let keys: Vec<_> = document
        .keys
        .into_iter()
        .filter_map(Key::parse)
        .map(Arc::new)
        .collect();
    if keys.is_empty() {
        return Err(FiefError::ResponseInvalid("the key set has no RS256 key"));
    }
    Ok(keys)
}

/// Each key on its own, so that one that is broken does not spoil the others.
#[derive(Deserialize)]
struct Document {
    keys: Vec<serde_json::Value>,
}

impl KeySet {
    fn find(&self, kid: Option<&str>) -> Option<Arc<Key>> {
        match (kid, self.keys.as_slice()) {
            (Some(kid), keys) => keys
                .iter()
                .find(|key| key.kid.as_deref() == Some(kid))
                .cloned(),
            (None, [only]) => Some(Arc::clone(only)),
            (None, _) => None,
        }
    }

    /// Its age in seconds; none when the clock went back behind its arrival.
    fn age(&self, now: u64) -> Option<u64> {
        now.checked_sub(self.fetched_at)
    }
}

impl Key {
    fn parse(jwk: serde_json::Value) -> Option<Self> {
        let jwk: Jwk = serde_json::from_value(jwk).ok()?;
        let AlgorithmParameters::RSA(rsa) = &jwk.algorithm else {
            return None;
        };
        let common = &jwk.common;
        let signs = common
            .public_key_use
            .as_ref()
            .is_none_or(|usage| *usage == PublicKeyUse::Signature)
            && common
                .key_operations
                .as_ref()
                .is_none_or(|all| all.contains(&KeyOperations::Verify))
            && common
                .key_algorithm
                .is_none_or(|algorithm| algorithm == KeyAlgorithm::RS256);
        let modulus = URL_SAFE_NO_PAD.decode(&rsa.n).ok()?;
        let exponent = URL_SAFE_NO_PAD.decode(&rsa.e).ok()?;
        let strong = (2048 / 8..=8192 / 8).contains(&modulus.len())
            && modulus.first().is_some_and(|byte| byte & 0x80 != 0)
            && is_sound_exponent(&exponent);
        if !signs || !strong {
            return None;
        }
        let components = RsaPublicKeyComponents {
            n: &modulus,
            e: &exponent,
        };
        let parsed = components
            .to_parsed_public_key(&RSA_PKCS1_2048_8192_SHA256)
            .ok()?;
        Some(Self {
            kid: jwk.common.key_id,
            modulus,
            exponent,
            parsed,
            published: AtomicBool::new(true),
        })
    }

    pub(crate) fn verify(&self, message: &[u8], signature: &[u8]) -> Result<(), Unspecified> {
        self.parsed.verify_sig(message, signature)
    }

    /// Whether Fief still publishes it.
    pub(crate) fn is_published(&self) -> bool {
        self.published.load(Ordering::Relaxed)
    }

    fn is_same(&self, other: &Self) -> bool {
        self.kid == other.kid && self.modulus == other.modulus && self.exponent == other.exponent
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Key")
            .field("kid", &self.kid)
            .finish_non_exhaustive()
    }
}

/// Odd, at least 3, and at most 32 bits, which is all that verification libraries agree on.
fn is_sound_exponent(exponent: &[u8]) -> bool {
    let odd = exponent.last().is_some_and(|byte| byte & 1 == 1);
    odd && exponent.len() <= 4 && exponent.first() != Some(&0) && exponent != [1]
}

// Seconds.
const RENEW_AFTER: u64 = 8 * 60;
const MAX_AGE: u64 = 10 * 60;
const MAX_STALE: u64 = 24 * 3600;
const RETRY_AFTER: u64 = 30;
const COOL_DOWN: u64 = 30;

const MAX_KEYS: usize = 64;
const LIMIT: usize = 512 * 1024;
