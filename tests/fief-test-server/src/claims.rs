use serde_json::{Map, Value, json};
use uuid::Uuid;

use crate::{User, crypto::half_hash};

/// Values of the claims that access and ID tokens share. Times are in Unix seconds.
#[derive(Clone, Debug)]
pub(crate) struct Claims {
    pub(crate) issuer: String,
    pub(crate) client_id: String,
    pub(crate) user: User,
    pub(crate) tenant_id: Uuid,
    pub(crate) acr: String,
    pub(crate) auth_time: u64,
    pub(crate) issued: u64,
    pub(crate) expires: u64,
}

/// Values that an ID token is bound to with `nonce`, `c_hash` and `at_hash`.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Bindings<'a> {
    pub(crate) nonce: Option<&'a str>,
    pub(crate) code: Option<&'a str>,
    pub(crate) access_token: Option<&'a str>,
}

impl Claims {
    /// Returns the claims of an access token.
    pub(crate) fn access_token(&self, scope: &[String]) -> Map<String, Value> {
        let mut claims = self.common();
        claims.insert("permissions".to_owned(), json!(self.user.permissions));
        claims.insert("scope".to_owned(), json!(scope.join(" ")));
        claims
    }

    /// Returns the claims of an ID token, which has only the bindings that are set.
    pub(crate) fn id_token(&self, bindings: Bindings<'_>) -> Map<String, Value> {
        let mut claims = self.common();
        claims.extend(user_info(&self.user, self.tenant_id));
        let bound = [
            ("nonce", bindings.nonce.map(str::to_owned)),
            ("c_hash", bindings.code.map(half_hash)),
            ("at_hash", bindings.access_token.map(half_hash)),
        ];
        for (name, value) in bound {
            if let Some(value) = value {
                claims.insert(name.to_owned(), Value::from(value));
            }
        }
        claims
    }

    fn common(&self) -> Map<String, Value> {
        object([
            ("acr", json!(self.acr)),
            ("aud", json!([self.client_id])),
            ("auth_time", json!(self.auth_time)),
            ("azp", json!(self.client_id)),
            ("exp", json!(self.expires)),
            ("iat", json!(self.issued)),
            ("iss", json!(self.issuer)),
            ("sub", json!(self.user.id)),
        ])
    }
}

/// Returns the members that ID tokens and `/api/userinfo` have about a user.
pub(crate) fn user_info(user: &User, tenant_id: Uuid) -> Map<String, Value> {
    object([
        ("sub", json!(user.id)),
        ("email", json!(user.email)),
        ("email_verified", json!(user.is_email_verified)),
        ("is_active", json!(user.is_active)),
        ("tenant_id", json!(tenant_id)),
        ("fields", Value::from(user.fields.clone())),
    ])
}

pub(crate) fn object<const N: usize>(pairs: [(&str, Value); N]) -> Map<String, Value> {
    pairs
        .into_iter()
        .map(|(name, value)| (name.to_owned(), value))
        .collect()
}
