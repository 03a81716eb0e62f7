use std::sync::atomic::{AtomicU64, Ordering};

use uuid::Uuid;

/// What has happened to users, for each share of them: what is said of one may be of
/// another one, which costs a request to Fief.
pub(super) struct Changes([Share; 64]);

struct Share {
    /// Counts updates, invalidations and rejections. One that happens during a fetch
    /// makes its result outdated.
    version: AtomicU64,
    /// When a user was last changed or invalidated, in seconds of Unix time.
    latest: AtomicU64,
}

impl Changes {
    pub(super) fn new() -> Self {
        let share = |()| Share {
            version: AtomicU64::new(0),
            latest: AtomicU64::new(0),
        };
        Self([(); 64].map(share))
    }

    pub(super) fn version(&self, user: Uuid) -> u64 {
        self.share(user).version.load(Ordering::Acquire)
    }

    /// Makes the results of fetches in flight outdated.
    pub(super) fn count(&self, user: Uuid) {
        self.share(user).version.fetch_add(1, Ordering::AcqRel);
    }

    /// Returns when a user was last changed.
    pub(super) fn latest(&self, user: Uuid) -> u64 {
        self.share(user).latest.load(Ordering::Acquire)
    }

    pub(super) fn record(&self, user: Uuid, now: u64) {
        self.share(user).latest.fetch_max(now, Ordering::AcqRel);
    }

    fn share(&self, user: Uuid) -> &Share {
        let [.., last] = user.into_bytes();
        let [first, ..] = &self.0;
        self.0.get(usize::from(last % 64)).unwrap_or(first)
    }
}
