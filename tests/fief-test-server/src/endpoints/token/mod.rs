//! The token endpoint.

mod client_auth;
mod error;

use axum::{
    http::StatusCode,
    response::{IntoResponse, Response},
};
use serde_json::json;

use self::{client_auth::authenticate, error::TokenError};
use super::token_issuer::TokenIssuer;
use crate::{
    Client,
    crypto::random_string,
    http::{
        Request,
        response::{json_response, set_header},
    },
    state::{Grant, State},
};

/// `POST /api/token`
///
/// Supports the grants `authorization_code` and `refresh_token`. Like Fief's, its errors have
/// status 400 and no description.
pub(crate) fn token(request: &Request<'_>) -> Response {
    let mut state = request.shared.state();
    let result = match request.form("grant_type").as_deref() {
        Some("authorization_code") => exchange_code(request, &mut state),
        Some("refresh_token") => refresh(request, &mut state),
        Some(_) => authenticate(request, &state, false).and(Err(TokenError::Code(UNSUPPORTED))),
        None => Err(TokenError::Code("invalid_request")),
    };
    result.into_response()
}

/// Exchanges an authorization code, which must be from a request of the same client.
fn exchange_code(request: &Request<'_>, state: &mut State) -> Result<Response, TokenError> {
    let client = authenticate(request, state, true)?.clone();
    let code = request
        .form("code")
        .ok_or(TokenError::Code("invalid_request"))?;
    let redirect_uri = request
        .form("redirect_uri")
        .ok_or(TokenError::Code("invalid_request"))?;
    let invalid = TokenError::Code("invalid_grant");
    let verifier = request.form("code_verifier");
    let is_valid = state.codes.get(&code, request.now()).is_some_and(|grant| {
        let is_verified = match (&grant.challenge, &verifier) {
            (Some(challenge), Some(verifier)) => challenge.accepts(verifier),
            (None, None) => true,
            _ => false,
        };
        is_verified && grant.client_id == client.id && grant.redirect_uri == redirect_uri
    });
    // A failed attempt does not use up the code.
    if !is_valid {
        return Err(invalid);
    }
    let grant = state.codes.remove(&code).ok_or(invalid)?;
    token_response(request, state, &client, grant, Some(&code))
}

/// Rotates a refresh token: it is removed, and the response has a new one.
///
/// The scope can be narrowed. As in Fief, the ACR becomes 0, and without `offline_access` there is
/// no new refresh token.
fn refresh(request: &Request<'_>, state: &mut State) -> Result<Response, TokenError> {
    let client = authenticate(request, state, false)?.clone();
    let token = request
        .form("refresh_token")
        .ok_or(TokenError::Code("invalid_request"))?;
    let mut grant = state
        .refresh_tokens
        .get(&token, request.now())
        .filter(|grant| grant.client_id == client.id && state.user(grant.user).is_some())
        .ok_or(TokenError::Code("invalid_grant"))?
        .clone();
    if let Some(scope) = request.form("scope") {
        let scope: Vec<String> = scope.split_whitespace().map(str::to_owned).collect();
        if !scope.iter().all(|scope| grant.scope.contains(scope)) {
            return Err(TokenError::Code("invalid_scope"));
        }
        grant.scope = scope;
    }
    state.refresh_tokens.remove(&token);
    grant.acr = "0";
    grant.nonce = None;
    token_response(request, state, &client, grant, None)
}

/// Returns the tokens of a grant. There is a refresh token if the scope has `offline_access`.
fn token_response(
    request: &Request<'_>,
    state: &mut State,
    client: &Client,
    grant: Grant,
    code: Option<&str>,
) -> Result<Response, TokenError> {
    if state.user(grant.user).is_none() {
        return Err(TokenError::Code("invalid_grant"));
    }
    let issuer = TokenIssuer::new(request, state, &grant).ok_or(TokenError::Internal)?;
    let access_token = issuer.access_token(&grant).ok_or(TokenError::Internal)?;
    let id_token = issuer
        .id_token(&grant, code, Some(&access_token))
        .ok_or(TokenError::Internal)?;
    let mut body = json!({
        "access_token": access_token,
        "id_token": id_token,
        "token_type": "bearer",
        "expires_in": client.token_lifetime.as_secs(),
    });
    if grant.scope.iter().any(|scope| scope == "offline_access")
        && let Some(body) = body.as_object_mut()
    {
        let token = random_string();
        body.insert("refresh_token".to_owned(), json!(token));
        let lifetime = client.refresh_lifetime.as_secs();
        let expires = request.now().saturating_add(lifetime);
        state.refresh_tokens.insert(token, grant, expires);
    }
    let mut response = json_response(StatusCode::OK, &body);
    set_header(&mut response, "cache-control", "no-store");
    set_header(&mut response, "pragma", "no-cache");
    Ok(response)
}

const UNSUPPORTED: &str = "unsupported_grant_type";
