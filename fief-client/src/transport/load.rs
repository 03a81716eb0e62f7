//! The load on Fief: the one policy of all requests.
//!
//! A request cannot be sent without a [`Slot`], which [`Load::admit`] hands out. What it is for
//! ([`Call`]) decides what holds for it:
//!
//! | call | in flight | after no response | after `Retry-After` |
//! | --- | --- | --- | --- |
//! | discovery, keys | one | back-off of up to 30 seconds, kept by their caches | no such call until then |
//! | code exchange | 32 | after eight in a row, back-off of up to 5 seconds | 〃 |
//! | user API | 16 | 〃 | 〃 |
//! | refresh, user info | 64, with the code exchanges and the user API | 〃 | 〃 |
//!
//! Anonymous clients can cause code exchanges, and a user any number of changes of an account, and therefore both
//! together never take all of the 64. Any response, also an error, ends the back-off: what Fief responds about one
//! user says nothing about another one.
//!
//! `fief_axum::load` has a table of what clients can cause, which a test measures line by line.

use http::StatusCode;
use tokio::sync::{Semaphore, SemaphorePermit};

use super::{
    backoff::Backoff, call::Call, error::TransportError, log_limit::LogLimit,
    retry_after::RetryAfter,
};
use crate::{FiefError, error::Chain};

/// What is in flight, and how Fief has responded before.
#[derive(Debug)]
pub(super) struct Load {
    /// All but discovery and keys, which have a flight of their own.
    all: Semaphore,
    discovery: CallLoad,
    exchange: CallLoad,
    keys: CallLoad,
    refresh: CallLoad,
    user_api: CallLoad,
    user_info: CallLoad,
}

/// Load of one kind of call.
#[derive(Debug)]
struct CallLoad {
    in_flight: Semaphore,
    retry_after: RetryAfter,
    backoff: Backoff,
    warning: LogLimit,
}

/// Permission to send one request.
#[must_use]
pub(super) struct Slot<'a> {
    call: Call,
    load: &'a CallLoad,
    /// The failures that were known when it was sent.
    failures: u32,
    _all: Option<SemaphorePermit<'a>>,
    _of_call: Option<SemaphorePermit<'a>>,
}

impl Load {
    pub(super) fn new() -> Self {
        Self {
            all: Semaphore::new(MAX_IN_FLIGHT),
            discovery: CallLoad::new(MAX_IN_FLIGHT),
            exchange: CallLoad::new(MAX_EXCHANGES),
            keys: CallLoad::new(MAX_IN_FLIGHT),
            refresh: CallLoad::new(MAX_IN_FLIGHT),
            user_api: CallLoad::new(MAX_USER_API),
            user_info: CallLoad::new(MAX_IN_FLIGHT),
        }
    }

    /// Returns a slot for a request.
    ///
    /// # Errors
    /// The error that Fief last responded with, until its `Retry-After` or the back-off has passed. Otherwise
    /// [`FiefError::Transport`] if too many requests are in flight.
    pub(super) fn admit(&self, call: Call, now: u64) -> Result<Slot<'_>, FiefError> {
        let load = self.of(call);
        let pause = load
            .retry_after
            .error(now)
            .or_else(|| load.backoff.error_during_delay(now));
        if let Some(error) = pause {
            return Err(error);
        }
        let slot = |semaphore| match Semaphore::try_acquire(semaphore) {
            Ok(permit) => Ok(Some(permit)),
            Err(_) => Err(load.is_busy(call, now)),
        };
        let (of_call, all) = match call {
            Call::Discovery | Call::Keys => (None, None),
            Call::Exchange | Call::Refresh | Call::UserApi | Call::UserInfo => {
                (slot(&load.in_flight)?, slot(&self.all)?)
            }
        };
        Ok(Slot {
            call,
            load,
            failures: load.backoff.failures(),
            _all: all,
            _of_call: of_call,
        })
    }

    fn of(&self, call: Call) -> &CallLoad {
        match call {
            Call::Discovery => &self.discovery,
            Call::Exchange => &self.exchange,
            Call::Keys => &self.keys,
            Call::Refresh => &self.refresh,
            Call::UserApi => &self.user_api,
            Call::UserInfo => &self.user_info,
        }
    }
}

impl CallLoad {
    fn new(max_in_flight: usize) -> Self {
        Self {
            in_flight: Semaphore::new(max_in_flight),
            retry_after: RetryAfter::default(),
            backoff: Backoff::new(FREE_FAILURES, MAX_DELAY),
            warning: LogLimit::default(),
        }
    }

    /// Returns the error for a request that is not sent, since too many are in flight.
    fn is_busy(&self, call: Call, now: u64) -> FiefError {
        let error = FiefError::Transport(TransportError::busy());
        self.warn(call, &error, now);
        error
    }

    fn warn(&self, call: Call, error: &FiefError, now: u64) {
        if let Some(omitted) = self.warning.permit(now) {
            let (call, error) = (call.name(), Chain(error));
            tracing::warn!(call, %error, omitted, "Fief is unavailable: a request failed");
        }
    }
}

impl Slot<'_> {
    /// Records how the request ended.
    pub(super) fn finish<T>(self, result: &Result<T, FiefError>, now: u64) {
        let Self {
            call,
            load,
            failures,
            _all,
            _of_call,
        } = self;
        load.retry_after.observe(result, now);
        // The caches of the documents log their failures, and back off.
        let is_document = match call {
            Call::Discovery | Call::Keys => true,
            Call::Exchange | Call::Refresh | Call::UserApi | Call::UserInfo => false,
        };
        if is_document {
            return;
        }
        match result {
            Err(error @ FiefError::Transport(_)) => {
                // Requests that failed together are one failure.
                if load.backoff.failures() == failures {
                    load.backoff.record_failure(error.clone(), now);
                }
                load.warn(call, error, now);
            }
            Err(error) => {
                load.backoff.record_success();
                if is_failure(error) {
                    load.warn(call, error, now);
                }
            }
            Ok(_) => load.backoff.record_success(),
        }
    }
}

/// Returns `true` if Fief failed, rather than rejected the request.
fn is_failure(error: &FiefError) -> bool {
    match error.status() {
        Some(StatusCode::REQUEST_TIMEOUT | StatusCode::TOO_MANY_REQUESTS) | None => true,
        Some(status) => status.is_server_error(),
    }
}

/// Of requests in flight.
const MAX_IN_FLIGHT: usize = 64;
/// Of these, code exchanges.
const MAX_EXCHANGES: usize = 32;
/// Of these, changes of accounts.
const MAX_USER_API: usize = 16;
/// Until the back-off begins: a connection may be reset for any reason.
const FREE_FAILURES: u32 = 8;
/// Of the back-off, in seconds.
const MAX_DELAY: u64 = 5;
