use std::time::Duration;

use axum::http::StatusCode;
use fief_client::{ErrorClass, FiefAcr, FiefError, Unmet};

/// Why a request is rejected.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum RejectionKind {
    /// 401: the user has to log in again, at this level.
    AcrTooLow {
        /// The level that is required.
        required: FiefAcr,
    },
    /// 401: the user has to log in again, since the login is too long ago.
    AuthTooOld {
        /// The greatest age of the login that is accepted.
        max_age: Duration,
    },
    /// 403: the request comes from another site, and only a cookie says who sent it.
    CrossSite,
    /// 401: the token is over.
    Expired,
    /// 403: the guard's own predicate says no, or the path is not in the table of paths.
    Forbidden,
    /// 401: the token is not good.
    Invalid,
    /// 400: the `Authorization` header is not one bearer token.
    Malformed,
    /// 500: the layer is missing around the extractor, or it is another one's. The log names it.
    Misconfigured,
    /// 401: nobody says who sent the request.
    MissingCredentials,
    /// 403: the user lacks a permission.
    MissingPermission {
        /// The missing permission, or the alternatives of which not one is there.
        permissions: Vec<String>,
    },
    /// 403: the token lacks a scope.
    MissingScope {
        /// The missing scope.
        scope: String,
    },
    /// 503: Fief is away, and nothing can be said without it.
    Unavailable,
}

impl RejectionKind {
    /// Returns the status of the answer to API callers.
    #[must_use]
    pub fn status(&self) -> StatusCode {
        match self {
            Self::AcrTooLow { .. }
            | Self::AuthTooOld { .. }
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

    /// Returns whether nobody is logged in: what an optional extractor forgives.
    #[must_use]
    pub fn is_unauthenticated(&self) -> bool {
        match self {
            Self::Expired | Self::Invalid | Self::MissingCredentials => true,
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

    /// Whether logging in (again) helps.
    pub(crate) fn is_login(&self) -> bool {
        self.status() == StatusCode::UNAUTHORIZED
    }

    /// Returns the `error` of the answer to API callers.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::AcrTooLow { .. } | Self::AuthTooOld { .. } => "insufficient_user_authentication",
            Self::CrossSite => "cross_site_request",
            Self::Expired | Self::Invalid => "invalid_token",
            Self::Forbidden => "forbidden",
            Self::Malformed => "invalid_request",
            Self::Misconfigured => "server_error",
            Self::MissingCredentials => "unauthorized",
            Self::MissingPermission { .. } => "insufficient_permissions",
            Self::MissingScope { .. } => "insufficient_scope",
            Self::Unavailable => "temporarily_unavailable",
        }
    }

    /// Returns the `error_description` of the answer: one sentence for people, without anything of the request.
    #[must_use]
    pub fn description(&self) -> &'static str {
        match self {
            Self::AcrTooLow { .. } => "A stronger login is required.",
            Self::AuthTooOld { .. } => "A more recent login is required.",
            Self::CrossSite => "The request does not come from this site.",
            Self::Expired => "The access token has expired.",
            Self::Forbidden => "Access is not allowed.",
            Self::Invalid => "The access token is invalid.",
            Self::Malformed => "The Authorization header is malformed.",
            Self::Misconfigured => "The server is not set up correctly.",
            Self::MissingCredentials => "Credentials are required.",
            Self::MissingPermission { .. } => "A required permission is missing.",
            Self::MissingScope { .. } => "A required scope is missing.",
            Self::Unavailable => "The authentication server is not available.",
        }
    }
}

impl From<FiefError> for RejectionKind {
    /// Who is not let in, who may not, and when Fief is away: told apart here and nowhere else.
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
            | ErrorClass::Transport => Self::Unavailable,
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
