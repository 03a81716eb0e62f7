use std::{
    sync::atomic::{AtomicU64, Ordering},
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use crate::Reason;

/// The client's clock, and by how much Fief's may differ from it.
pub(crate) struct Clock {
    time: Box<dyn Fn() -> SystemTime + Send + Sync>,
    /// Seconds.
    pub(crate) leeway: u64,
    /// When the last warning was logged, in seconds of Unix time. 0 is never.
    warned_at: AtomicU64,
}

impl Clock {
    pub(crate) fn new(time: Box<dyn Fn() -> SystemTime + Send + Sync>, leeway: Duration) -> Self {
        Self {
            time,
            leeway: leeway.as_secs(),
            warned_at: AtomicU64::new(0),
        }
    }

    pub(crate) fn time(&self) -> SystemTime {
        (self.time)()
    }

    /// Returns the time in seconds of Unix time.
    pub(crate) fn now(&self) -> u64 {
        unix_seconds(self.time())
    }

    /// Logs that Fief's clock is ahead if this is why a token that Fief signed is rejected, at most once a minute.
    pub(crate) fn warn_if_behind(&self, reason: Reason) {
        let Reason::NotYetValid { name, by } = reason else {
            return;
        };
        let now = self.now();
        let warned_at = self.warned_at.load(Ordering::Relaxed);
        // A clock that was set back ends the pause, or prolongs it by less than a minute.
        let is_due = warned_at == 0 || now.abs_diff(warned_at) >= WARNING_PERIOD;
        if is_due && self.set_warned(warned_at, now) {
            tracing::warn!(
                claim = name,
                seconds = by.as_secs(),
                "the clock of Fief is ahead of this machine's: tokens are rejected until the clocks agree"
            );
        }
    }

    /// Returns `true` for one of the callers that call it with the same `before`.
    fn set_warned(&self, before: u64, now: u64) -> bool {
        let (success, failure) = (Ordering::Relaxed, Ordering::Relaxed);
        let set = self
            .warned_at
            .compare_exchange(before, now, success, failure);
        set.is_ok()
    }
}

/// Seconds.
const WARNING_PERIOD: u64 = 60;

/// Returns whole seconds of Unix time. A time before 1970 becomes the end of time, when nothing is valid.
#[must_use]
pub fn unix_seconds(time: SystemTime) -> u64 {
    time.duration_since(UNIX_EPOCH)
        .map_or(u64::MAX, |since| since.as_secs())
}

/// Returns the time of seconds of Unix time, or `None` if the platform's clock does not reach it.
#[must_use]
pub fn from_unix_seconds(seconds: u64) -> Option<SystemTime> {
    UNIX_EPOCH.checked_add(Duration::from_secs(seconds))
}
