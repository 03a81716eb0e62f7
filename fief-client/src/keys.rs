use std::{
    sync::{
        Arc, PoisonError, RwLock,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use crate::{
    Fief, FiefError,
    backoff::Backoff,
    client::Inner,
    flight::Flight,
    jwks::{CLOCK_STEP, KeySet, fetch_keys},
    key::Key,
    metrics,
};

/// Fief's signing keys: cached, renewed in the background, kept while Fief is away.
#[derive(Debug)]
pub(crate) struct Keys {
    latest: RwLock<Option<Arc<KeySet>>>,
    /// The time in which the latest set serves and there is nothing to do for it.
    settled_from: AtomicU64,
    settled_until: AtomicU64,
    backoff: Backoff,
    /// When an unknown key id last led to a fetch.
    missed_at: AtomicU64,
    flight: Flight<Arc<KeySet>>,
}

impl Fief {
    /// Fetches what Fief publishes, its discovery document and keys, unless they are known.
    ///
    /// Nobody has to call this, the first use does the same. It is for programs that do not want to start
    /// without Fief.
    ///
    /// # Errors
    /// [`FiefError::Transport`], [`FiefError::Request`], [`FiefError::ResponseInvalid`]: no usable answer.
    pub async fn connect(&self) -> Result<(), FiefError> {
        self.inner.keys.get(&self.inner).await.map(|_| ())
    }

    /// Returns the age of Fief's keys, or none while there are none to verify tokens with. Sends nothing.
    ///
    /// Keys are renewed about every eight minutes; an age of more than ten tells that Fief does not answer.
    /// After 24 hours they no longer serve.
    #[must_use]
    pub fn ready(&self) -> Option<Duration> {
        let set = self.inner.keys.latest()?;
        let age = set.age(self.inner.clock.now())?;
        (age < MAX_STALE).then(|| Duration::from_secs(age))
    }
}

impl Keys {
    pub(crate) fn new() -> Self {
        Self {
            latest: RwLock::new(None),
            settled_from: AtomicU64::new(0),
            settled_until: AtomicU64::new(0),
            backoff: Backoff::new(),
            missed_at: AtomicU64::new(0),
            flight: Flight::new(),
        }
    }

    /// Whether the set that is there serves now, and nothing is to be done for it. Takes no lock.
    pub(crate) fn is_settled(&self, now: u64) -> bool {
        self.settled_from.load(Ordering::Relaxed) <= now
            && now <= self.settled_until.load(Ordering::Relaxed)
    }

    /// Returns the set to verify with: a fresh one, or while Fief is away an older one.
    pub(crate) async fn get(&self, client: &Arc<Inner>) -> Result<Arc<KeySet>, FiefError> {
        let now = client.clock.now();
        let Some(set) = self.latest() else {
            return self.fetch_unless_waiting(client, None, now).await;
        };
        if self.is_settled(now) {
            return Ok(set);
        }
        match set.age(now) {
            Some(age) if age < MAX_AGE || age < MAX_STALE && self.backoff.failed_lately(now) => {
                self.fetch_in_background(client, &set, now);
                Ok(set)
            }
            Some(age) if age < MAX_STALE => match self.fetch(client, Some(&set)).await {
                Ok(newer) => Ok(newer),
                // Whoever was slower to get the news may find that others had better ones since.
                Err(_) => Ok(self.latest().unwrap_or(set)),
            },
            // Too old, or from a time that has not come: only a new one will do.
            _ => self.fetch_unless_waiting(client, Some(&set), now).await,
        }
    }

    /// Returns the key that a token names where that takes no thought.
    pub(crate) fn find_settled(&self, kid: Option<&str>, now: u64) -> Option<Arc<Key>> {
        let latest = self.latest.read().unwrap_or_else(PoisonError::into_inner);
        let set = latest.as_ref().filter(|_| self.is_settled(now))?;
        set.find(kid).cloned()
    }

    /// Returns the key that a token names, after one more fetch where it is unknown and the cool-down is over.
    pub(crate) async fn find(
        &self,
        client: &Arc<Inner>,
        kid: Option<&str>,
    ) -> Result<Option<Arc<Key>>, FiefError> {
        let set = self.get(client).await?;
        if let Some(key) = set.find(kid) {
            return Ok(Some(Arc::clone(key)));
        }
        let now = client.clock.now();
        if self.is_unknown(kid, now) {
            return Ok(self.latest().and_then(|set| set.find(kid).cloned()));
        }
        let work = || fetch(Arc::clone(client), Some(Arc::clone(&set)));
        let newer = self.flight.join_if(|| self.may_miss(now), work).await?;
        let newer = newer.or_else(|| self.latest());
        Ok(newer.and_then(|set| set.find(kid).cloned()))
    }

    /// Whether a key id that is not in the set is not worth a fetch now, nor waiting for one.
    ///
    /// A set may have come since it was looked for: look once more.
    pub(crate) fn is_unknown(&self, kid: Option<&str>, now: u64) -> bool {
        kid.is_none()
            || self.is_cooling(now, ATTEMPT)
            || self.is_cooling(now, 0) && self.flight.is_over()
    }

    /// Whether an unknown key id led to a fetch within the cool-down, but at least so many seconds ago.
    fn is_cooling(&self, now: u64, more_than: u64) -> bool {
        let missed_at = self.missed_at.load(Ordering::Relaxed);
        // A clock that went back does not prolong it.
        let since = now.abs_diff(missed_at);
        missed_at != 0 && since < COOL_DOWN && since >= more_than
    }

    /// Whether an unknown key id may lead to a fetch now, which begins the cool-down.
    fn may_miss(&self, now: u64) -> bool {
        let may = !self.is_cooling(now, 0);
        if may {
            self.missed_at.store(now, Ordering::Relaxed);
        }
        may
    }

    fn latest(&self) -> Option<Arc<KeySet>> {
        let latest = self.latest.read();
        latest.unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Fetches a set newer than `known`.
    async fn fetch(
        &self,
        client: &Arc<Inner>,
        known: Option<&Arc<KeySet>>,
    ) -> Result<Arc<KeySet>, FiefError> {
        let work = || fetch(Arc::clone(client), known.cloned());
        self.flight.join(work).await
    }

    async fn fetch_unless_waiting(
        &self,
        client: &Arc<Inner>,
        known: Option<&Arc<KeySet>>,
        now: u64,
    ) -> Result<Arc<KeySet>, FiefError> {
        match self.backoff.waiting(now) {
            Some(error) => Err(error),
            None => self.fetch(client, known).await,
        }
    }

    /// Lets the others go on with the set that is there until the attempt is over, or the set is too old to serve
    /// without one that failed.
    fn fetch_in_background(&self, client: &Arc<Inner>, set: &Arc<KeySet>, now: u64) {
        let due = set.fetched_at.saturating_add(MAX_AGE - 1);
        let over = now.saturating_add(ATTEMPT);
        let until = if now <= due { over.min(due) } else { over };
        self.settle_latest(set, now, until);
        let work = || fetch(Arc::clone(client), Some(Arc::clone(set)));
        if let Err(error) = self.flight.start(work) {
            tracing::debug!(%error, "the keys cannot be renewed");
        }
    }

    /// Settles on a set unless a newer one came.
    fn settle_latest(&self, set: &Arc<KeySet>, now: u64, until: u64) {
        let latest = self.latest.read().unwrap_or_else(PoisonError::into_inner);
        if latest
            .as_ref()
            .is_some_and(|latest| Arc::ptr_eq(latest, set))
        {
            self.settle(set, now, until);
        }
    }

    /// A clock that goes back by more than a step ends it.
    fn settle(&self, set: &KeySet, now: u64, until: u64) {
        let from = now.saturating_sub(CLOCK_STEP);
        let until = until.min(set.fetched_at.saturating_add(MAX_STALE - 1));
        self.settled_from.store(from, Ordering::Relaxed);
        self.settled_until.store(until, Ordering::Relaxed);
    }

    #[cfg(fuzzing)]
    pub(crate) fn trust(&self, keys: Vec<Key>, now: u64) {
        self.store(keys, now);
        self.settled_until.store(u64::MAX, Ordering::Relaxed);
    }

    fn store(&self, keys: Vec<Key>, now: u64) -> Arc<KeySet> {
        let mut latest = self.latest.write().unwrap_or_else(PoisonError::into_inner);
        let set = Arc::new(KeySet::new(keys, latest.as_deref(), now));
        *latest = Some(Arc::clone(&set));
        self.settle(&set, now, now.saturating_add(RENEW_AFTER));
        metrics::keys(now);
        set
    }
}

async fn fetch(client: Arc<Inner>, known: Option<Arc<KeySet>>) -> Result<Arc<KeySet>, FiefError> {
    let keys = &client.keys;
    let before = keys.latest();
    // Another attempt ended between the caller's look and this one's start.
    if let Some(newer) = &before
        && !known.is_some_and(|known| Arc::ptr_eq(&known, newer))
    {
        return Ok(Arc::clone(newer));
    }
    let fetched = fetch_keys(&client).await;
    let now = client.clock.now();
    match fetched {
        Ok(fetched) => {
            keys.backoff.succeeded();
            Ok(keys.store(fetched, now))
        }
        Err(error) => {
            tracing::warn!(%error, "Fief's keys could not be fetched");
            let delay = keys.backoff.failed(error.clone(), now);
            if let Some(set) = before {
                // Fresh keys serve on: what failed was to find an unknown one.
                let due = set.fetched_at.saturating_add(RENEW_AFTER);
                keys.settle_latest(&set, now, now.saturating_add(delay).max(due));
            }
            Err(error)
        }
    }
}

// Seconds.
const RENEW_AFTER: u64 = 8 * 60;
const MAX_AGE: u64 = 10 * 60;
const MAX_STALE: u64 = 24 * 3600;
const COOL_DOWN: u64 = 30;
/// More than any attempt takes.
const ATTEMPT: u64 = 12;
