//! Issuing of authorization codes.

use super::token_issuer::TokenIssuer;
use crate::{
    crypto::random_string,
    http::Request,
    state::{AuthorizeRequest, Grant, Session, State},
};

/// Returns the redirect URI with a code, and with the tokens of a hybrid response type.
///
/// Returns `None` if no tokens can be issued.
pub(crate) fn code_url(
    request: &Request<'_>,
    state: &mut State,
    authorization: &AuthorizeRequest,
    session: &Session,
) -> Option<String> {
    let code = random_string();
    let grant = Grant {
        client_id: authorization.client_id.clone(),
        redirect_uri: authorization.redirect_uri.clone(),
        user: session.user,
        scope: authorization.scope.clone(),
        nonce: authorization.nonce.clone(),
        challenge: authorization.challenge.clone(),
        acr: authorization.acr,
        auth_time: session.auth_time,
    };
    let response_type = authorization.response_type;
    let mut parameters = vec![("code", code.clone())];
    if response_type.token || response_type.id_token {
        let issuer = TokenIssuer::new(request, state, &grant)?;
        let token = if response_type.token {
            Some(issuer.access_token(&grant)?)
        } else {
            None
        };
        if let Some(token) = &token {
            parameters.push(("access_token", token.clone()));
            parameters.push(("token_type", "bearer".to_owned()));
        }
        if response_type.id_token {
            let token = issuer.id_token(&grant, Some(&code), token.as_deref())?;
            parameters.push(("id_token", token));
        }
    }
    let lifetime = state
        .client(&authorization.client_id)?
        .code_lifetime
        .as_secs();
    state
        .codes
        .insert(code, grant, request.now().saturating_add(lifetime));
    let parameters: Vec<(&str, &str)> = parameters
        .iter()
        .map(|(name, value)| (*name, value.as_str()))
        .collect();
    Some(authorization.callback_url(&parameters))
}
