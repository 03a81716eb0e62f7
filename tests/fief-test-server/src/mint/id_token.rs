use std::{sync::Arc, time::Duration};

use aws_lc_rs::error::Unspecified;
use serde_json::{Value, json};

use super::{Expiry, Key, TokenSettings, token_setters};
use crate::{Algorithm, claims::Bindings, keys::jwe, shared::Shared};

/// Builder of an ID token, by default a valid one without `nonce`, `c_hash` and `at_hash`.
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

    /// The nonce of the login.
    pub fn nonce(mut self, nonce: impl Into<String>) -> Self {
        self.nonce = Some(nonce.into());
        self
    }

    /// The code it comes for, which gives `c_hash`.
    pub fn code(mut self, code: impl Into<String>) -> Self {
        self.code = Some(code.into());
        self
    }

    /// The access token it comes with, which gives `at_hash`.
    pub fn access_token(mut self, token: impl Into<String>) -> Self {
        self.access_token = Some(token.into());
        self
    }

    /// Encrypts it for [`FiefTestServer::encryption_key`].
    ///
    /// [`FiefTestServer::encryption_key`]: crate::FiefTestServer::encryption_key
    pub fn encrypted(mut self) -> Self {
        self.is_encrypted = true;
        self
    }

    /// Signs and, if [`encrypted`](Self::encrypted), encrypts it.
    ///
    /// # Panics
    ///
    /// Panics when the tenant or key it names is not there, or the machine cannot sign.
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
