use std::{
    fmt,
    time::{Duration, SystemTime},
};

use http::StatusCode;

use crate::{FiefError, error::ErrorClass};

/// Health of a client: whether it can verify tokens, and why its last attempt to fetch Fief's keys failed.
///
/// It contains no secrets and no texts of Fief. Returned by [`Fief::health`](crate::Fief::health), which has an example.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Health {
    pub(crate) keys_age: Option<Duration>,
    pub(crate) last_failure: Option<Failure>,
}

/// Failure of an attempt to fetch Fief's discovery document or keys.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Failure {
    kind: FailureKind,
    at: SystemTime,
}

/// Kind of a [`Failure`].
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum FailureKind {
    /// Too many requests were in flight or waiting.
    Busy,
    /// The response cannot be used. Often `base_url` is not Fief's.
    InvalidResponse,
    /// Fief responded with this status.
    Status(StatusCode),
    /// Connecting or the response took too long.
    Timeout,
    /// No connection could be made, or it broke off.
    Unreachable,
}

impl Health {
    /// Returns `true` if tokens can be verified: there are keys, which are less than 24 hours old.
    #[must_use]
    pub fn is_ready(&self) -> bool {
        self.keys_age.is_some()
    }

    /// Returns the age of the keys, as [`Fief::keys_age`](crate::Fief::keys_age).
    #[must_use]
    pub fn keys_age(&self) -> Option<Duration> {
        self.keys_age
    }

    /// Returns why the last attempt to fetch the discovery document or the keys failed. `None` if it succeeded, or there
    /// was none.
    #[must_use]
    pub fn last_failure(&self) -> Option<Failure> {
        self.last_failure
    }
}

impl Failure {
    /// Returns the failure, or `None` for an error that no such attempt has.
    pub(crate) fn new(error: &FiefError, at: SystemTime) -> Option<Self> {
        let kind = match error {
            FiefError::Transport(error) if error.is_busy() => FailureKind::Busy,
            FiefError::Transport(error) if error.is_timeout() => FailureKind::Timeout,
            error => match error.clone().into_class() {
                ErrorClass::Response => FailureKind::InvalidResponse,
                ErrorClass::Status(status, _) => FailureKind::Status(status),
                ErrorClass::Transport => FailureKind::Unreachable,
                ErrorClass::Authorization(_)
                | ErrorClass::Callback
                | ErrorClass::Configuration
                | ErrorClass::Expired
                | ErrorClass::IdToken
                | ErrorClass::Inactive
                | ErrorClass::Invalid
                | ErrorClass::TokensPending
                | ErrorClass::Unmet(_)
                | ErrorClass::Webhook => return None,
            },
        };
        Some(Self { kind, at })
    }

    /// Returns what failed.
    #[must_use]
    pub fn kind(&self) -> FailureKind {
        self.kind
    }

    /// Returns when it failed, by the client's [clock](crate::FiefBuilder::clock).
    #[must_use]
    pub fn at(&self) -> SystemTime {
        self.at
    }
}

impl fmt::Display for FailureKind {
    /// Writes what failed, for a log or a page for operators.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Busy => f.write_str("too many requests"),
            Self::InvalidResponse => f.write_str("the response is invalid"),
            Self::Status(status) => write!(f, "status {status}"),
            Self::Timeout => f.write_str("timeout"),
            Self::Unreachable => f.write_str("unreachable"),
        }
    }
}
