use axum::{http::StatusCode, response::Response};
use serde_json::json;

use super::{
    password::weaknesses,
    user_api::{Caller, Refusal, show},
};
use crate::{
    http::{
        Call,
        problem::{Problem, parse_body, string_member, unprocessable},
        response::{detail, json_answer},
    },
    state::State,
};

/// `PATCH /api/password`
pub(crate) fn password(call: &Call<'_>) -> Response {
    let mut state = call.fief.state();
    let (caller, password) = match read(call, &state, "password") {
        Ok(read) => read,
        Err(response) => return *response,
    };
    let reason = weaknesses(&password);
    if !reason.is_empty() {
        let body = json!({ "detail": "USER_UPDATE_INVALID_PASSWORD", "reason": reason });
        return json_answer(StatusCode::BAD_REQUEST, &body);
    }
    state.update_user(caller.user, call.fief.clock.now(), |user| {
        user.password = password;
    });
    show(&state, caller.user)
}

/// `PATCH /api/email/change`, which changes nothing before the code is sent back.
pub(crate) fn email_change(call: &Call<'_>) -> Response {
    let mut state = call.fief.state();
    let (caller, email) = match read(call, &state, "email") {
        Ok(read) => read,
        Err(response) => return *response,
    };
    if !email.contains('@') {
        let reason = "An email address must have an @-sign.";
        let message = format!("value is not a valid email address: {reason}");
        let problem = Problem::new("value_error", message, &json!(email));
        let problem = problem.with(json!({ "reason": reason }));
        return unprocessable(&[problem.within("email").within("body")]);
    }
    let owner = state.user_by_email(call.tenant, &email);
    if owner.is_some_and(|owner| owner.id != caller.user) {
        let error = "USER_UPDATE_EMAIL_ALREADY_EXISTS";
        return detail(StatusCode::BAD_REQUEST, error);
    }
    state.send_verification(caller.user, email);
    let mut response = show(&state, caller.user);
    *response.status_mut() = StatusCode::ACCEPTED;
    response
}

/// `POST /api/email/verify`
pub(crate) fn email_verify(call: &Call<'_>) -> Response {
    let mut state = call.fief.state();
    let (caller, code) = match read(call, &state, "code") {
        Ok(read) => read,
        Err(response) => return *response,
    };
    if !state.verify_email(caller.user, &code, call.fief.clock.now()) {
        let error = "USER_UPDATE_INVALID_EMAIL_VERIFICATION_CODE";
        return detail(StatusCode::BAD_REQUEST, error);
    }
    show(&state, caller.user)
}

/// Who calls, having logged in for it, and the one thing that they sent.
fn read(call: &Call<'_>, state: &State, name: &str) -> Result<(Caller, String), Box<Response>> {
    let caller = Caller::find(call, state).map_err(Refusal::answer)?;
    if caller.acr != "1" {
        return Err(Box::new(Refusal::AcrTooLow.answer()));
    }
    let value = parse_body(&call.body).and_then(|body| string_member(&body, name));
    let value = value.map_err(|problem| unprocessable(&[problem]))?;
    Ok((caller, value))
}
