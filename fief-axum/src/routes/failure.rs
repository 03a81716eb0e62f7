//! Which page the errors of a login lead to.

use axum::http::StatusCode;
use fief_client::{
    FiefError,
    internal::{Chain, ErrorClass},
};

use super::page::LoginPageKind;

/// Returns the page for an error of beginning or finishing a login, and logs the
/// error.
pub(super) fn failure(error: &FiefError) -> LoginPageKind {
    match error.clone().into_class() {
        ErrorClass::Authorization(error) => {
            tracing::debug!(error, "Fief rejected a login");
            error_page(&error)
        }
        ErrorClass::Callback => LoginPageKind::Expired,
        ErrorClass::Status(_, detail) if detail.code() == Some("invalid_grant") => {
            LoginPageKind::Expired
        }
        ErrorClass::Status(status, _) if is_temporary(status) => {
            tracing::warn!(error = %Chain(error), "Fief is unavailable for a login");
            LoginPageKind::Unavailable
        }
        ErrorClass::Status(StatusCode::FORBIDDEN, detail) if detail.code().is_none() => {
            tracing::error!(
                error = %Chain(error),
                "Fief, or a proxy in front of it, forbids the requests of logins"
            );
            LoginPageKind::Failed
        }
        ErrorClass::Status(status, detail) if status.is_client_error() => {
            let is_unauthorized = status == StatusCode::UNAUTHORIZED;
            if is_unauthorized || detail.code() == Some("invalid_client") {
                tracing::error!(
                    error = %Chain(error),
                    "Fief rejected this client: check the client id and secret"
                );
            } else {
                tracing::error!(error = %Chain(error), "Fief rejected a request of a login");
            }
            LoginPageKind::Failed
        }
        ErrorClass::Inactive => LoginPageKind::Denied,
        ErrorClass::Response
        | ErrorClass::Status(..)
        | ErrorClass::TokensPending
        | ErrorClass::Transport => {
            tracing::warn!(error = %Chain(error), "Fief is unavailable for a login");
            LoginPageKind::Unavailable
        }
        ErrorClass::Configuration => {
            tracing::error!(error = %Chain(error), "a login failed");
            LoginPageKind::Failed
        }
        ErrorClass::Expired | ErrorClass::IdToken | ErrorClass::Invalid | ErrorClass::Unmet(_) => {
            tracing::error!(error = %Chain(error), "the tokens of a login are invalid");
            LoginPageKind::InvalidTokens
        }
    }
}

/// Returns whether a status that looks like an error of this client says that the
/// same request may succeed later.
fn is_temporary(status: StatusCode) -> bool {
    matches!(
        status,
        StatusCode::REQUEST_TIMEOUT | StatusCode::TOO_MANY_REQUESTS
    )
}

/// Returns the page for the `error` in the query of the redirect.
fn error_page(error: &str) -> LoginPageKind {
    match error {
        "access_denied" => LoginPageKind::Denied,
        _ => LoginPageKind::Rejected,
    }
}
