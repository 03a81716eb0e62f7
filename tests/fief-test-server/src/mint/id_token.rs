use std::{sync::Arc, time::Duration};

use aws_lc_rs::error::Unspecified;
use serde_json::{Value, json};

use super::{Expiry, Key, TokenSettings, token_setters};
use crate::{Algorithm, claims::Bindings, keys::jwe, shared::Shared};

/// Builder of an ID token, by default a valid one.
///
/// Created by [`FiefTestServer::id_token`]. Use it to test how a client verifies ID tokens. The
/// token has the claims of Fief's, and `nonce`, `c_hash` and `at_hash` if their values are set.
/// Every part of it can be changed, to test what a client must reject.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() {
/// use fief_test_server::FiefTestServer;
///
/// let server = FiefTestServer::start().await;
/// let access_token = server.access_token().mint();
/// let id_token = server
///     .id_token()
///     .nonce("n-0S6_WzA2Mj")
///     .code("SplxlOBeZQQYbYS6WxSbIA")
///     .access_token(&access_token)
///     .mint();
/// let encrypted = server.id_token().encrypted().mint();
/// assert_eq!(encrypted.split('.').count(), 5);
/// # }
/// ```
///
/// [`FiefTestServer::id_token`]: crate::FiefTestServer::id_token
#[derive(Clone, Debug)]
#[must_use = "no token is signed unless `mint` is called"]
pub struct IdTokenBuilder {
    settings: TokenSettings,
    nonce: Option<String>,
    code: Option<String>,
    access_token: Option<String>,
    is_encrypted: bool,
}

impl IdTokenBuilder {
    pub(crate) fn new(shared: Arc<Shared>, client_id: &str) -> Self {
        Self {
            settings: TokenSettings::new(shared, client_id),
            nonce: None,
            code: None,
            access_token: None,
            is_encrypted: false,
        }
    }

    token_setters!();

    /// Sets `nonce`. Default: not in the token.
    pub fn nonce(mut self, nonce: impl Into<String>) -> Self {
        self.nonce = Some(nonce.into());
        self
    }

    /// Sets the code that the token is returned for, which gives `c_hash`. Default: not in the
    /// token.
    pub fn code(mut self, code: impl Into<String>) -> Self {
        self.code = Some(code.into());
        self
    }

    /// Sets the access token that it is returned with, which gives `at_hash`. Default: not in the
    /// token.
    pub fn access_token(mut self, token: impl Into<String>) -> Self {
        self.access_token = Some(token.into());
        self
    }

    /// Encrypts the token for [`FiefTestServer::encryption_key`]. Default: only signed.
    ///
    /// [`FiefTestServer::encryption_key`]: crate::FiefTestServer::encryption_key
    pub fn encrypted(mut self) -> Self {
        self.is_encrypted = true;
        self
    }

    /// Signs the token and returns it as a compact JWS, or as a compact JWE if it is
    /// [`encrypted`](Self::encrypted).
    ///
    /// # Panics
    ///
    /// Panics if the tenant or the key does not exist.
    #[must_use]
    pub fn mint(self) -> String {
        let claims = self.settings.common_claims().id_token(Bindings {
            nonce: self.nonce.as_deref(),
            code: self.code.as_deref(),
            access_token: self.access_token.as_deref(),
        });
        let token = self.settings.sign(claims);
        if !self.is_encrypted {
            return token;
        }
        let pair = jwe::key_pair().map_err(|_| Unspecified);
        match pair.and_then(|pair| jwe::encrypt(&pair, &token)) {
            Ok(token) => token,
            Err(Unspecified) => panic!("fief-test-server cannot encrypt"),
        }
    }
}
