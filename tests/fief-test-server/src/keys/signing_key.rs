use std::{io, sync::Arc};

use serde_json::{Value, json};

use super::rsa_pair::RsaPair;
use crate::crypto::random_string;

/// Signing key of a tenant.
#[derive(Clone, Debug)]
pub(crate) struct SigningKey {
    pub(crate) kid: String,
    pub(crate) pair: Arc<RsaPair>,
}

impl SigningKey {
    /// Returns the `index`th pair of a size, with a new `kid`.
    pub(crate) fn new(bits: u32, index: usize) -> io::Result<Self> {
        Ok(Self {
            kid: random_string(),
            pair: RsaPair::shared(bits, index)?,
        })
    }

    /// Returns the public key as a JWK. As in Fief, it has no `alg`.
    pub(crate) fn jwk(&self) -> Value {
        json!({
            "kty": "RSA",
            "use": "sig",
            "kid": self.kid,
            "n": self.pair.modulus,
            "e": self.pair.exponent,
        })
    }
}
