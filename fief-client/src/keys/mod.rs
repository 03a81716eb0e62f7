mod cooldown;
mod group;
mod health;
mod key;
mod lookup;
mod set;

use std::{
    future::Future,
    sync::{
        Arc, PoisonError, RwLock,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

pub use self::health::{Failure, FailureKind, Health};
#[cfg(fuzzing)]
pub(crate) use self::set::parse;
pub(crate) use self::{
    cooldown::Budget,
    group::KeyGroup,
    key::Key,
    set::{KeySet, fetch},
};
use self::{cooldown::Cooldowns, set::CLOCK_STEP};
use crate::{
    FiefError,
    clock::{Clock, from_unix_seconds},
    error::Chain,
    metrics,
    transport::{Backoff, LogLimit, SingleFlight, Timeouts, Work},
};

/// Cache of Fief's signing keys.
///
/// The latest set is used until it is [`RENEW_AFTER`] old, then while a renewal runs in the background. From
/// [`AWAIT_RENEWAL_AFTER`] on the first caller waits for a renewal, unless one failed within ten minutes, and from [`DISCARD_AFTER`] on it is not used.
///
/// Callers pass `fetch`: given the set they know, it returns a future that calls [`renew`](Self::renew) to
/// replace it.
#[derive(Debug)]
pub(crate) struct Keys {
    latest: RwLock<Option<Arc<KeySet>>>,
    /// The period in which the latest set is used and no renewal is started, as Unix timestamps in seconds.
    quiet_from: AtomicU64,
    quiet_until: AtomicU64,
    backoff: Backoff,
    cooldowns: Cooldowns,
    warning: LogLimit,
    flight: SingleFlight<Arc<KeySet>>,
    /// Seconds: longer than any attempt to fetch the keys takes.
    attempt_limit: u64,
}

impl Keys {
    pub(crate) fn new(timeouts: Timeouts) -> Self {
        Self {
            latest: RwLock::new(None),
            quiet_from: AtomicU64::new(0),
            quiet_until: AtomicU64::new(0),
            backoff: Backoff::new(1, MAX_DELAY),
            cooldowns: Cooldowns::new(),
            warning: LogLimit::default(),
            flight: SingleFlight::new(timeouts),
            attempt_limit: timeouts.of_two_requests(),
        }
    }

    /// Returns `true` if the latest set can be used and no renewal is to be started. Takes no lock.
    pub(crate) fn needs_no_renewal(&self, now: u64) -> bool {
        self.quiet_from.load(Ordering::Relaxed) <= now
            && now <= self.quiet_until.load(Ordering::Relaxed)
    }

    /// Returns the set to verify with. Waits for a renewal that this call starts if the latest set is
    /// older than [`AWAIT_RENEWAL_AFTER`] and no attempt failed within the last ten minutes.
    pub(crate) async fn usable_set<F: Work<Arc<KeySet>>>(
        &self,
        clock: &Clock,
        fetch: impl Fn(Option<Arc<KeySet>>) -> F,
    ) -> Result<Arc<KeySet>, FiefError> {
        let now = clock.now();
        let Some(set) = self.latest() else {
            return self.fetch_unless_backing_off(now, || fetch(None)).await;
        };
        if self.needs_no_renewal(now) {
            return Ok(set);
        }
        let fetch = || {
            self.cooldowns.unset_awaited();
            fetch(Some(Arc::clone(&set)))
        };
        match set.age(now) {
            Some(age)
                if age < AWAIT_RENEWAL_AFTER
                    || age < DISCARD_AFTER && self.has_failed_recently(now) =>
            {
                self.fetch_in_background(&set, now, fetch);
                Ok(set)
            }
            Some(age) if age < DISCARD_AFTER => {
                // Other callers go on with this set meanwhile.
                self.suspend_latest_renewal(&set, now, now.saturating_add(self.attempt_limit));
                match self.flight.lead(fetch).await {
                    Some(Ok(newer)) => Ok(newer),
                    // Another caller may have fetched a newer set in the meantime.
                    Some(Err(_)) | None => Ok(self.latest().unwrap_or(set)),
                }
            }
            // Too old, or from the future: only a new one can be used.
            _ => self.fetch_unless_backing_off(now, fetch).await,
        }
    }

    /// Returns `true` if the last attempt failed, and not so long ago that one is worth waiting for again.
    fn has_failed_recently(&self, now: u64) -> bool {
        self.backoff.has_failed_within(AWAIT_RENEWAL_AFTER, now)
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
        match self.backoff.error_during_delay(now) {
            Some(error) => Err(error),
            None => self.flight.join_if_room(fetch).await,
        }
    }

    /// Starts a renewal in the background. For as long as an attempt may take, other callers keep using the
    /// current set and start no other renewal. Once the set is [`AWAIT_RENEWAL_AFTER`] old, they wait instead.
    fn fetch_in_background<F: Work<Arc<KeySet>>>(
        &self,
        set: &Arc<KeySet>,
        now: u64,
        fetch: impl Fn() -> F,
    ) {
        let last_use = set.fetched_at.saturating_add(AWAIT_RENEWAL_AFTER - 1);
        let end = now.saturating_add(self.attempt_limit);
        let until = if now <= last_use {
            end.min(last_use)
        } else {
            end
        };
        self.suspend_latest_renewal(set, now, until);
        if let Err(error) = self.flight.start(fetch) {
            tracing::debug!(error = %Chain(&error), "failed to start renewing the signing keys");
        }
    }

    /// Stores the keys that `fetch` returns as a new set, unless there is one newer than `known` already.
    pub(crate) async fn renew(
        &self,
        known: Option<Arc<KeySet>>,
        fetch: impl Future<Output = Result<Vec<Key>, FiefError>>,
        clock: &Clock,
    ) -> Result<Arc<KeySet>, FiefError> {
        let previous = self.latest();
        // Another attempt ended between the lookup of the caller and the start of this one.
        if let Some(newer) = &previous
            && !known.is_some_and(|known| Arc::ptr_eq(&known, newer))
        {
            return Ok(Arc::clone(newer));
        }
        let fetched = fetch.await;
        let now = clock.now();
        match fetched {
            Ok(keys) => {
                self.backoff.record_success();
                Ok(self.store(keys, now))
            }
            Err(error) => {
                if let Some(omitted) = self.warning.permit(now) {
                    let error = Chain(&error);
                    tracing::warn!(%error, omitted, "failed to fetch the signing keys");
                }
                let delay = self.backoff.record_failure(error.clone(), now);
                // A set of unknown age may be too old to be used.
                if let Some(set) = previous.filter(|set| set.age(now).is_some()) {
                    // A set that is not due for renewal stays in use: only the lookup of an unknown key failed.
                    let renewal_at = set.fetched_at.saturating_add(RENEW_AFTER);
                    self.suspend_latest_renewal(
                        &set,
                        now,
                        now.saturating_add(delay).max(renewal_at),
                    );
                }
                Err(error)
            }
        }
    }

    /// Returns the age of the latest set in seconds, if it can still be used.
    pub(crate) fn age(&self, now: u64) -> Option<u64> {
        let age = self.latest()?.age(now)?;
        (age < DISCARD_AFTER).then_some(age)
    }

    /// Returns the health at a time. Takes no lock for long, and starts nothing.
    pub(crate) fn health(&self, clock: &Clock) -> Health {
        let failure = self.backoff.latest_failure();
        Health {
            keys_age: self.age(clock.now()).map(Duration::from_secs),
            last_failure: failure
                .and_then(|(error, at)| Failure::new(&error, from_unix_seconds(at)?)),
        }
    }

    /// Calls [`suspend_renewal`](Self::suspend_renewal), unless there is a newer set.
    fn suspend_latest_renewal(&self, set: &Arc<KeySet>, now: u64, until: u64) {
        let latest = self.latest.read().unwrap_or_else(PoisonError::into_inner);
        if latest
            .as_ref()
            .is_some_and(|latest| Arc::ptr_eq(latest, set))
        {
            self.suspend_renewal(set, now, until);
        }
    }

    /// Lets the latest set be used without a renewal until then, or until the clock is set back by more than a
    /// step.
    fn suspend_renewal(&self, set: &KeySet, now: u64, until: u64) {
        let from = now.saturating_sub(CLOCK_STEP);
        let until = until.min(set.fetched_at.saturating_add(DISCARD_AFTER - 1));
        self.quiet_from.store(from, Ordering::Relaxed);
        self.quiet_until.store(until, Ordering::Relaxed);
    }

    #[cfg(fuzzing)]
    pub(crate) fn trust(&self, keys: Vec<Key>, now: u64) {
        self.store(keys, now);
        self.quiet_until.store(u64::MAX, Ordering::Relaxed);
    }

    /// Stores a set, which replaces the latest one and needs no renewal at first.
    fn store(&self, keys: Vec<Key>, now: u64) -> Arc<KeySet> {
        let mut latest = self.latest.write().unwrap_or_else(PoisonError::into_inner);
        let set = Arc::new(KeySet::new(keys, latest.as_deref(), now));
        *latest = Some(Arc::clone(&set));
        self.suspend_renewal(&set, now, now.saturating_add(RENEW_AFTER));
        metrics::keys(now);
        set
    }
}

/// Of the back-off, in seconds.
const MAX_DELAY: u64 = 30;
/// Age in seconds at which a set is renewed in the background.
const RENEW_AFTER: u64 = 8 * 60;
/// Age in seconds at which callers wait for the renewal.
const AWAIT_RENEWAL_AFTER: u64 = 10 * 60;
/// Age in seconds at which a set is not used any more, even if Fief is unreachable.
const DISCARD_AFTER: u64 = 24 * 3600;
