use std::{
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, SystemTime, UNIX_EPOCH},
};

/// The server's clock: the system's with an offset, or stopped. Cloning is cheap.
#[derive(Clone, Debug, Default)]
pub(crate) struct Clock {
    state: Arc<Mutex<Time>>,
}

#[derive(Clone, Copy, Debug)]
enum Time {
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

    /// The time in whole seconds, as tokens carry it.
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

/// Out of range: the time stays as it is.
fn saturating_add(time: SystemTime, by: Duration) -> SystemTime {
    time.checked_add(by).unwrap_or(time)
}
