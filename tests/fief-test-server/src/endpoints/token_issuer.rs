use std::sync::Arc;

use serde_json::{Map, Value, json};

use crate::{
    claims::{Bindings, Claims, object},
    http::Request,
    keys::{Algorithm, RsaPair, SigningKey, jwe},
    state::{Grant, State},
};

/// Issuer of the tokens of a grant.
pub(crate) struct TokenIssuer {
    claims: Claims,
    key: SigningKey,
    encryption_key: Option<Arc<RsaPair>>,
}

impl TokenIssuer {
    /// Returns `None` if the client or the user no longer exists, or there is no key.
    ///
    /// As in Fief, the tenant that signs is that of the URL, not that of the client.
    pub(crate) fn new(request: &Request<'_>, state: &State, grant: &Grant) -> Option<Self> {
        let client = state.client(&grant.client_id)?;
        let tenant = state.tenant(request.tenant)?;
        let now = request.now();
        Some(Self {
            claims: Claims {
                issuer: request.shared.issuer(request.tenant),
                client_id: client.id.clone(),
                user: state.user(grant.user)?.clone(),
                tenant_id: state.tenant_id(grant.user)?,
                acr: grant.acr.to_owned(),
                auth_time: grant.auth_time,
                issued: now,
                expires: now.saturating_add(client.token_lifetime.as_secs()),
            },
            key: tenant.signing_key()?.clone(),
            encryption_key: if client.encrypts_id_tokens {
                Some(jwe::key_pair().ok()?)
            } else {
                None
            },
        })
    }

    pub(crate) fn access_token(&self, grant: &Grant) -> Option<String> {
        self.sign(&self.claims.access_token(&grant.scope))
    }

    pub(crate) fn id_token(
        &self,
        grant: &Grant,
        code: Option<&str>,
        access_token: Option<&str>,
    ) -> Option<String> {
        let token = self.sign(&self.claims.id_token(Bindings {
            nonce: grant.nonce.as_deref(),
            code,
            access_token,
        }))?;
        match &self.encryption_key {
            Some(pair) => jwe::encrypt(pair, &token).ok(),
            None => Some(token),
        }
    }

    fn sign(&self, claims: &Map<String, Value>) -> Option<String> {
        let header = object([
            ("alg", json!(Algorithm::Rs256.name())),
            ("kid", json!(self.key.kid)),
        ]);
        self.key.pair.sign(&header, claims, &Algorithm::Rs256).ok()
    }
}
