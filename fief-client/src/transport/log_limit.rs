use std::sync::atomic::{AtomicU64, Ordering};

/// Limit of a line of the log that anybody can cause: one in half a minute.
#[derive(Debug, Default)]
pub struct LogLimit {
    /// In seconds of Unix time. 0 is never.
    logged_at: AtomicU64,
    omitted: AtomicU64,
}

impl LogLimit {
    /// Returns how many lines were omitted since the last one, or `None` if this one is to be omitted as well.
    pub fn permit(&self, now: u64) -> Option<u64> {
        let logged_at = self.logged_at.load(Ordering::Relaxed);
        // A clock that was set back ends the period, or prolongs it by less than its length.
        let is_due = logged_at == 0 || now.abs_diff(logged_at) >= PERIOD;
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

/// Seconds.
const PERIOD: u64 = 30;
