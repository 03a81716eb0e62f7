use std::sync::{Arc, OnceLock};

use aws_lc_rs::{
    rand::SystemRandom,
    rsa::{KeyPair, KeySize},
    signature::{KeyPair as _, RSA_PKCS1_SHA256},
};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use serde_json::{Value, json};

/// Signs anything with RS256.
pub(crate) struct Signer {
    pair: KeyPair,
}

impl Signer {
    pub(crate) fn new(size: KeySize) -> Self {
        let pair = KeyPair::generate(size).unwrap();
        Self { pair }
    }

    /// Returns the signer of this process, since generating a key takes a while.
    pub(crate) fn shared() -> Arc<Self> {
        static SHARED: OnceLock<Arc<Signer>> = OnceLock::new();
        Arc::clone(SHARED.get_or_init(|| Arc::new(Self::new(KeySize::Rsa2048))))
    }

    pub(crate) fn sign(&self, header: impl AsRef<[u8]>, payload: impl AsRef<[u8]>) -> String {
        self.sign_text(&format!("{}.{}", encode(header), encode(payload)))
    }

    /// Signs a header and a payload that are already encoded, well or not.
    pub(crate) fn sign_text(&self, text: &str) -> String {
        let mut signature = vec![0; self.pair.public_modulus_len()];
        let random = SystemRandom::new();
        self.pair
            .sign(&RSA_PKCS1_SHA256, &random, text.as_bytes(), &mut signature)
            .unwrap();
        format!("{text}.{}", encode(signature))
    }

    pub(crate) fn modulus(&self) -> Vec<u8> {
        let public = self.pair.public_key();
        public.modulus().big_endian_without_leading_zero().to_vec()
    }

    /// Returns the public key as Fief would publish it.
    pub(crate) fn jwk(&self) -> Value {
        let exponent = self.pair.public_key().exponent();
        json!({
            "kty": "RSA", "kid": "signer", "use": "sig", "alg": "RS256",
            "n": encode(self.modulus()),
            "e": encode(exponent.big_endian_without_leading_zero()),
        })
    }
}

pub(crate) fn encode(bytes: impl AsRef<[u8]>) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}
