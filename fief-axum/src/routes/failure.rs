//! Which page the errors of a login lead to.

use axum::http::StatusCode;
use fief_client::{
    FiefError,
    internal::{Chain, ErrorClass, unix_seconds},
};

use super::{config::LoginConfig, page::LoginPageKind};

/// Returns the page for an error of beginning or finishing a login, and logs the
/// error. The client logs those of Fief itself.
pub(super) fn failure(site: &LoginConfig, error: &FiefError) -> LoginPageKind {
    match error.clone().into_class() {
        ErrorClass::Authorization(error) => {
            tracing::debug!(error, "Fief rejected a login");
            error_page(&error)
        }
        ErrorClass::Callback => LoginPageKind::Expired,
        ErrorClass::Status(_, detail) if detail.code() == Some("invalid_grant") => {
            LoginPageKind::Expired
        }
        ErrorClass::Status(StatusCode::FORBIDDEN, detail) if detail.code().is_none() => {
            let why = "Fief, or a proxy in front of it, forbids the requests of logins";
            failed(site, error, why)
        }
        ErrorClass::Status(status, detail) if status.is_client_error() && !is_temporary(status) => {
            let is_unauthorized = status == StatusCode::UNAUTHORIZED;
            if is_unauthorized || detail.code() == Some("invalid_client") {
                let why = "Fief rejected this client: check the client id and secret";
                failed(site, error, why)
            } else {
                failed(site, error, "Fief rejected a request of a login")
            }
        }
        ErrorClass::Inactive => LoginPageKind::Denied,
        ErrorClass::Response
        | ErrorClass::Status(..)
        | ErrorClass::TokensPending
        | ErrorClass::Transport => {
            tracing::debug!(error = %Chain(error), "Fief is unavailable for a login");
            LoginPageKind::Unavailable
        }
        ErrorClass::Configuration | ErrorClass::Webhook => failed(site, error, "a login failed"),
        ErrorClass::Expired | ErrorClass::IdToken | ErrorClass::Invalid | ErrorClass::Unmet(_) => {
            failed(site, error, "the tokens of a login are invalid");
            LoginPageKind::InvalidTokens
        }
    }
}

/// Logs an error that the operator has to look into, once in half a minute.
fn failed(site: &LoginConfig, error: &FiefError, why: &str) -> LoginPageKind {
    let now = unix_seconds(site.sessions.fief.now());
    if let Some(omitted) = site.failures.permit(now) {
        tracing::error!(error = %Chain(error), omitted, "{why}");
    }
    LoginPageKind::Failed
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
