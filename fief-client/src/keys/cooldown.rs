use std::{
    hash::{BuildHasher, RandomState},
    sync::atomic::{AtomicU64, Ordering},
};

/// Budget that pays for the fetch that an unknown key id causes.
///
/// Each has a cool-down of its own, so that what anonymous callers send does not delay logins and refreshes.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Budget {
    /// That of tokens that callers send. They may be anonymous, and can make up key ids at no cost.
    Callers,
    /// That of tokens that Fief's token endpoint sent: their key ids are Fief's.
    TokenEndpoint,
}

/// Cool-downs after fetches that unknown key ids caused, one for each [`Budget`].
#[derive(Debug)]
pub(super) struct Cooldowns {
    callers: Cooldown,
    token_endpoint: Cooldown,
    /// The hash of the one key id of callers that may wait for the fetch in flight, or 0.
    awaited: AtomicU64,
    hasher: RandomState,
}

impl Cooldowns {
    pub(super) fn new() -> Self {
        Self {
            callers: Cooldown::new(30),
            token_endpoint: Cooldown::new(5),
            awaited: AtomicU64::new(0),
            hasher: RandomState::new(),
        }
    }

    /// Stores the key id of a caller that causes a fetch, and returns `true`.
    pub(super) fn set_awaited(&self, kid: Option<&str>) -> bool {
        let hash = self.hasher.hash_one(kid);
        self.awaited.store(hash, Ordering::Relaxed);
        true
    }

    /// Forgets it when a fetch begins that has another cause, and returns `true`.
    pub(super) fn unset_awaited(&self) -> bool {
        self.awaited.store(0, Ordering::Relaxed);
        true
    }

    /// Returns `true` if a caller with this key id may wait for the fetch in flight: if it caused the fetch, or if
    /// no caller did and it is the first one.
    pub(super) fn may_await(&self, kid: Option<&str>) -> bool {
        let hash = self.hasher.hash_one(kid);
        let (success, failure) = (Ordering::Relaxed, Ordering::Relaxed);
        let stored = self.awaited.compare_exchange(0, hash, success, failure);
        stored.is_ok() || stored == Err(hash)
    }

    pub(super) fn of(&self, budget: Budget) -> &Cooldown {
        match budget {
            Budget::Callers => &self.callers,
            Budget::TokenEndpoint => &self.token_endpoint,
        }
    }
}

/// Time after a fetch in which there is no other one, for the whole process and also if it failed.
#[derive(Debug)]
pub(super) struct Cooldown {
    /// Seconds.
    length: u64,
    /// When the last fetch began, as a Unix timestamp in seconds. 0 is never.
    began_at: AtomicU64,
}

impl Cooldown {
    fn new(length: u64) -> Self {
        Self {
            length,
            began_at: AtomicU64::new(0),
        }
    }

    /// Returns `true` if the cool-down is running, and began at least `min_age` seconds ago.
    pub(super) fn is_running(&self, now: u64, min_age: u64) -> bool {
        let began_at = self.began_at.load(Ordering::Relaxed);
        // Setting the clock back ends the cool-down, or prolongs it by less than its length.
        let since = now.abs_diff(began_at);
        began_at != 0 && since < self.length && since >= min_age
    }

    /// Begins the cool-down unless it is running, and returns `true` if there may be a fetch. Is called by one
    /// caller at a time.
    pub(super) fn try_begin(&self, now: u64) -> bool {
        let is_allowed = !self.is_running(now, 0);
        if is_allowed {
            self.began_at.store(now, Ordering::Relaxed);
        }
        is_allowed
    }
}
