use std::{
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, SystemTime, UNIX_EPOCH},
};

/// Clock of a server: the system's with an offset, or stopped. Clones show the same time.
#[derive(Clone, Debug, Default)]
pub(crate) struct Clock {
    state: Arc<Mutex<Time>>,
}

#[derive(Clone, Copy, Debug)]
enum Time {
    /// Ahead of the system's clock by this duration.
    Running(Duration),
    Stopped(SystemTime),
}

impl Default for Time {
    fn default() -> Self {
        Self::Running(Duration::ZERO)
    }
}

impl Clock {
    pub(crate) fn now(&self) -> SystemTime {
        match *self.lock() {
            Time::Running(ahead) => saturating_add(SystemTime::now(), ahead),
            Time::Stopped(time) => time,
        }
    }

    /// Returns the time in Unix seconds, as in tokens.
    pub(crate) fn seconds(&self) -> u64 {
        seconds(self.now())
    }

    pub(crate) fn advance(&self, by: Duration) {
        let mut time = self.lock();
        *time = match *time {
            Time::Running(ahead) => Time::Running(ahead.saturating_add(by)),
            Time::Stopped(time) => Time::Stopped(saturating_add(time, by)),
        };
    }

    pub(crate) fn set(&self, time: SystemTime) {
        *self.lock() = Time::Stopped(time);
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Time> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

pub(crate) fn seconds(time: SystemTime) -> u64 {
    time.duration_since(UNIX_EPOCH)
        .map_or(0, |since| since.as_secs())
}

/// Returns the later time, or the same if it would be out of range.
fn saturating_add(time: SystemTime, by: Duration) -> SystemTime {
    time.checked_add(by).unwrap_or(time)
}
