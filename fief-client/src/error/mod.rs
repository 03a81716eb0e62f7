mod class;
mod detail;

use std::{sync::Arc, time::Duration};

use http::StatusCode;

pub use self::{
    class::{ErrorClass, Unmet},
    detail::RequestDetail,
};
use crate::FiefAcr;

/// Everything that can go wrong between an application and Fief.
///
/// Never shows a token, a secret or a URL's query. It is `Clone`, since those who wait for one
/// request share its failure.
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FiefError {
    /// The access token was issued at a lower level than required: let the user log in again.
    #[error("the access token's ACR is too low")]
    AccessTokenAcrTooLow {
        /// The level that is required.
        required: FiefAcr,
    },
    /// The user logged in longer ago than required: let the user log in again.
    #[error("the access token's login is too old")]
    AccessTokenAuthTooOld {
        /// The greatest age of the login that is accepted.
        max_age: Duration,
    },
    /// The access token is over.
    #[error("the access token has expired")]
    AccessTokenExpired,
    /// The access token is not one that Fief issued for this client, or is broken.
    #[error("the access token is invalid: {0}")]
    AccessTokenInvalid(&'static str),
    /// The access token lacks a required permission.
    #[error("the access token lacks a permission: {}", permissions.join(" or "))]
    AccessTokenMissingPermission {
        /// The missing permission, or the alternatives of which not one is there.
        permissions: Vec<String>,
    },
    /// The access token lacks a required scope.
    #[error("the access token lacks the scope {scope}")]
    AccessTokenMissingScope {
        /// The missing scope.
        scope: String,
    },
    /// Fief sent the user back with an error instead of a code.
    #[error("Fief refused the login: {error}")]
    Authorization {
        /// The error code, such as `access_denied`: at most 64 visible ASCII characters.
        error: String,
        /// Fief's explanation: at most 256 characters without control characters. Untrusted text, to be escaped
        /// where it is shown.
        description: Option<String>,
    },
    /// The query of the callback is not the answer to this login.
    #[error("the callback does not belong to this login: {0}")]
    CallbackInvalid(&'static str),
    /// The client is set up wrongly; the text says what to change.
    #[error("bad configuration: {0}")]
    Configuration(String),
    /// The ID token is not one that Fief issued for this login.
    #[error("the ID token is invalid: {0}")]
    IdTokenInvalid(&'static str),
    /// Fief answered with an error status, or with a redirect, which is never followed.
    #[error("Fief answered {status}{}", detail.suffix())]
    Request {
        /// The status of the answer.
        status: StatusCode,
        /// What Fief said about it.
        detail: RequestDetail,
    },
    /// Fief answered with success, but not with what was asked for.
    #[error("Fief's answer cannot be used: {0}")]
    ResponseInvalid(&'static str),
    /// No complete answer came.
    #[error("no answer from Fief")]
    Transport(#[source] Arc<reqwest::Error>),
    /// The user's account is not active.
    #[error("the user is not active")]
    UserInactive,
}

impl FiefError {
    /// Returns whether an answer began and broke off.
    #[must_use]
    pub fn is_body(&self) -> bool {
        matches!(self, Self::Transport(error) if error.is_body() || error.is_decode())
    }

    /// Returns whether no connection could be made; the chain of sources says whether name resolution, TCP or TLS
    /// failed.
    #[must_use]
    pub fn is_connect(&self) -> bool {
        matches!(self, Self::Transport(error) if error.is_connect())
    }

    /// Returns whether Fief took too long.
    #[must_use]
    pub fn is_timeout(&self) -> bool {
        matches!(self, Self::Transport(error) if error.is_timeout())
    }

    /// Returns the status of Fief's answer, where it was an error status.
    #[must_use]
    pub fn status(&self) -> Option<StatusCode> {
        if let Self::Request { status, .. } = self {
            Some(*status)
        } else {
            None
        }
    }
}

impl From<reqwest::Error> for FiefError {
    fn from(error: reqwest::Error) -> Self {
        Self::Transport(Arc::new(error.without_url()))
    }
}
