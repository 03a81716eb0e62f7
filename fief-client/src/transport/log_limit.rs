use std::{
    collections::HashMap,
    panic::Location,
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
};

/// Limit of a line of the log: one in a period, by default of half a minute.
#[derive(Debug)]
pub struct LogLimit {
    /// Seconds.
    period: u64,
    /// In seconds of Unix time. 0 is never.
    logged_at: AtomicU64,
    omitted: AtomicU64,
}

impl LogLimit {
    /// Creates a limit of one line in so many seconds.
    #[must_use]
    pub const fn every(period: u64) -> Self {
        Self {
            period,
            logged_at: AtomicU64::new(0),
            omitted: AtomicU64::new(0),
        }
    }

    /// Returns how many lines were omitted since the last one, or `None` if this one is to be omitted as well.
    pub fn permit(&self, now: u64) -> Option<u64> {
        let logged_at = self.logged_at.load(Ordering::Relaxed);
        // A clock that was set back ends the period, or prolongs it by less than its length.
        let is_due = logged_at == 0 || now.abs_diff(logged_at) >= self.period;
        let is_first = is_due
            && self
                .logged_at
                .compare_exchange(logged_at, now, Ordering::Relaxed, Ordering::Relaxed)
                .is_ok();
        if is_first {
            Some(self.omitted.swap(0, Ordering::Relaxed))
        } else {
            self.omitted.fetch_add(1, Ordering::Relaxed);
            None
        }
    }
}

impl Default for LogLimit {
    fn default() -> Self {
        Self::every(30)
    }
}

/// Limits of the lines of a log, one for each place in the code that logs.
#[derive(Debug, Default)]
pub struct LogLimits {
    by_place: Mutex<HashMap<&'static Location<'static>, LogLimit>>,
}

impl LogLimits {
    /// As [`LogLimit::permit`], for the line of the caller.
    #[track_caller]
    pub fn permit(&self, now: u64) -> Option<u64> {
        let mut by_place = self.by_place.lock().unwrap_or_else(PoisonError::into_inner);
        by_place.entry(Location::caller()).or_default().permit(now)
    }
}
