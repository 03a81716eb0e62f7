use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// The clock, and by how much Fief's may differ from it.
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

    /// Seconds of Unix time. A clock before 1970 reads as the end of time, when nothing is valid.
    pub(crate) fn now(&self) -> u64 {
        unix_seconds(self.time()).unwrap_or(u64::MAX)
    }
}

/// Whole seconds of Unix time; none before 1970.
pub(crate) fn unix_seconds(time: SystemTime) -> Option<u64> {
    let since = time.duration_since(UNIX_EPOCH).ok()?;
    Some(since.as_secs())
}
