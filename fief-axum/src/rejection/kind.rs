use std::time::Duration;

use axum::http::StatusCode;
use fief_client::{
    FiefAcr, FiefError,
    internal::{Chain, ErrorClass, Unmet},
};

use crate::{Error, log::limited};

/// Reason for a [`Rejection`](crate::Rejection), with its status.
///
/// ```
/// use axum::http::StatusCode;
/// use fief_axum::RejectionKind;
///
/// assert_eq!(RejectionKind::Expired.status(), StatusCode::UNAUTHORIZED);
/// assert!(RejectionKind::Expired.is_unauthenticated());
/// ```
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum RejectionKind {
    /// 401: the login has a lower authentication level than required. The user must step up.
    #[non_exhaustive]
    AcrTooLow {
        /// The level that is required.
        required: FiefAcr,
    },
    /// 401: the user logged in too long ago or at an unknown time, and must log in again.
    #[non_exhaustive]
    AuthTooOld {
        /// The greatest age of the login that is accepted.
        max_age: Duration,
    },
    /// 403: the request is authenticated by a cookie, but comes from another site (CSRF).
    CrossSite,
    /// 401: the access token is valid, but its user was denied: by
    /// [`deny_user`](crate::FiefAuth::deny_user), or by a webhook.
    Denied,
    /// 401: the access token has expired.
    Expired,
    /// 403: a predicate or policy returned `false`, or [`PathsLayer`](crate::PathsLayer) has no entry for the path.
    #[doc(alias = "FiefAuthForbidden")]
    Forbidden,
    /// 401: the access token is invalid.
    Invalid,
    /// 400: the `Authorization` header is malformed or repeated, or the request has two tokens, or a
    /// [`token_source`](crate::FiefAuthBuilder::token_source) says that its token is malformed.
    Malformed,
    /// 500: an extractor has no layer or guard around it, or those of another `FiefAuth`; two of them are nested; a guard
    /// covers the login routes; or [`CurrentSession::data`](crate::CurrentSession::data) is of another type. The log says
    /// what to change.
    Misconfigured,
    /// 401: the request has no credentials, or its session has ended.
    #[doc(alias = "FiefAuthUnauthorized")]
    MissingCredentials,
    /// 403: the token lacks a required permission.
    #[non_exhaustive]
    MissingPermission {
        /// The missing permission, or the alternatives of which at least one is required.
        permissions: Vec<String>,
    },
    /// 403: the token lacks a required scope.
    #[non_exhaustive]
    MissingScope {
        /// The missing scope.
        scope: String,
    },
    /// 503: Fief or the session store is unreachable and the request cannot be authenticated without it.
    Unavailable,
}

impl RejectionKind {
    /// Returns the status of the default response. [`Rejection`](crate::Rejection) says which callers get another one.
    #[must_use]
    pub fn status(&self) -> StatusCode {
        match self {
            Self::AcrTooLow { .. }
            | Self::AuthTooOld { .. }
            | Self::Denied
            | Self::Expired
            | Self::Invalid
            | Self::MissingCredentials => StatusCode::UNAUTHORIZED,
            Self::CrossSite
            | Self::Forbidden
            | Self::MissingPermission { .. }
            | Self::MissingScope { .. } => StatusCode::FORBIDDEN,
            Self::Malformed => StatusCode::BAD_REQUEST,
            Self::Misconfigured => StatusCode::INTERNAL_SERVER_ERROR,
            Self::Unavailable => StatusCode::SERVICE_UNAVAILABLE,
        }
    }

    /// Returns `true` if the request has no valid credentials. Optional extractors are `None` then.
    #[must_use]
    pub fn is_unauthenticated(&self) -> bool {
        match self {
            Self::Denied | Self::Expired | Self::Invalid | Self::MissingCredentials => true,
            Self::AcrTooLow { .. }
            | Self::AuthTooOld { .. }
            | Self::CrossSite
            | Self::Forbidden
            | Self::Malformed
            | Self::Misconfigured
            | Self::MissingPermission { .. }
            | Self::MissingScope { .. }
            | Self::Unavailable => false,
        }
    }

    /// Returns whether logging in, or stepping up, may help.
    pub(crate) fn is_login(&self) -> bool {
        self.status() == StatusCode::UNAUTHORIZED
    }

    /// Returns whether another user may be accepted.
    pub(crate) fn depends_on_user(&self) -> bool {
        match self {
            Self::Forbidden | Self::MissingPermission { .. } | Self::MissingScope { .. } => true,
            Self::AcrTooLow { .. }
            | Self::AuthTooOld { .. }
            | Self::CrossSite
            | Self::Denied
            | Self::Expired
            | Self::Invalid
            | Self::Malformed
            | Self::Misconfigured
            | Self::MissingCredentials
            | Self::Unavailable => false,
        }
    }

    /// Returns the `error` of the JSON response: a stable code for clients.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::AcrTooLow { .. } | Self::AuthTooOld { .. } => "insufficient_user_authentication",
            Self::CrossSite => "cross_site_request",
            Self::Denied | Self::Expired | Self::Invalid => "invalid_token",
            Self::Forbidden => "forbidden",
            Self::Malformed => "invalid_request",
            Self::Misconfigured => "server_error",
            Self::MissingCredentials => "unauthorized",
            Self::MissingPermission { .. } => "insufficient_permissions",
            Self::MissingScope { .. } => "insufficient_scope",
            Self::Unavailable => "temporarily_unavailable",
        }
    }

    /// Returns the label of metrics and logs: the code, but a denied or expired token differs from an invalid one.
    pub(crate) fn label(&self) -> &'static str {
        match self {
            Self::Denied => "denied_token",
            Self::Expired => "expired_token",
            Self::AcrTooLow { .. }
            | Self::AuthTooOld { .. }
            | Self::CrossSite
            | Self::Forbidden
            | Self::Invalid
            | Self::Malformed
            | Self::Misconfigured
            | Self::MissingCredentials
            | Self::MissingPermission { .. }
            | Self::MissingScope { .. }
            | Self::Unavailable => self.code(),
        }
    }

    /// Returns the `error_description` of the JSON response: one sentence for people. It contains nothing of the request.
    #[must_use]
    pub fn description(&self) -> &'static str {
        match self {
            Self::AcrTooLow { .. } => "A stronger login is required.",
            Self::AuthTooOld { .. } => "A more recent login is required.",
            Self::CrossSite => "The request does not come from this site.",
            Self::Expired => "The access token has expired.",
            Self::Forbidden => "Access is not allowed.",
            Self::Denied | Self::Invalid => "The access token is invalid.",
            Self::Malformed => "The access token is malformed or repeated.",
            Self::Misconfigured => "The server is misconfigured.",
            Self::MissingCredentials => "Credentials are required.",
            Self::MissingPermission { .. } => "A required permission is missing.",
            Self::MissingScope { .. } => "A required scope is missing.",
            Self::Unavailable => "Authentication is not available at the moment.",
        }
    }
}

impl From<FiefError> for RejectionKind {
    /// The one place that decides between 401, 403 and 503.
    fn from(error: FiefError) -> Self {
        match error.into_class() {
            ErrorClass::Expired => Self::Expired,
            ErrorClass::Inactive
            | ErrorClass::Invalid
            | ErrorClass::Status(StatusCode::UNAUTHORIZED, _) => Self::Invalid,
            ErrorClass::Unmet(unmet) => unmet.into(),
            ErrorClass::Authorization(_)
            | ErrorClass::Callback
            | ErrorClass::Configuration
            | ErrorClass::IdToken
            | ErrorClass::Response
            | ErrorClass::Status(..)
            | ErrorClass::TokensPending
            | ErrorClass::Transport
            | ErrorClass::Webhook => Self::Unavailable,
        }
    }
}

impl From<Unmet> for RejectionKind {
    fn from(unmet: Unmet) -> Self {
        match unmet {
            Unmet::Acr(required) => Self::AcrTooLow { required },
            Unmet::MaxAge(max_age) => Self::AuthTooOld { max_age },
            Unmet::Permission(permissions) => Self::MissingPermission { permissions },
            Unmet::Scope(scope) => Self::MissingScope { scope },
        }
    }
}

impl From<Error> for RejectionKind {
    /// Fails closed: whether a session is valid is unknown if it cannot be
    /// loaded.
    fn from(error: Error) -> Self {
        match error {
            Error::Fief(error) => error.into(),
            Error::Configuration(_) | Error::SessionKey(_) | Error::SessionStore(_) => {
                limited!(error, process, error = %Chain(&error), "failed to load a session");
                Self::Unavailable
            }
        }
    }
}
