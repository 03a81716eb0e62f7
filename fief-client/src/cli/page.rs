use http::StatusCode;

use crate::{FiefError, cli::FiefAuthError};

/// Page that the browser shows.
pub(super) struct Page {
    pub(super) status: StatusCode,
    pub(super) html: String,
}

impl Page {
    pub(super) fn new(status: StatusCode, title: &str, text: &str) -> Self {
        let (title, text) = (escape(title), escape(text));
        let html = format!(
            "<!doctype html>\n<html lang=\"en\">\n<meta charset=\"utf-8\">\n\
             <meta name=\"viewport\" content=\"width=device-width\">\n\
             <title>{title}</title>\n<h1>{title}</h1>\n<p>{text}</p>\n"
        );
        Self { status, html }
    }

    /// Returns the page at the end of a login.
    pub(super) fn of<T>(result: &Result<T, FiefAuthError>) -> Self {
        match result {
            Ok(_) => Self::new(
                StatusCode::OK,
                "You are logged in",
                "You can close this page and go back to the terminal.",
            ),
            Err(error) => {
                let why = explanation(error);
                let text = format!("Reason: {why}. Go back to the terminal to try again.");
                Self::new(status(error), "The login failed", &text)
            }
        }
    }

    /// Returns the page of a request that does not belong to the login.
    pub(super) fn rejected(status: StatusCode) -> Self {
        let text = "This page is part of a login in a terminal.";
        Self::new(status, status.canonical_reason().unwrap_or("Error"), text)
    }
}

/// Returns what to show of an error. Fief's description is untrusted text, which is escaped with the rest.
fn explanation(error: &FiefAuthError) -> String {
    match error {
        FiefAuthError::Fief(FiefError::Authorization {
            description: Some(description),
            error: code,
        }) => format!("Fief rejected the login: {description} ({code})"),
        error => error.to_string(),
    }
}

fn status(error: &FiefAuthError) -> StatusCode {
    match error {
        FiefAuthError::AuthorizationCodeMissing
        | FiefAuthError::Fief(FiefError::Authorization { .. } | FiefError::CallbackInvalid(_)) => {
            StatusCode::BAD_REQUEST
        }
        FiefAuthError::Fief(FiefError::TokensPending { .. }) => StatusCode::SERVICE_UNAVAILABLE,
        FiefAuthError::Fief(_) => StatusCode::BAD_GATEWAY,
        FiefAuthError::Credentials { path: _, source: _ }
        | FiefAuthError::Listener { port: _, source: _ }
        | FiefAuthError::NotAuthenticated
        | FiefAuthError::RefreshTokenMissing
        | FiefAuthError::TimedOut => StatusCode::INTERNAL_SERVER_ERROR,
    }
}

/// Escapes text for HTML.
fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            character => escaped.push(character),
        }
    }
    escaped
}
