use axum::{http::StatusCode, response::Response};
use serde_json::json;
use url::Url;

use crate::{
    answer::{json_answer, redirect, set_cookie},
    call::Call,
    cookie::{self, SESSION_COOKIE},
    pages,
};

/// `GET /logout`, which sends the browser wherever the caller says, as Fief does.
pub(crate) fn logout(call: &Call<'_>) -> Response {
    let Some(target) = call.query("redirect_uri") else {
        return pages::error(call, "invalid_request", "redirect_uri is missing.");
    };
    let Ok(url) = Url::parse(&target) else {
        let reason = if target.is_empty() {
            "input is empty"
        } else {
            "relative URL without a base"
        };
        let body = json!({ "detail": [{
            "type": "url_parsing",
            "loc": ["query", "redirect_uri"],
            "msg": format!("Input should be a valid URL, {reason}"),
            "input": target,
            "ctx": { "error": reason },
        }] });
        return json_answer(StatusCode::UNPROCESSABLE_ENTITY, &body);
    };
    if let Some(session) = call.cookie(SESSION_COOKIE) {
        call.fief.state().sessions.remove(session);
    }
    let mut response = redirect(StatusCode::FOUND, url.as_str());
    set_cookie(&mut response, &cookie::no_session());
    response
}
