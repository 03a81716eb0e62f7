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

/// Public key that verifies RS256 signatures.
pub(crate) struct Key {
    kid: Option<String>,
    modulus: Vec<u8>,
    exponent: Vec<u8>,
    parsed: ParsedPublicKey,
    /// Cleared when Fief stops publishing the key. Tokens that it verified are not valid any more then.
    published: AtomicBool,
}

impl Key {
    /// Parses a key. Returns `None` if it is not for RS256, malformed or weak.
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

    /// Verifies a signature ([RFC 7518, section 3.3](https://www.rfc-editor.org/rfc/rfc7518#section-3.3)).
    pub(crate) fn verify(&self, message: &[u8], signature: &[u8]) -> Result<(), Unspecified> {
        self.parsed.verify_sig(message, signature)
    }

    pub(crate) fn kid(&self) -> Option<&str> {
        self.kid.as_deref()
    }

    /// Returns `true` if Fief still publishes the key.
    pub(crate) fn is_published(&self) -> bool {
        self.published.load(Ordering::Relaxed)
    }

    /// Marks the key as not published any more.
    pub(crate) fn withdraw(&self) {
        self.published.store(false, Ordering::Relaxed);
    }

    /// Returns `true` if id and numbers are the same.
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

/// Returns `true` if a key is for RS256 signatures ([RFC 7517, section 4](https://www.rfc-editor.org/rfc/rfc7517#section-4)).
fn is_for_signatures(key: &CommonParameters) -> bool {
    let usage = key.public_key_use.as_ref();
    let operations = key.key_operations.as_ref();
    usage.is_none_or(|usage| *usage == PublicKeyUse::Signature)
        && operations.is_none_or(|all| all.contains(&KeyOperations::Verify))
        && key
            .key_algorithm
            .is_none_or(|algorithm| algorithm == KeyAlgorithm::RS256)
}

/// Returns `true` if a modulus is odd and has 2048 to 8192 bits.
fn is_valid_modulus(modulus: &[u8]) -> bool {
    (2048 / 8..=8192 / 8).contains(&modulus.len())
        && modulus.first().is_some_and(|byte| byte & 0x80 != 0)
        && modulus.last().is_some_and(|byte| byte & 1 == 1)
}

/// Returns `true` if an exponent is odd, at least 3 and at most 32 bits long, as all libraries accept.
fn is_valid_exponent(exponent: &[u8]) -> bool {
    let odd = exponent.last().is_some_and(|byte| byte & 1 == 1);
    odd && exponent.len() <= 4 && exponent.first() != Some(&0) && exponent != [1]
}
