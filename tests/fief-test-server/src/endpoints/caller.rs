//! Authentication of requests to the user API.

use axum::{
    http::StatusCode,
    response::{IntoResponse, Response},
};
use serde_json::{Value, from_slice};
use uuid::Uuid;

use crate::{
    claims::user_info,
    crypto::base64url_decode,
    http::{
        Request,
        response::{detail, internal_error, json_response},
        validation_error::{parse_body, string_member, unprocessable},
    },
    state::State,
};

/// Rejection of a request to the user API.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Rejection {
    /// 403: the token is not from a login with the login page.
    AcrTooLow,
    /// 401: the token is missing, invalid or expired, or the user is inactive.
    Unauthorized,
    /// 500, as in Fief: the user was deleted.
    UserDeleted,
}

impl IntoResponse for Rejection {
    fn into_response(self) -> Response {
        match self {
            Self::AcrTooLow => detail(StatusCode::FORBIDDEN, "ACR_TOO_LOW"),
            Self::Unauthorized => detail(StatusCode::UNAUTHORIZED, "Unauthorized"),
            Self::UserDeleted => internal_error(),
        }
    }
}

/// User that sent a request, authenticated by its bearer token.
#[derive(Debug)]
pub(crate) struct Caller {
    pub(crate) user: Uuid,
    pub(crate) acr: String,
}

impl Caller {
    /// Validates the bearer token.
    ///
    /// As in Fief, any token with `sub` and `acr` that a key of the tenant signed is accepted, also
    /// an ID token.
    pub(crate) fn authenticate(request: &Request<'_>, state: &State) -> Result<Self, Rejection> {
        let claims = request
            .bearer()
            .and_then(|token| verified_claims(request, state, token))
            .ok_or(Rejection::Unauthorized)?;
        let id = claims.get("sub").and_then(Value::as_str);
        let id = id.and_then(|id| Uuid::parse_str(id).ok());
        let acr = claims.get("acr").and_then(Value::as_str);
        let (user, acr) = id.zip(acr).ok_or(Rejection::Unauthorized)?;
        let found = state.user(user).ok_or(Rejection::UserDeleted)?;
        if !found.is_active || found.tenant != request.tenant {
            return Err(Rejection::Unauthorized);
        }
        Ok(Self {
            user,
            acr: acr.to_owned(),
        })
    }
}

/// Authenticates a caller that used the login page. Returns it with a string of the JSON body.
pub(crate) fn read_member(
    request: &Request<'_>,
    state: &State,
    name: &str,
) -> Result<(Caller, String), Box<Response>> {
    let caller = Caller::authenticate(request, state).map_err(Rejection::into_response)?;
    if caller.acr != "1" {
        return Err(Box::new(Rejection::AcrTooLow.into_response()));
    }
    let value = parse_body(&request.body).and_then(|body| string_member(&body, name));
    let value = value.map_err(|error| unprocessable(&[error]))?;
    Ok((caller, value))
}

/// Returns the response to a successful request to the user API, which is the user.
pub(crate) fn user_response(state: &State, user: Uuid) -> Response {
    let known = state.user(user).zip(state.tenant_id(user));
    match known {
        Some((user, tenant)) => json_response(StatusCode::OK, &user_info(user, tenant).into()),
        None => internal_error(),
    }
}

/// Returns the claims if the signature is valid and the token is not expired.
fn verified_claims(request: &Request<'_>, state: &State, token: &str) -> Option<Value> {
    let (message, signature) = token.rsplit_once('.')?;
    let (header, claims) = message.split_once('.')?;
    let header: Value = from_slice(&base64url_decode(header)?).ok()?;
    let signature = base64url_decode(signature)?;
    let tenant = state.tenant(request.tenant)?;
    let is_signed = header.get("alg")? == "RS256"
        && tenant
            .keys
            .iter()
            .any(|key| key.pair.verifies(message.as_bytes(), &signature));
    let claims: Value = from_slice(&base64url_decode(claims)?).ok()?;
    let expires = claims.get("exp")?.as_u64()?;
    (is_signed && request.now() <= expires.saturating_add(LEEWAY)).then_some(claims)
}

/// In seconds: how long Fief accepts a token after it expired.
const LEEWAY: u64 = 60;
