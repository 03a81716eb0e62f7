//! Client authentication at the token endpoint.

use axum::http::header;
use base64::{Engine as _, engine::general_purpose::STANDARD};

use super::error::TokenError;
use crate::{Client, http::Request, state::State};

/// Authenticates the client with the `Authorization` header or else with the form.
///
/// As in Fief, credentials in the header are not URL-decoded. A public client without its secret
/// must send a `code_verifier` if `is_code`.
pub(crate) fn authenticate<'a>(
    request: &Request<'_>,
    state: &'a State,
    is_code: bool,
) -> Result<&'a Client, TokenError> {
    let basic = basic(request)?.and_then(|(id, secret)| find_client(state, &id, Some(&secret)));
    if let Some(client) = basic {
        return Ok(client);
    }
    let id = request.form("client_id").unwrap_or_default();
    if let Some(client) = find_client(state, &id, request.form("client_secret").as_deref()) {
        return Ok(client);
    }
    state
        .client(&id)
        .filter(|client| client.is_public)
        .filter(|_| !is_code || request.form("code_verifier").is_some())
        .ok_or(TokenError::Code("invalid_client"))
}

/// Returns the client with this id and secret.
fn find_client<'a>(state: &'a State, id: &str, secret: Option<&str>) -> Option<&'a Client> {
    state
        .client(id)
        .filter(|client| Some(client.secret.as_str()) == secret)
}

/// Returns id and secret of a Basic `Authorization` header, or `None` if there is none.
fn basic(request: &Request<'_>) -> Result<Option<(String, String)>, TokenError> {
    let Some(header) = request.header(header::AUTHORIZATION.as_str()) else {
        return Ok(None);
    };
    let (scheme, credentials) = header.split_once(' ').unwrap_or((header, ""));
    if !scheme.eq_ignore_ascii_case("basic") {
        return Ok(None);
    }
    let decoded = STANDARD.decode(credentials.trim()).ok();
    let text = decoded.and_then(|bytes| String::from_utf8(bytes).ok());
    let pair = text.and_then(|text| {
        let (id, secret) = text.split_once(':')?;
        Some((id.to_owned(), secret.to_owned()))
    });
    pair.map(Some).ok_or(TokenError::Basic)
}
