//! The end of a browser's session.

use axum::{http::StatusCode, response::Response};
use serde_json::json;
use url::Url;

use super::pages;
use crate::http::{
    Request, Text,
    cookie::{self, SESSION_COOKIE},
    response::{redirect, set_cookie},
    validation_error::{ValidationError, unprocessable},
};

/// `GET /logout`
///
/// As in Fief, it redirects to any absolute URL, registered or not, and tokens stay valid. Fief has
/// no revocation.
pub(crate) fn logout(request: &Request<'_>) -> Response {
    let Some(target) = request.query("redirect_uri") else {
        return pages::error(request, "invalid_request", MISSING_TARGET);
    };
    let Ok(url) = Url::parse(&target) else {
        let reason = if target.is_empty() {
            "input is empty"
        } else {
            "relative URL without a base"
        };
        let message = format!("Input should be a valid URL, {reason}");
        let error = ValidationError::new("url_parsing", message, &json!(target));
        let error = error.with_context(json!({ "error": reason }));
        return unprocessable(&[error.within("redirect_uri").within("query")]);
    };
    if let Some(session) = request.cookie(SESSION_COOKIE) {
        request.shared.state().sessions.remove(session);
    }
    let mut response = redirect(StatusCode::FOUND, url.as_str());
    set_cookie(&mut response, &cookie::clear_session());
    response
}

const MISSING_TARGET: Text = Text::new("redirect_uri is missing.", "redirect_uri est absent.");
