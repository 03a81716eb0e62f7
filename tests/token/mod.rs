//! Validation of access tokens, with tokens that a key of the tests signs.

mod base64url;
mod cache;
mod claims;
mod header;
mod json;
mod order;
mod properties;
mod reasons;
mod reasons_page;
mod requirements;
mod signer;
mod times;
mod without_waiting;

use std::{
    sync::Arc,
    time::{Duration, UNIX_EPOCH},
};

use fief_client::{Fief, FiefAccessTokenInfo, FiefBuilder, FiefError, Requirements};
use fief_test_server::{Endpoint, Fault, FiefTestServer};
use serde_json::{Value, json};

pub(crate) use signer::{Signer, encode};

/// A server that publishes the keys of a signer.
pub(crate) struct World {
    pub(crate) server: FiefTestServer,
    pub(crate) signer: Arc<Signer>,
}

impl World {
    pub(crate) async fn start() -> Self {
        let server = FiefTestServer::start().await;
        let signer = Signer::shared();
        let world = Self { server, signer };
        world.publish([world.signer.jwk()]);
        world
    }

    /// Makes the server publish only these keys.
    pub(crate) fn publish(&self, keys: impl Into<Value>) {
        let keys = Fault::json(json!({"keys": keys.into()}));
        self.server.fault(Endpoint::Jwks, keys);
    }

    /// Stops the server's time at this second.
    pub(crate) fn stop_at(&self, seconds: u64) {
        let time = UNIX_EPOCH + Duration::from_secs(seconds);
        self.server.set_time(time);
    }

    pub(crate) fn builder(&self) -> FiefBuilder {
        Fief::builder(self.server.url(), self.server.client_id()).clock(self.server.clock())
    }

    /// Returns valid claims.
    pub(crate) fn claims(&self) -> Value {
        json!({
            "iss": self.server.issuer(),
            "aud": self.server.client_id(),
            "sub": SUB,
            "iat": 1_000_000_000,
            "exp": 10_000_000_000_u64,
            "scope": "openid",
            "acr": "0",
            "permissions": [],
        })
    }

    /// Returns the valid claims with one of them replaced by JSON text.
    pub(crate) fn claims_with(&self, name: &str, json: &str) -> String {
        let mut claims = self.claims();
        claims.as_object_mut().unwrap().remove(name);
        let rest = claims.to_string();
        format!(r#"{{"{name}":{json},{}"#, &rest[1..])
    }

    /// Returns a valid token.
    pub(crate) fn token(&self) -> String {
        self.signer.sign(HEADER, self.claims().to_string())
    }

    /// Returns a token that is valid except for one claim, given as JSON text.
    pub(crate) fn token_with(&self, name: &str, json: &str) -> String {
        self.signer.sign(HEADER, self.claims_with(name, json))
    }

    pub(crate) async fn validate(&self, token: &str) -> Result<FiefAccessTokenInfo, FiefError> {
        let fief = self.builder().build().unwrap();
        fief.validate_access_token(token, &Requirements::new())
            .await
    }

    /// Signs and validates a token with this payload.
    pub(crate) async fn payload(
        &self,
        payload: impl AsRef<[u8]>,
    ) -> Result<FiefAccessTokenInfo, FiefError> {
        self.validate(&self.signer.sign(HEADER, payload)).await
    }

    pub(crate) async fn claim(
        &self,
        name: &str,
        json: &str,
    ) -> Result<FiefAccessTokenInfo, FiefError> {
        self.payload(self.claims_with(name, json)).await
    }
}

/// Asserts that the token is invalid, and neither expired nor unchecked.
#[track_caller]
pub(crate) fn assert_invalid(result: Result<FiefAccessTokenInfo, FiefError>, what: &str) {
    assert!(
        matches!(result, Err(FiefError::AccessTokenInvalid(_))),
        "{what}: {result:?}"
    );
}

#[track_caller]
pub(crate) fn assert_expired(result: Result<FiefAccessTokenInfo, FiefError>) {
    assert!(
        matches!(result, Err(FiefError::AccessTokenExpired { .. })),
        "{result:?}"
    );
}

pub(crate) const SUB: &str = "ca19f041-618e-417a-a68a-3840a568fb8f";
/// A time at which tokens are valid.
pub(crate) const NOW: u64 = 2_000_000_000;
pub(crate) const HEADER: &str = r#"{"alg":"RS256","kid":"signer"}"#;
