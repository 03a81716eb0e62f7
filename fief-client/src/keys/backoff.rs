use std::sync::{Mutex, PoisonError};

use crate::FiefError;

/// Exponential backoff: the first retry is immediate, then the delay doubles up to 30 seconds, with jitter.
#[derive(Debug)]
pub(crate) struct Backoff {
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
    pub(crate) fn new() -> Self {
        Self {
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
            let delay = delay(count);
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

    /// Returns `true` if the last attempt failed within the last minute, so that the next one probably will.
    pub(crate) fn failed_recently(&self, now: u64) -> bool {
        self.with(|latest| {
            latest
                .as_ref()
                .is_some_and(|last| now.abs_diff(last.at) <= RECENT)
        })
    }

    fn with<T>(&self, work: impl FnOnce(&mut Option<Failure>) -> T) -> T {
        work(&mut self.latest.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// Returns the delay in seconds. The first retry is immediate, since most failures are brief.
fn delay(failures: u32) -> u64 {
    let Some(doublings) = failures.checked_sub(2) else {
        return 0;
    };
    let delay = 1_u64
        .checked_shl(doublings)
        .unwrap_or(MAX_DELAY)
        .min(MAX_DELAY);
    let half = delay / 2;
    let mut random = [0];
    // Without random bytes there is no jitter: clients retry simultaneously.
    let _ = aws_lc_rs::rand::fill(&mut random);
    delay - half * u64::from(random[0]) / 255
}

// Seconds.
const MAX_DELAY: u64 = 30;
const RECENT: u64 = 2 * MAX_DELAY;

#[cfg(test)]
mod tests {
    use super::{MAX_DELAY, delay};

    /// DJ-14
    #[test]
    fn delays_double_up_to_a_bound() {
        assert_eq!(delay(1), 0);
        for (failures, longest) in [
            (2, 1),
            (3, 2),
            (4, 4),
            (5, 8),
            (6, 16),
            (7, 30),
            (u32::MAX, 30),
        ] {
            let delay = delay(failures);
            assert!(
                (longest / 2..=longest).contains(&delay),
                "{failures}: {delay}"
            );
        }
        assert!((0..64).map(|_| delay(9)).any(|delay| delay != MAX_DELAY));
    }
}
