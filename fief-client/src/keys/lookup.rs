use std::sync::{Arc, PoisonError};

use super::{KeyGroup, KeySet, Keys, cooldown::Budget};
use crate::{FiefError, clock::Clock, transport::Work};

impl Keys {
    /// Returns the keys for a token's `kid`, if the latest set needs no renewal.
    pub(crate) fn find_without_renewal(
        &self,
        kid: Option<&str>,
        now: u64,
    ) -> Option<Arc<KeyGroup>> {
        let latest = self.latest.read().unwrap_or_else(PoisonError::into_inner);
        let set = latest.as_ref().filter(|_| self.needs_no_renewal(now))?;
        set.find(kid).cloned()
    }

    /// Returns the keys for a token's `kid`, or `None` if Fief publishes none. An unknown `kid` causes a
    /// fetch, unless the budget's cool-down is running: then a fetch in flight is joined.
    pub(crate) async fn find<F: Work<Arc<KeySet>>>(
        &self,
        kid: Option<&str>,
        budget: Budget,
        clock: &Clock,
        fetch: impl Fn(Option<Arc<KeySet>>) -> F,
    ) -> Result<Option<Arc<KeyGroup>>, FiefError> {
        let set = self.usable_set(clock, &fetch).await?;
        if let Some(keys) = set.find(kid) {
            return Ok(Some(Arc::clone(keys)));
        }
        let now = clock.now();
        match budget {
            Budget::Callers => self.find_for_caller(kid, &set, now, fetch).await,
            Budget::TokenEndpoint => self.find_for_token_endpoint(kid, set, now, fetch).await,
        }
    }

    /// Returns the keys for an unknown `kid` that a caller sent. In the cool-down it is `None`, also if a fetch
    /// that was joined failed.
    async fn find_for_caller<F: Work<Arc<KeySet>>>(
        &self,
        kid: Option<&str>,
        set: &Arc<KeySet>,
        now: u64,
        fetch: impl Fn(Option<Arc<KeySet>>) -> F,
    ) -> Result<Option<Arc<KeyGroup>>, FiefError> {
        let cooldown = self.cooldowns.of(Budget::Callers);
        let was_running = cooldown.is_running(now, 0);
        if self.is_miss_final(kid, Budget::Callers, now) {
            return Ok(self.find_in_latest(kid));
        }
        let fetch = || fetch(Some(Arc::clone(set)));
        let try_begin = || cooldown.try_begin(now) && self.cooldowns.set_awaited(kid);
        let fetched = match self.flight.enter() {
            Ok(_place) => self.flight.join_if(try_begin, fetch).await,
            Err(error) => Err(error),
        };
        match fetched {
            Ok(Some(newer)) => Ok(newer.find(kid).cloned()),
            Err(error) if !was_running => Err(error),
            Ok(None) | Err(_) => Ok(self.find_in_latest(kid)),
        }
    }

    /// Returns the keys for an unknown `kid` that Fief's token endpoint sent. `None` means that a set was fetched
    /// within the cool-down and lacks it; if the fetch failed, this is an error.
    async fn find_for_token_endpoint<F: Work<Arc<KeySet>>>(
        &self,
        kid: Option<&str>,
        mut known: Arc<KeySet>,
        now: u64,
        fetch: impl Fn(Option<Arc<KeySet>>) -> F,
    ) -> Result<Option<Arc<KeyGroup>>, FiefError> {
        let cooldown = self.cooldowns.of(Budget::TokenEndpoint);
        let mut failure = None;
        // The first fetch may have begun before Fief had the key, if it was in flight already.
        for _ in 0..2 {
            let fetch = || fetch(Some(Arc::clone(&known)));
            let try_begin = || cooldown.try_begin(now) && self.cooldowns.unset_awaited();
            match self.flight.join_if(try_begin, fetch).await {
                Ok(Some(newer)) => (known, failure) = (newer, None),
                Ok(None) => break,
                Err(error) => failure = Some(error),
            }
            if let Some(keys) = known.find(kid) {
                return Ok(Some(Arc::clone(keys)));
            }
        }
        let found = self.find_in_latest(kid);
        match failure.or_else(|| self.backoff.latest_error()) {
            Some(error) if found.is_none() => Err(error),
            Some(_) | None => Ok(found),
        }
    }

    /// Returns `true` if a failed lookup is not worth waiting for: the token has no `kid`, the fetch that an unknown
    /// one caused has ended within the cool-down, or another unknown `kid` waits for the fetch in flight.
    ///
    /// A new set may have arrived since the lookup: look the keys up again.
    pub(crate) fn is_miss_final(&self, kid: Option<&str>, budget: Budget, now: u64) -> bool {
        let cooldown = self.cooldowns.of(budget);
        match budget {
            Budget::Callers if kid.is_none() || cooldown.is_running(now, self.attempt_limit) => {
                true
            }
            Budget::Callers if self.flight.is_idle() => cooldown.is_running(now, 0),
            Budget::Callers => !self.cooldowns.may_await(kid),
            // Whether the fetch failed makes a difference.
            Budget::TokenEndpoint => false,
        }
    }

    fn find_in_latest(&self, kid: Option<&str>) -> Option<Arc<KeyGroup>> {
        self.latest().and_then(|set| set.find(kid).cloned())
    }
}
