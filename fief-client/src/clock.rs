use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// The client's clock, and by how much Fief's may differ from it.
pub(crate) struct Clock {
    time: Box<dyn Fn() -> SystemTime + Send + Sync>,
    /// Seconds.
    pub(crate) leeway: u64,
}

impl Clock {
    pub(crate) fn new(time: Box<dyn Fn() -> SystemTime + Send + Sync>, leeway: Duration) -> Self {
        Self {
            time,
            leeway: leeway.as_secs(),
        }
    }

    pub(crate) fn time(&self) -> SystemTime {
        (self.time)()
    }

    /// Returns the time in seconds of Unix time.
    pub(crate) fn now(&self) -> u64 {
        unix_seconds(self.time())
    }
}

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
