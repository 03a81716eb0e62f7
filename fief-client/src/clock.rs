use std::time::{Duration, SystemTime, UNIX_EPOCH};

use crate::{Reason, transport::LogLimit};

/// The client's clock, and by how much Fief's may differ from it.
pub(crate) struct Clock {
    time: Box<dyn Fn() -> SystemTime + Send + Sync>,
    /// Seconds.
    pub(crate) leeway: u64,
    warning: LogLimit,
}

impl Clock {
    pub(crate) fn new(time: Box<dyn Fn() -> SystemTime + Send + Sync>, leeway: Duration) -> Self {
        Self {
            time,
            leeway: leeway.as_secs(),
            warning: LogLimit::every(WARNING_PERIOD),
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
        if let Some(omitted) = self.warning.permit(self.now()) {
            tracing::warn!(
                claim = name,
                seconds = by.as_secs(),
                omitted,
                "the clock of Fief is ahead of this machine's: tokens are rejected until the clocks agree"
            );
        }
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
