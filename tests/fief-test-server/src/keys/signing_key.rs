use std::{io, sync::Arc};

use serde_json::{Value, json};

use super::rsa_pair::RsaPair;
use crate::crypto::random_string;

/// A key as a tenant publishes it.
#[derive(Clone, Debug)]
pub(crate) struct SigningKey {
    pub(crate) kid: String,
    pub(crate) pair: Arc<RsaPair>,
}

impl SigningKey {
    /// The `index`th pair of this process under a `kid` of its own.
    pub(crate) fn new(bits: u32, index: usize) -> io::Result<Self> {
        Ok(Self {
            kid: random_string(),
            pair: RsaPair::shared(bits, index)?,
        })
    }

    /// Its public half as Fief publishes it, which is without `alg`.
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
