use std::{
    sync::{Mutex, PoisonError},
    time::Duration,
};

use http::{HeaderMap, StatusCode, header};

use crate::FiefError;

/// Whether Fief, or what stands before it, asked to be left alone
/// ([RFC 9110, section 10.2.3](https://www.rfc-editor.org/rfc/rfc9110#section-10.2.3)).
#[derive(Debug, Default)]
pub(crate) struct RetryAfter {
    latest: Mutex<Option<Backpressure>>,
}

#[derive(Clone, Debug)]
struct Backpressure {
    at: u64,
    seconds: u64,
    error: FiefError,
}

impl RetryAfter {
    /// Returns what Fief answered, for as long as it asked.
    pub(crate) fn error(&self, now: u64) -> Option<FiefError> {
        let latest = self.latest.lock().unwrap_or_else(PoisonError::into_inner);
        let latest = latest.as_ref()?;
        // A clock that went back ends it, so that nothing is shut out for longer than was asked.
        let age = now.checked_sub(latest.at)?;
        (age < latest.seconds).then(|| latest.error.clone())
    }

    /// Remembers what Fief asks for.
    pub(crate) fn observe<T>(&self, result: &Result<T, FiefError>, now: u64) {
        let Err(error) = result else { return };
        let FiefError::Request { detail, .. } = error else {
            return;
        };
        if let Some(delay) = detail.retry_after() {
            *self.latest.lock().unwrap_or_else(PoisonError::into_inner) = Some(Backpressure {
                at: now,
                seconds: delay.as_secs(),
                error: error.clone(),
            });
        }
    }
}

/// How long a busy Fief, or what stands before it, asks to be left alone.
pub(super) fn parse(status: StatusCode, headers: &HeaderMap) -> Option<Duration> {
    let busy = matches!(
        status,
        StatusCode::SERVICE_UNAVAILABLE | StatusCode::TOO_MANY_REQUESTS
    );
    let header = headers.get(header::RETRY_AFTER).filter(|_| busy);
    let seconds = header?.to_str().ok()?;
    let is_number = !seconds.is_empty() && seconds.bytes().all(|byte| byte.is_ascii_digit());
    // The longest ones fit into no number.
    let seconds = is_number.then(|| seconds.parse().unwrap_or(u64::MAX))?;
    Some(Duration::from_secs(seconds).min(MAX_RETRY_AFTER))
}

const MAX_RETRY_AFTER: Duration = Duration::from_secs(60);
