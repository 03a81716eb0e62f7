mod chain;
mod class;
mod detail;
mod reason;
mod unverified;

use std::time::Duration;

use http::StatusCode;

pub(crate) use self::unverified::Unverified;
pub use self::{
    chain::Chain,
    class::{ErrorClass, Recovery, Unmet},
    detail::RequestDetail,
    reason::Reason,
};
use crate::{FiefAcr, PendingTokens, TransportError};

/// Error of this crate: everything that can go wrong between an application and Fief.
///
/// Each variant is something that a caller can react to. Messages are for logs; they never contain a
/// token, a secret or a URL, nor the text of their [`source`](std::error::Error::source).
///
/// It is `Clone`, since all callers that wait for one request share its failure.
///
/// # Examples
///
/// How an API that validates access tokens would respond:
///
/// ```
/// use fief_client::FiefError;
///
/// fn status(error: &FiefError) -> u16 {
///     match error {
///         // Log in again, and with a stronger or more recent login if one is required.
///         FiefError::AccessTokenInvalid(_)
///         | FiefError::AccessTokenExpired { .. }
///         | FiefError::AccessTokenAcrTooLow { .. }
///         | FiefError::AccessTokenAuthTooOld { .. }
///         | FiefError::UserInactive => 401,
///         // Fief rejected the access token, for example in `userinfo`.
///         FiefError::Request { status, .. } if *status == 401 => 401,
///         // Logged in, but not allowed.
///         FiefError::AccessTokenMissingScope { .. }
///         | FiefError::AccessTokenMissingPermission { .. } => 403,
///         // Fief is unreachable or fails, and nothing is known about the token.
///         FiefError::Transport(_)
///         | FiefError::Request { .. }
///         | FiefError::DiscoveryInvalid(_)
///         | FiefError::ResponseInvalid(_) => 503,
///         // A mistake of this program, such as `Configuration`, or an error of a login,
///         // which an API does not do.
///         _ => 500,
///     }
/// }
/// # assert_eq!(status(&FiefError::UserInactive), 401);
/// # assert_eq!(status(&FiefError::ResponseInvalid("")), 503);
/// # assert_eq!(status(&FiefError::Configuration(String::new())), 500);
/// ```
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FiefError {
    /// The access token was issued at a lower level of authentication than required.
    ///
    /// Send the user to a login with [`AuthorizationRequest::acr`](crate::AuthorizationRequest::acr).
    #[doc(alias = "FiefAccessTokenACRTooLow")]
    #[error("the access token's ACR is too low")]
    #[non_exhaustive]
    AccessTokenAcrTooLow {
        /// The level that is required.
        required: FiefAcr,
    },
    /// The user logged in longer ago than required, or the access token does not say when, or a time in the future.
    ///
    /// Send the user to a login with
    /// [`AuthorizationRequest::max_age`](crate::AuthorizationRequest::max_age).
    #[error("the access token's login is too old")]
    #[non_exhaustive]
    AccessTokenAuthTooOld {
        /// The greatest accepted age of the login.
        max_age: Duration,
    },
    /// The access token has expired.
    ///
    /// [Refresh](crate::Fief::auth_refresh_token) it, or send the user to a login.
    #[doc(alias = "FiefAccessTokenExpired")]
    #[error("the access token has expired: {}", Reason::Expired { ago: *ago })]
    #[non_exhaustive]
    AccessTokenExpired {
        /// How long ago, in whole seconds.
        ago: Duration,
    },
    /// The access token is malformed, was not issued by Fief for this client, or may be used by one sender only (`cnf`).
    #[doc(alias = "FiefAccessTokenInvalid")]
    #[error("the access token is invalid: {0}")]
    AccessTokenInvalid(Reason),
    /// The access token lacks a required permission.
    ///
    /// Permissions are those of the time at which the token was issued: a refresh brings newer ones.
    #[doc(alias = "FiefAccessTokenMissingPermission")]
    #[error("the access token lacks a permission: {}", permissions.join(" or "))]
    #[non_exhaustive]
    AccessTokenMissingPermission {
        /// The missing permission, or the alternatives of which one would do.
        permissions: Vec<String>,
    },
    /// The access token lacks a required scope.
    #[doc(alias = "FiefAccessTokenMissingScope")]
    #[error("the access token lacks the scope {scope}")]
    #[non_exhaustive]
    AccessTokenMissingScope {
        /// The missing scope.
        scope: String,
    },
    /// Fief sent the user back with an error instead of a code
    /// ([RFC 6749, section 4.1.2.1](https://www.rfc-editor.org/rfc/rfc6749#section-4.1.2.1)).
    #[error("Fief rejected the login: {error}")]
    #[non_exhaustive]
    Authorization {
        /// The error's code, such as `access_denied`: at most 64 printable ASCII characters.
        error: String,
        /// Fief's explanation: at most 256 characters without control characters. Untrusted text: escape
        /// it to show it.
        description: Option<String>,
    },
    /// The query of the callback is malformed, or does not belong to this login: the user may have opened
    /// an old link, or another user's. No request was sent.
    #[error("the callback does not belong to this login: {0}")]
    CallbackInvalid(&'static str),
    /// A setting or an argument is invalid. The text says which one, and what to change.
    #[error("invalid configuration: {0}")]
    Configuration(String),
    /// Fief's discovery document lacks a member or has a wrong one. Often `base_url` is not Fief's.
    #[error("the discovery document is invalid: {0}")]
    DiscoveryInvalid(Reason),
    /// The ID token was not issued by Fief for this login, has expired, or is malformed.
    #[doc(alias = "FiefIdTokenInvalid")]
    #[error("the ID token is invalid: {0}")]
    IdTokenInvalid(Reason),
    /// Fief responded with an error status, or with a redirect, which is never followed.
    #[doc(alias = "FiefRequestError")]
    #[error("Fief responded with {status}{}", detail.code_suffix())]
    #[non_exhaustive]
    Request {
        /// The status of the response.
        status: StatusCode,
        /// Fief's explanation.
        detail: RequestDetail,
    },
    /// Fief responded with success, but the response cannot be used. The text says what is wrong with it.
    ///
    /// Often `base_url` is not Fief's, or something between Fief and this program responds instead.
    #[error("unusable response from Fief: {0}")]
    ResponseInvalid(&'static str),
    /// Fief issued the tokens of a login or a refresh, but they cannot be verified yet: its keys cannot be fetched
    /// at the moment, or do not contain a new one yet. The source says why.
    ///
    /// The code or refresh token is used up. Keep `pending`, and pass it to
    /// [`Fief::verify`](crate::Fief::verify) later.
    #[error("the tokens cannot be verified yet")]
    #[non_exhaustive]
    TokensPending {
        /// The tokens.
        pending: PendingTokens,
        /// Why the keys cannot be fetched.
        source: Box<FiefError>,
    },
    /// No complete response arrived: Fief is unreachable, or too slow.
    #[error("no response from Fief")]
    Transport(#[source] TransportError),
    /// A delivery of a webhook is not Fief's, is too old, or is no event.
    #[error("the webhook is invalid: {0}")]
    WebhookInvalid(Reason),
    /// The user's account is not active.
    #[error("the user is not active")]
    UserInactive,
}

impl FiefError {
    /// Returns the reason for which a token or the discovery document was rejected.
    ///
    /// `None` for other errors. [`reasons`](crate::reasons) says what each means, and what to do.
    ///
    /// ```
    /// use fief_client::FiefError;
    ///
    /// /// A label for the application's own metrics.
    /// fn label(error: &FiefError) -> &'static str {
    ///     error.reason().map_or("other", |reason| reason.label())
    /// }
    /// ```
    #[must_use]
    pub fn reason(&self) -> Option<Reason> {
        match self {
            Self::AccessTokenExpired { ago } => Some(Reason::Expired { ago: *ago }),
            Self::AccessTokenInvalid(reason)
            | Self::DiscoveryInvalid(reason)
            | Self::IdTokenInvalid(reason)
            | Self::WebhookInvalid(reason) => Some(*reason),
            Self::AccessTokenAcrTooLow { .. }
            | Self::AccessTokenAuthTooOld { .. }
            | Self::AccessTokenMissingPermission { .. }
            | Self::AccessTokenMissingScope { .. }
            | Self::Authorization { .. }
            | Self::CallbackInvalid(_)
            | Self::Configuration(_)
            | Self::Request { .. }
            | Self::ResponseInvalid(_)
            | Self::TokensPending { .. }
            | Self::Transport(_)
            | Self::UserInactive => None,
        }
    }

    /// Returns `true` if a response began but its body broke off.
    #[must_use]
    pub fn is_body(&self) -> bool {
        matches!(self, Self::Transport(error) if error.is_body())
    }

    /// Returns `true` if no connection could be made. The error's sources say whether name resolution, TCP
    /// or TLS failed.
    #[must_use]
    pub fn is_connect(&self) -> bool {
        matches!(self, Self::Transport(error) if error.is_connect())
    }

    /// Returns `true` if Fief took longer than the [`connect_timeout`](crate::FiefBuilder::connect_timeout) or the
    /// [`timeout`](crate::FiefBuilder::timeout).
    #[must_use]
    pub fn is_timeout(&self) -> bool {
        matches!(self, Self::Transport(error) if error.is_timeout())
    }

    /// Returns the status of Fief's response if it was an error response.
    ///
    /// ```
    /// use fief_client::{Fief, FiefError, FiefUserInfo};
    ///
    /// /// Returns `None` if the user's account is gone.
    /// async fn user(fief: &Fief, access_token: &str) -> Result<Option<FiefUserInfo>, FiefError> {
    ///     match fief.userinfo(access_token).await {
    ///         Err(error) if error.status().is_some_and(|status| status == 401) => Ok(None),
    ///         result => result.map(Some),
    ///     }
    /// }
    /// ```
    #[must_use]
    pub fn status(&self) -> Option<StatusCode> {
        if let Self::Request { status, .. } = self {
            Some(*status)
        } else {
            None
        }
    }

    /// Returns the error of an access token that is rejected for this reason.
    pub(crate) fn of_access_token(reason: Reason) -> Self {
        match reason {
            Reason::Expired { ago } => Self::AccessTokenExpired { ago },
            Reason::Bound
            | Reason::Encrypted
            | Reason::Malformed { .. }
            | Reason::Missing { .. }
            | Reason::NotEncrypted
            | Reason::NotYetValid { .. }
            | Reason::TooLong
            | Reason::TooOld { .. }
            | Reason::Undecryptable
            | Reason::Unexpected { .. }
            | Reason::UnknownKey
            | Reason::WrongAlgorithm
            | Reason::WrongSignature
            | Reason::WrongType { .. }
            | Reason::WrongValue { .. } => Self::AccessTokenInvalid(reason),
        }
    }
}
