use std::{
    fmt,
    sync::atomic::{AtomicBool, Ordering},
};

use aws_lc_rs::{
    error::Unspecified,
    signature::{ParsedPublicKey, RSA_PKCS1_2048_8192_SHA256, RsaPublicKeyComponents},
};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use jsonwebtoken::jwk::{
    AlgorithmParameters, CommonParameters, Jwk, KeyAlgorithm, KeyOperations, PublicKeyUse,
};

/// A public key that verifies RS256 signatures, parsed once.
pub(crate) struct Key {
    kid: Option<String>,
    modulus: Vec<u8>,
    exponent: Vec<u8>,
    parsed: ParsedPublicKey,
    /// Cleared when the key leaves Fief's set: tokens that it verified before are checked against this.
    published: AtomicBool,
}

impl Key {
    /// Takes a key that may sign tokens with RS256; none from a key of another kind, or a broken or weak one.
    pub(crate) fn parse(jwk: serde_json::Value) -> Option<Self> {
        let jwk: Jwk = serde_json::from_value(jwk).ok()?;
        let AlgorithmParameters::RSA(rsa) = &jwk.algorithm else {
            return None;
        };
        let modulus = URL_SAFE_NO_PAD.decode(&rsa.n).ok()?;
        let exponent = URL_SAFE_NO_PAD.decode(&rsa.e).ok()?;
        if !is_for_signatures(&jwk.common)
            || !is_valid_modulus(&modulus)
            || !is_valid_exponent(&exponent)
        {
            return None;
        }
        let components = RsaPublicKeyComponents {
            n: &modulus,
            e: &exponent,
        };
        let parsed = components
            .to_parsed_public_key(&RSA_PKCS1_2048_8192_SHA256)
            .ok()?;
        Some(Self {
            kid: jwk.common.key_id,
            modulus,
            exponent,
            parsed,
            published: AtomicBool::new(true),
        })
    }

    pub(crate) fn verify(&self, message: &[u8], signature: &[u8]) -> Result<(), Unspecified> {
        self.parsed.verify_sig(message, signature)
    }

    pub(crate) fn kid(&self) -> Option<&str> {
        self.kid.as_deref()
    }

    /// Whether Fief still publishes it.
    pub(crate) fn is_published(&self) -> bool {
        self.published.load(Ordering::Relaxed)
    }

    /// Marks a key that has left Fief's set.
    pub(crate) fn withdraw(&self) {
        self.published.store(false, Ordering::Relaxed);
    }

    pub(crate) fn is_same(&self, other: &Self) -> bool {
        self.kid == other.kid && self.modulus == other.modulus && self.exponent == other.exponent
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Key")
            .field("kid", &self.kid)
            .finish_non_exhaustive()
    }
}

/// Whether a key is meant for RS256 signatures ([RFC 7517, section 4](https://www.rfc-editor.org/rfc/rfc7517#section-4)).
fn is_for_signatures(key: &CommonParameters) -> bool {
    let usage = key.public_key_use.as_ref();
    let operations = key.key_operations.as_ref();
    usage.is_none_or(|usage| *usage == PublicKeyUse::Signature)
        && operations.is_none_or(|all| all.contains(&KeyOperations::Verify))
        && key
            .key_algorithm
            .is_none_or(|algorithm| algorithm == KeyAlgorithm::RS256)
}

/// Odd, and of 2048 to 8192 bits.
fn is_valid_modulus(modulus: &[u8]) -> bool {
    (2048 / 8..=8192 / 8).contains(&modulus.len())
        && modulus.first().is_some_and(|byte| byte & 0x80 != 0)
        && modulus.last().is_some_and(|byte| byte & 1 == 1)
}

/// Odd, at least 3, and at most 32 bits, which is all that verification libraries agree on.
fn is_valid_exponent(exponent: &[u8]) -> bool {
    let odd = exponent.last().is_some_and(|byte| byte & 1 == 1);
    odd && exponent.len() <= 4 && exponent.first() != Some(&0) && exponent != [1]
}
