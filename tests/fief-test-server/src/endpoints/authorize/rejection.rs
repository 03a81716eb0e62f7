//! Responses to invalid authorization requests.

use axum::response::Response;
use serde_json::json;

use super::texts::INVALID_REDIRECT_URI;
use crate::{
    Notice,
    endpoints::pages,
    http::{
        Request, Text,
        response::redirect_to_application,
        validation_error::{ValidationError, unprocessable},
    },
};

/// Rejection of an invalid [`AuthorizeRequest`](crate::state::AuthorizeRequest).
#[derive(Debug)]
pub(crate) enum Rejection {
    /// An error page with a code and a text, since there is no valid redirect URI.
    Page(&'static str, Text),
    /// An error page, and a notice about the redirect URI, which is missing or not registered.
    RedirectUri(Notice),
    /// `max_age` is not a number.
    MaxAge(String),
    /// A redirect to this URL of the application, which contains the error.
    Redirect(String),
}

impl Rejection {
    pub(super) fn response(&self, request: &Request<'_>) -> Response {
        match self {
            Self::Page(code, text) => pages::error(request, code, *text),
            Self::RedirectUri(_) => {
                pages::error(request, "invalid_redirect_uri", INVALID_REDIRECT_URI)
            }
            Self::MaxAge(input) => {
                let message =
                    "Input should be a valid integer, unable to parse string as an integer";
                let error = ValidationError::new("int_parsing", message, &json!(input));
                unprocessable(&[error.within("max_age").within("query")])
            }
            Self::Redirect(url) => redirect_to_application(url),
        }
    }
}
