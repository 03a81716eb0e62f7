mod backoff;
pub(crate) mod flight;
mod key;
mod set;

use std::{
    future::Future,
    sync::{
        Arc, PoisonError, RwLock,
        atomic::{AtomicU64, Ordering},
    },
};

#[cfg(fuzzing)]
pub(crate) use self::set::parse;
use self::{
    backoff::Backoff,
    flight::{SingleFlight, Work},
    set::CLOCK_STEP,
};
pub(crate) use self::{
    key::Key,
    set::{KeySet, fetch},
};
use crate::{FiefError, clock::Clock, error::Chain, metrics};

/// Cache of Fief's signing keys, which are renewed in the background and kept while Fief is unreachable.
///
/// The argument `fetch` of its methods returns the work that fetches a set newer than the one it is given,
/// with [`renew`](Self::renew).
#[derive(Debug)]
pub(crate) struct Keys {
    latest: RwLock<Option<Arc<KeySet>>>,
    /// The period in which the latest set is used and needs no renewal, in seconds of Unix time.
    fresh_from: AtomicU64,
    fresh_until: AtomicU64,
    backoff: Backoff,
    /// When an unknown key id last caused a fetch.
    last_miss_at: AtomicU64,
    flight: SingleFlight<Arc<KeySet>>,
}

impl Keys {
    pub(crate) fn new() -> Self {
        Self {
            latest: RwLock::new(None),
            fresh_from: AtomicU64::new(0),
            fresh_until: AtomicU64::new(0),
            backoff: Backoff::new(),
            last_miss_at: AtomicU64::new(0),
            flight: SingleFlight::new(),
        }
    }

    /// Returns `true` if the latest set can be used and needs no renewal. Takes no lock.
    pub(crate) fn is_fresh(&self, now: u64) -> bool {
        self.fresh_from.load(Ordering::Relaxed) <= now
            && now <= self.fresh_until.load(Ordering::Relaxed)
    }

    /// Returns the set to verify with: a fresh one, or an older one while Fief is unreachable.
    pub(crate) async fn get<F: Work<Arc<KeySet>>>(
        &self,
        clock: &Clock,
        fetch: impl Fn(Option<Arc<KeySet>>) -> F,
    ) -> Result<Arc<KeySet>, FiefError> {
        let now = clock.now();
        let Some(set) = self.latest() else {
            return self.fetch_unless_backing_off(now, || fetch(None)).await;
        };
        let fetch = || fetch(Some(Arc::clone(&set)));
        if self.is_fresh(now) {
            return Ok(set);
        }
        match set.age(now) {
            Some(age) if age < MAX_AGE || age < MAX_STALE && self.backoff.failed_recently(now) => {
                self.fetch_in_background(&set, now, fetch);
                Ok(set)
            }
            Some(age) if age < MAX_STALE => match self.flight.join(fetch).await {
                Ok(newer) => Ok(newer),
                // Another caller may have fetched a newer set in the meantime.
                Err(_) => Ok(self.latest().unwrap_or(set)),
            },
            // Too old, or from the future: only a new one can be used.
            _ => self.fetch_unless_backing_off(now, fetch).await,
        }
    }

    /// Returns the key that a token names, if the latest set is fresh.
    pub(crate) fn find_fresh(&self, kid: Option<&str>, now: u64) -> Option<Arc<Key>> {
        let latest = self.latest.read().unwrap_or_else(PoisonError::into_inner);
        let set = latest.as_ref().filter(|_| self.is_fresh(now))?;
        set.find(kid).cloned()
    }

    /// Returns the key that a token names. An unknown one causes a fetch, outside of the cool-down.
    pub(crate) async fn find<F: Work<Arc<KeySet>>>(
        &self,
        kid: Option<&str>,
        clock: &Clock,
        fetch: impl Fn(Option<Arc<KeySet>>) -> F,
    ) -> Result<Option<Arc<Key>>, FiefError> {
        let set = self.get(clock, &fetch).await?;
        if let Some(key) = set.find(kid) {
            return Ok(Some(Arc::clone(key)));
        }
        let now = clock.now();
        if self.is_known_missing(kid, now) {
            return Ok(self.latest().and_then(|set| set.find(kid).cloned()));
        }
        let fetch = || fetch(Some(Arc::clone(&set)));
        let newer = self
            .flight
            .join_if(|| self.try_start_cooldown(now), fetch)
            .await?;
        let newer = newer.or_else(|| self.latest());
        Ok(newer.and_then(|set| set.find(kid).cloned()))
    }

    /// Returns `true` if a key id that is not in the set causes no fetch now, and no fetch is in flight.
    ///
    /// A new set may have arrived since the lookup: look the key up again.
    pub(crate) fn is_known_missing(&self, kid: Option<&str>, now: u64) -> bool {
        kid.is_none()
            || self.in_cooldown(now, MAX_ATTEMPT)
            || self.in_cooldown(now, 0) && self.flight.is_idle()
    }

    /// Returns `true` if an unknown key id caused a fetch within the cool-down, at least `min_age` seconds ago.
    fn in_cooldown(&self, now: u64, min_age: u64) -> bool {
        let last_miss_at = self.last_miss_at.load(Ordering::Relaxed);
        // A clock that was set back does not prolong it.
        let since = now.abs_diff(last_miss_at);
        last_miss_at != 0 && since < COOLDOWN && since >= min_age
    }

    /// Returns `true` if an unknown key id may cause a fetch now, and then starts the cool-down.
    fn try_start_cooldown(&self, now: u64) -> bool {
        let is_allowed = !self.in_cooldown(now, 0);
        if is_allowed {
            self.last_miss_at.store(now, Ordering::Relaxed);
        }
        is_allowed
    }

    fn latest(&self) -> Option<Arc<KeySet>> {
        let latest = self.latest.read();
        latest.unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Fetches a set, or returns the last failure if it is too early for another attempt.
    async fn fetch_unless_backing_off<F: Work<Arc<KeySet>>>(
        &self,
        now: u64,
        fetch: impl Fn() -> F,
    ) -> Result<Arc<KeySet>, FiefError> {
        match self.backoff.retry_blocked(now) {
            Some(error) => Err(error),
            None => self.flight.join(fetch).await,
        }
    }

    /// Starts a renewal. Until it ends, other callers use the present set, if that is not too old to be used
    /// without a failed attempt.
    fn fetch_in_background<F: Work<Arc<KeySet>>>(
        &self,
        set: &Arc<KeySet>,
        now: u64,
        fetch: impl Fn() -> F,
    ) {
        let due = set.fetched_at.saturating_add(MAX_AGE - 1);
        let end = now.saturating_add(MAX_ATTEMPT);
        let until = if now <= due { end.min(due) } else { end };
        self.mark_latest_fresh(set, now, until);
        if let Err(error) = self.flight.start(fetch) {
            tracing::debug!(error = %Chain(&error), "the renewal of the keys cannot start");
        }
    }

    /// Stores the keys that `fetched` returns, unless there is a set newer than `known` already.
    pub(crate) async fn renew(
        &self,
        known: Option<Arc<KeySet>>,
        fetched: impl Future<Output = Result<Vec<Key>, FiefError>>,
        clock: &Clock,
    ) -> Result<Arc<KeySet>, FiefError> {
        let previous = self.latest();
        // Another attempt ended between the lookup of the caller and the start of this one.
        if let Some(newer) = &previous
            && !known.is_some_and(|known| Arc::ptr_eq(&known, newer))
        {
            return Ok(Arc::clone(newer));
        }
        let fetched = fetched.await;
        let now = clock.now();
        match fetched {
            Ok(fetched) => {
                self.backoff.record_success();
                Ok(self.store(fetched, now))
            }
            Err(error) => {
                tracing::warn!(error = %Chain(&error), "the keys could not be fetched");
                let delay = self.backoff.record_failure(error.clone(), now);
                // Without a known age it may be too old to be used.
                if let Some(set) = previous.filter(|set| set.age(now).is_some()) {
                    // Keys that are not due stay in use: only the search for an unknown one failed.
                    let due = set.fetched_at.saturating_add(RENEW_AFTER);
                    self.mark_latest_fresh(&set, now, now.saturating_add(delay).max(due));
                }
                Err(error)
            }
        }
    }

    /// Returns the age of the latest set in seconds, if it can still be used.
    pub(crate) fn age(&self, now: u64) -> Option<u64> {
        let age = self.latest()?.age(now)?;
        (age < MAX_STALE).then_some(age)
    }

    /// Marks a set as fresh, unless there is a newer one.
    fn mark_latest_fresh(&self, set: &Arc<KeySet>, now: u64, until: u64) {
        let latest = self.latest.read().unwrap_or_else(PoisonError::into_inner);
        if latest
            .as_ref()
            .is_some_and(|latest| Arc::ptr_eq(latest, set))
        {
            self.mark_fresh(set, now, until);
        }
    }

    /// Marks a set as fresh until then, or until the clock is set back by more than a step.
    fn mark_fresh(&self, set: &KeySet, now: u64, until: u64) {
        let from = now.saturating_sub(CLOCK_STEP);
        let until = until.min(set.fetched_at.saturating_add(MAX_STALE - 1));
        self.fresh_from.store(from, Ordering::Relaxed);
        self.fresh_until.store(until, Ordering::Relaxed);
    }

    #[cfg(fuzzing)]
    pub(crate) fn trust(&self, keys: Vec<Key>, now: u64) {
        self.store(keys, now);
        self.fresh_until.store(u64::MAX, Ordering::Relaxed);
    }

    /// Stores a set, which succeeds the latest one and is fresh.
    fn store(&self, keys: Vec<Key>, now: u64) -> Arc<KeySet> {
        let mut latest = self.latest.write().unwrap_or_else(PoisonError::into_inner);
        let set = Arc::new(KeySet::new(keys, latest.as_deref(), now));
        *latest = Some(Arc::clone(&set));
        self.mark_fresh(&set, now, now.saturating_add(RENEW_AFTER));
        metrics::keys(now);
        set
    }
}

// Seconds.
const RENEW_AFTER: u64 = 8 * 60;
const MAX_AGE: u64 = 10 * 60;
const MAX_STALE: u64 = 24 * 3600;
const COOLDOWN: u64 = 30;
/// Longer than any attempt.
const MAX_ATTEMPT: u64 = 12;
