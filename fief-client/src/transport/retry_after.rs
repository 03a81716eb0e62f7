use std::{
    sync::{Mutex, PoisonError},
    time::Duration,
};

use http::{HeaderMap, StatusCode, header};

use crate::{FiefError, error::ErrorClass};

/// `Retry-After` of Fief, or of a proxy before it
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
    /// Returns the error that Fief responded with, until its `Retry-After` has passed.
    pub(crate) fn error(&self, now: u64) -> Option<FiefError> {
        let latest = self.latest.lock().unwrap_or_else(PoisonError::into_inner);
        let latest = latest.as_ref()?;
        // A clock that was set back ends it, so that requests are not blocked for longer.
        let age = now.checked_sub(latest.at)?;
        (age < latest.seconds).then(|| latest.error.clone())
    }

    /// Stores the `Retry-After` of a result, if it has one.
    pub(crate) fn observe<T>(&self, result: &Result<T, FiefError>, now: u64) {
        let Err(error) = result else { return };
        let delay = match error.clone().into_class() {
            ErrorClass::Status(_, detail) => detail.retry_after(),
            // No response, or none that says when to send the next request.
            ErrorClass::Authorization(_)
            | ErrorClass::Callback
            | ErrorClass::Configuration
            | ErrorClass::Expired
            | ErrorClass::IdToken
            | ErrorClass::Inactive
            | ErrorClass::Invalid
            | ErrorClass::Response
            | ErrorClass::TokensPending
            | ErrorClass::Transport
            | ErrorClass::Unmet(_)
            | ErrorClass::Webhook => None,
        };
        let Some(delay) = delay else { return };
        let mut latest = self.latest.lock().unwrap_or_else(PoisonError::into_inner);
        // Of responses that arrive together, the one that demands the longest pause counts.
        let left = latest.as_ref().and_then(|latest| {
            let age = now.checked_sub(latest.at)?;
            latest.seconds.checked_sub(age)
        });
        if left.is_none_or(|left| left <= delay.as_secs()) {
            *latest = Some(Backpressure {
                at: now,
                seconds: delay.as_secs(),
                error: error.clone(),
            });
        }
    }
}

/// Parses the `Retry-After` of a 429 or 503 response.
pub(super) fn parse(status: StatusCode, headers: &HeaderMap) -> Option<Duration> {
    let busy = matches!(
        status,
        StatusCode::SERVICE_UNAVAILABLE | StatusCode::TOO_MANY_REQUESTS
    );
    let header = headers.get(header::RETRY_AFTER).filter(|_| busy);
    let seconds = header?.to_str().ok()?;
    let is_number = !seconds.is_empty() && seconds.bytes().all(|byte| byte.is_ascii_digit());
    // Too many digits for a number count as very long.
    let seconds = is_number.then(|| seconds.parse().unwrap_or(u64::MAX))?;
    Some(Duration::from_secs(seconds).min(MAX_RETRY_AFTER))
}

const MAX_RETRY_AFTER: Duration = Duration::from_secs(60);

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use http::StatusCode;

    use super::RetryAfter;
    use crate::{FiefError, RequestDetail};

    fn busy(seconds: u64) -> Result<(), FiefError> {
        Err(FiefError::Request {
            status: StatusCode::SERVICE_UNAVAILABLE,
            detail: RequestDetail::new(b"", Some(Duration::from_secs(seconds))),
        })
    }

    /// DJ-16: a response that arrives later and demands less does not end it.
    #[test]
    fn the_longest_pause_that_is_demanded_counts() {
        let retry_after = RetryAfter::default();
        retry_after.observe(&busy(20), 100);
        retry_after.observe(&busy(1), 101);
        retry_after.observe(&busy(0), 102);
        assert!(retry_after.error(119).is_some());
        assert!(retry_after.error(120).is_none());
        retry_after.observe(&busy(5), 121);
        assert!(retry_after.error(125).is_some() && retry_after.error(126).is_none());
    }
}
