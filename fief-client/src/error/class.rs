use std::time::Duration;

use http::StatusCode;

use crate::{FiefAcr, FiefError, RequestDetail};

impl FiefError {
    /// Returns what the error means for a request, for fief-axum, which responds to each differently.
    #[doc(hidden)]
    #[must_use]
    pub fn into_class(self) -> ErrorClass {
        match self {
            Self::AccessTokenAcrTooLow { required } => ErrorClass::Unmet(Unmet::Acr(required)),
            Self::AccessTokenAuthTooOld { max_age } => ErrorClass::Unmet(Unmet::MaxAge(max_age)),
            Self::AccessTokenExpired { ago: _ } => ErrorClass::Expired,
            Self::AccessTokenInvalid(_) => ErrorClass::Invalid,
            Self::AccessTokenMissingPermission { permissions } => {
                ErrorClass::Unmet(Unmet::Permission(permissions))
            }
            Self::AccessTokenMissingScope { scope } => ErrorClass::Unmet(Unmet::Scope(scope)),
            Self::Authorization {
                error,
                description: _,
            } => ErrorClass::Authorization(error),
            Self::CallbackInvalid(_) => ErrorClass::Callback,
            Self::Configuration(_) => ErrorClass::Configuration,
            Self::IdTokenInvalid(_) => ErrorClass::IdToken,
            Self::Request { status, detail } => ErrorClass::Status(status, detail),
            Self::DiscoveryInvalid(_) | Self::ResponseInvalid(_) => ErrorClass::Response,
            Self::TokensPending {
                pending: _,
                source: _,
            } => ErrorClass::TokensPending,
            Self::Transport(_) => ErrorClass::Transport,
            Self::UserInactive => ErrorClass::Inactive,
            Self::WebhookInvalid(_) => ErrorClass::Webhook,
        }
    }
}

/// What an error means for a request. Exhaustive on purpose: code that matches it names every kind, so that
/// it does not compile until it handles a new one.
#[doc(hidden)]
#[derive(Debug)]
pub enum ErrorClass {
    /// Fief sent the user back with this error.
    Authorization(String),
    /// The callback belongs to another login.
    Callback,
    Configuration,
    /// The access token has expired.
    Expired,
    /// The ID token is invalid.
    IdToken,
    /// The user is not active.
    Inactive,
    /// The access token is invalid.
    Invalid,
    /// Fief's response cannot be used.
    Response,
    Status(StatusCode, RequestDetail),
    /// The tokens of a login or a refresh cannot be verified yet.
    TokensPending,
    Transport,
    /// The access token is valid, but lacks what is required.
    Unmet(Unmet),
    /// The delivery of a webhook is invalid.
    Webhook,
}

impl ErrorClass {
    /// Returns whether the failure may pass, so that what was received is kept until then.
    #[must_use]
    pub fn recovery(&self) -> Recovery {
        match self {
            Self::Status(..) | Self::Transport => Recovery::Outage,
            Self::Response | Self::TokensPending => Recovery::Possible,
            Self::Authorization(_)
            | Self::Callback
            | Self::Configuration
            | Self::Expired
            | Self::IdToken
            | Self::Inactive
            | Self::Invalid
            | Self::Unmet(_)
            | Self::Webhook => Recovery::Never,
        }
    }
}

/// Whether a failure of Fief may pass.
#[doc(hidden)]
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Recovery {
    /// The same fails again.
    Never,
    /// Fief is unreachable or fails. It is unknown whether the same succeeds until that has ended.
    Outage,
    /// Fief responds, but not with what is needed, such as the key of new tokens. That may never change.
    Possible,
}

/// The requirement that an access token does not meet: one variant a field of [`Requirements`](crate::Requirements).
#[doc(hidden)]
#[derive(Debug)]
pub enum Unmet {
    Acr(FiefAcr),
    MaxAge(Duration),
    Permission(Vec<String>),
    Scope(String),
}
