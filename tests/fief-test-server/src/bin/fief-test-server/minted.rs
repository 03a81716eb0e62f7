//! Tokens that are made without a login.

use std::time::Duration;

use fief_test_server::FiefTestServer;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// What an access token is to contain. Everything else is as for a login of the first user at the first client.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Minted {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) user: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) client_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) permissions: Option<Vec<String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) scope: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) acr: Option<String>,
    /// In seconds; a negative one has expired.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) expires_in: Option<i64>,
    /// Claims to add or to replace.
    #[serde(skip_serializing_if = "Map::is_empty")]
    pub(crate) claims: Map<String, Value>,
}

impl Minted {
    /// Returns the token, or an error that names what is unknown.
    pub(crate) fn mint(self, server: &FiefTestServer) -> Result<String, String> {
        let Self {
            user,
            client_id,
            permissions,
            scope,
            acr,
            expires_in,
            claims,
        } = self;
        let mut token = server.access_token();
        if let Some(email) = user {
            let users = server.users();
            let mut users = users.iter();
            let user = users.find(|user| user["email"] == *email);
            let user = user.ok_or(format!("unknown user {email}"))?;
            let tenant = user["tenant"].as_str().unwrap_or_default().to_owned();
            token = token.user(email).tenant(tenant);
        }
        if let Some(id) = client_id {
            token = token.client(id);
        }
        if let Some(permissions) = permissions {
            token = token.permissions(permissions);
        }
        if let Some(acr) = acr {
            token = token.acr(acr);
        }
        if let Some(seconds) = expires_in {
            let duration = Duration::from_secs(seconds.unsigned_abs());
            token = if seconds < 0 {
                token.expired_ago(duration)
            } else {
                token.expires_in(duration)
            };
        }
        if let Some(scope) = scope {
            token = token.claim("scope", scope);
        }
        for (name, value) in claims {
            token = token.claim(name, value);
        }
        if server.kid().is_empty() {
            return Err("there is no key".to_owned());
        }
        Ok(token.mint())
    }
}
