use std::time::Duration;

use crate::FiefError;

/// Limits of the time that requests take.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Timeouts {
    /// Of connecting.
    pub(crate) connect: Duration,
    /// Of a request in total.
    pub(crate) total: Duration,
}

impl Default for Timeouts {
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(2),
            total: Duration::from_secs(5),
        }
    }
}

impl Timeouts {
    /// Checks the settings. Without one for connecting it is the default, or the total if that is less.
    pub(crate) fn new(total: Duration, connect: Option<Duration>) -> Result<Self, FiefError> {
        if !(MIN_TOTAL..=MAX_TOTAL).contains(&total) {
            return Err(FiefError::Configuration(
                "timeout must be 1 to 60 seconds".into(),
            ));
        }
        let connect = connect.unwrap_or(Self::default().connect.min(total));
        if connect.is_zero() || connect > total {
            return Err(FiefError::Configuration(
                "connect_timeout must be more than zero, and at most the timeout".into(),
            ));
        }
        Ok(Self { connect, total })
    }

    /// Returns how long to wait for work that sends up to two requests, before it counts as lost.
    pub(crate) fn wait(self) -> Duration {
        Duration::from_secs(self.of_two_requests().saturating_add(3))
    }

    /// Returns a time, in seconds, that is longer than two requests take, of which one needs the other's response.
    pub(crate) fn of_two_requests(self) -> u64 {
        let seconds = self.total.as_secs().saturating_add(1);
        seconds.saturating_mul(2)
    }
}

const MIN_TOTAL: Duration = Duration::from_secs(1);
const MAX_TOTAL: Duration = Duration::from_secs(60);
