use axum::{http::StatusCode, response::Response};
use serde_json::json;
use url::Url;

use super::pages;
use crate::http::{
    Request,
    cookie::{self, SESSION_COOKIE},
    problem::{Problem, unprocessable},
    response::{redirect, set_cookie},
};

/// `GET /logout`, which redirects to any URL, as Fief does.
pub(crate) fn logout(request: &Request<'_>) -> Response {
    let Some(target) = request.query("redirect_uri") else {
        return pages::error(request, "invalid_request", "redirect_uri is missing.");
    };
    let Ok(url) = Url::parse(&target) else {
        let reason = if target.is_empty() {
            "input is empty"
        } else {
            "relative URL without a base"
        };
        let message = format!("Input should be a valid URL, {reason}");
        let problem = Problem::new("url_parsing", message, &json!(target));
        let problem = problem.with_context(json!({ "error": reason }));
        return unprocessable(&[problem.within("redirect_uri").within("query")]);
    };
    if let Some(session) = request.cookie(SESSION_COOKIE) {
        request.shared.state().sessions.remove(session);
    }
    let mut response = redirect(StatusCode::FOUND, url.as_str());
    set_cookie(&mut response, &cookie::no_session());
    response
}
