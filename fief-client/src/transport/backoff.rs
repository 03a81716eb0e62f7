use std::sync::{Mutex, PoisonError};

use crate::FiefError;

/// Exponential backoff: some failures are free, then the delay doubles from a second up to a maximum, with jitter.
#[derive(Debug)]
pub(crate) struct Backoff {
    /// Failures that are followed by no delay.
    free: u32,
    /// Seconds.
    max_delay: u64,
    latest: Mutex<Option<Failure>>,
}

#[derive(Debug)]
struct Failure {
    /// Number of failures since the last success.
    count: u32,
    at: u64,
    /// Seconds until the next attempt.
    delay: u64,
    error: FiefError,
}

impl Backoff {
    pub(crate) fn new(free: u32, max_delay: u64) -> Self {
        Self {
            free,
            max_delay,
            latest: Mutex::new(None),
        }
    }

    /// Forgets the failures.
    pub(crate) fn record_success(&self) {
        self.with(|latest| *latest = None);
    }

    /// Records a failure and returns the delay of the next attempt in seconds.
    pub(crate) fn record_failure(&self, error: FiefError, now: u64) -> u64 {
        self.with(|latest| {
            let count = latest
                .as_ref()
                .map_or(1, |last| last.count.saturating_add(1));
            let delay = delay(count.saturating_sub(self.free), self.max_delay);
            *latest = Some(Failure {
                count,
                at: now,
                delay,
                error,
            });
            delay
        })
    }

    /// Returns the last failure if it is too early for another attempt.
    pub(crate) fn error_during_delay(&self, now: u64) -> Option<FiefError> {
        self.with(|latest| {
            let last = latest.as_ref()?;
            // A clock that was set back ends it, or prolongs it by less than the delay.
            (now.abs_diff(last.at) < last.delay).then(|| last.error.clone())
        })
    }

    /// Returns the failure of the last attempt, if it failed.
    pub(crate) fn latest_error(&self) -> Option<FiefError> {
        self.with(|latest| latest.as_ref().map(|last| last.error.clone()))
    }

    /// Returns the failure of the last attempt and when that was, if it failed.
    pub(crate) fn latest_failure(&self) -> Option<(FiefError, u64)> {
        self.with(|latest| latest.as_ref().map(|last| (last.error.clone(), last.at)))
    }

    /// Returns `true` if the last attempt failed, at most so many seconds ago.
    pub(crate) fn has_failed_within(&self, seconds: u64, now: u64) -> bool {
        self.with(|latest| {
            let age = latest.as_ref().and_then(|last| now.checked_sub(last.at));
            age.is_some_and(|age| age <= seconds)
        })
    }

    /// Returns the number of failures since the last success.
    pub(crate) fn failures(&self) -> u32 {
        self.with(|latest| latest.as_ref().map_or(0, |last| last.count))
    }

    fn with<T>(&self, work: impl FnOnce(&mut Option<Failure>) -> T) -> T {
        work(&mut self.latest.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// Returns the delay in seconds after so many failures that are not free.
fn delay(failures: u32, max: u64) -> u64 {
    let Some(doublings) = failures.checked_sub(1) else {
        return 0;
    };
    let delay = 1_u64.checked_shl(doublings).unwrap_or(max).min(max);
    let half = delay / 2;
    let mut random = [0];
    // Without random bytes there is no jitter: clients retry simultaneously.
    let _ = aws_lc_rs::rand::fill(&mut random);
    delay - half * u64::from(random[0]) / 255
}

#[cfg(test)]
mod tests {
    use super::delay;

    /// DJ-14
    #[test]
    fn delays_double_up_to_a_bound() {
        assert_eq!(delay(0, 30), 0);
        for (failures, longest) in [
            (1, 1),
            (2, 2),
            (3, 4),
            (4, 8),
            (5, 16),
            (6, 30),
            (u32::MAX, 30),
        ] {
            let delay = delay(failures, 30);
            assert!(
                (longest / 2..=longest).contains(&delay),
                "{failures}: {delay}"
            );
        }
        assert!((0..64).map(|_| delay(9, 30)).any(|delay| delay != 30));
    }
}
