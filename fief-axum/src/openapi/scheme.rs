use std::{collections::BTreeMap, sync::Arc};

use serde_json::Value;
use utoipa::openapi::{
    Components, OpenApi, RefOr,
    security::{
        ApiKey, ApiKeyValue, AuthorizationCode, Flow, OAuth2, Scopes, SecurityRequirement,
        SecurityScheme,
    },
};

use crate::shared::Shared;

/// Returns the alternatives by which a request may be authenticated.
pub(super) fn security(auth: &Arc<Shared>, scopes: &[String]) -> Vec<SecurityRequirement> {
    let cookies = cookies(auth).into_iter().map(|(name, _)| name);
    let cookies = cookies.map(|name| SecurityRequirement::new(name, [""; 0]));
    [SecurityRequirement::new(SCHEME_NAME, scopes)]
        .into_iter()
        .chain(cookies)
        .collect()
}

/// Returns the scopes of an alternative that [`security`] returned, or `None` for another one. Its fields are private.
pub(super) fn scopes_of(requirement: &SecurityRequirement) -> Option<Vec<String>> {
    let requirement = serde_json::to_value(requirement).ok()?;
    let scopes = requirement.get(SCHEME_NAME)?.as_array()?.iter();
    Some(
        scopes
            .filter_map(|scope| scope.as_str().map(str::to_owned))
            .collect(),
    )
}

/// Adds the security schemes, or adds scopes to those that are there.
pub(super) fn add_schemes(document: &mut OpenApi, auth: &Arc<Shared>, required: Vec<String>) {
    let components = document.components.get_or_insert_default();
    components.schemas.extend(auth.openapi.schemas());
    for (name, cookie) in cookies(auth) {
        let scheme = SecurityScheme::ApiKey(ApiKey::Cookie(ApiKeyValue::new(cookie)));
        let schemes = &mut components.security_schemes;
        schemes.entry(name.into()).or_insert(RefOr::T(scheme));
    }
    if let Some(scheme) = auth.other_scheme() {
        let schemes = &mut components.security_schemes;
        schemes.insert(SCHEME_NAME.into(), RefOr::T(header_scheme(scheme)));
        return;
    }
    let mut scopes = known_scopes(components);
    let required = ["openid".to_owned()].into_iter().chain(required);
    for scope in required {
        let description = auth.openapi.scope(&scope).to_owned();
        scopes.entry(scope).or_insert(description);
    }
    let [authorize, token] = auth.fief().browser_endpoints();
    let scopes: Scopes = scopes.into_iter().collect();
    let flow = AuthorizationCode::new(authorize.as_str(), token.as_str(), scopes);
    let scheme = SecurityScheme::OAuth2(OAuth2::new([Flow::AuthorizationCode(flow)]));
    let schemes = &mut components.security_schemes;
    schemes.insert(SCHEME_NAME.into(), RefOr::T(scheme));
}

/// Returns the security scheme of tokens that are sent with another scheme than `Bearer`, which `OAuth2` would be.
fn header_scheme(scheme: &str) -> SecurityScheme {
    let text = format!("`{scheme}`, a space, and an access token of Fief.");
    let header = ApiKeyValue::with_description("Authorization", &text);
    SecurityScheme::ApiKey(ApiKey::Header(header))
}

/// Returns the scopes of the scheme that is there, with their descriptions.
fn known_scopes(components: &Components) -> BTreeMap<String, String> {
    let scheme = components.security_schemes.get(SCHEME_NAME);
    let scheme = scheme.and_then(|scheme| serde_json::to_value(scheme).ok());
    let scopes = scheme
        .as_ref()
        .and_then(|scheme| scheme.pointer(SCOPES_POINTER));
    let scopes = scopes.and_then(Value::as_object).into_iter().flatten();
    let text = |text: &Value| text.as_str().unwrap_or_default().to_owned();
    scopes
        .map(|(scope, description)| (scope.clone(), text(description)))
        .collect()
}

/// Returns the names of the schemes for cookies, with the name of the cookie.
fn cookies(auth: &Arc<Shared>) -> Vec<(&'static str, &str)> {
    let session = auth
        .sessions()
        .map(|sessions| sessions.cookies.session_name());
    let session = session.map(|name| ("fief_session", name));
    let token = auth.access_token_cookie().map(|name| ("fief_token", name));
    session.into_iter().chain(token).collect()
}

/// The key of the security scheme in the document.
const SCHEME_NAME: &str = "fief";
/// JSON pointer to the scopes of the serialized scheme: its fields are private.
const SCOPES_POINTER: &str = "/flows/authorizationCode/scopes";
