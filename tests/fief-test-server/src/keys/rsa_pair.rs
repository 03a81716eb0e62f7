use std::{
    collections::BTreeMap,
    fmt, io,
    sync::{Arc, Mutex, PoisonError},
};

use aws_lc_rs::{
    encoding,
    encoding::AsDer,
    error::Unspecified,
    hmac, rand, rsa,
    rsa::KeySize,
    signature::{self, KeyPair as _, RsaEncoding},
};
use serde_json::{Map, Value};

use super::{algorithm::Algorithm, der::public_numbers};
use crate::crypto::base64url;

/// RSA key pair. Generating one is slow, so each is shared by all servers of a process.
pub(crate) struct RsaPair {
    pair: rsa::KeyPair,
    pub(super) modulus: String,
    pub(super) exponent: String,
}

impl RsaPair {
    /// Returns the `index`th pair of a size, and generates it if it is used for the first time.
    pub(crate) fn shared(bits: u32, index: usize) -> io::Result<Arc<Self>> {
        static PAIRS: Mutex<BTreeMap<(u32, usize), Arc<RsaPair>>> = Mutex::new(BTreeMap::new());
        // Locked while a pair is generated, so that servers that start together generate it once.
        let mut pairs = PAIRS.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(pair) = pairs.get(&(bits, index)) {
            return Ok(pair.clone());
        }
        let pair = Arc::new(Self::generate(bits)?);
        pairs.insert((bits, index), pair.clone());
        Ok(pair)
    }

    fn generate(bits: u32) -> io::Result<Self> {
        let size = match bits {
            2048 => KeySize::Rsa2048,
            3072 => KeySize::Rsa3072,
            4096 => KeySize::Rsa4096,
            _ => return Err(io::Error::new(io::ErrorKind::InvalidInput, KEY_SIZES)),
        };
        let pair = rsa::KeyPair::generate(size)
            .map_err(|_| io::Error::other("cannot generate an RSA key"))?;
        let numbers = public_numbers(pair.public_key().as_ref());
        let (modulus, exponent) =
            numbers.ok_or_else(|| io::Error::other("cannot parse an RSA key"))?;
        Ok(Self {
            modulus: base64url(modulus),
            exponent: base64url(exponent),
            pair,
        })
    }

    /// Returns the public key as DER (`SubjectPublicKeyInfo`).
    pub(crate) fn public_der(&self) -> Result<Vec<u8>, Unspecified> {
        let der: encoding::PublicKeyX509Der<'_> = self.pair.public_key().as_der()?;
        Ok(der.as_ref().to_vec())
    }

    /// Returns the private key as DER (`PrivateKeyInfo`).
    pub(crate) fn private_der(&self) -> Result<Vec<u8>, Unspecified> {
        let der: encoding::Pkcs8V1Der<'_> = self.pair.as_der()?;
        Ok(der.as_ref().to_vec())
    }

    /// Signs claims and returns them as a compact JWS.
    pub(crate) fn sign(
        &self,
        header: &Map<String, Value>,
        claims: &Map<String, Value>,
        algorithm: &Algorithm,
    ) -> Result<String, Unspecified> {
        let mut token = format!("{}.{}", base64url_json(header), base64url_json(claims));
        let signature = match algorithm {
            Algorithm::Hs256(secret) => {
                let key = hmac::Key::new(hmac::HMAC_SHA256, secret);
                hmac::sign(&key, token.as_bytes()).as_ref().to_vec()
            }
            Algorithm::None => Vec::new(),
            Algorithm::Ps256 => self.rsa(&signature::RSA_PSS_SHA256, &token)?,
            Algorithm::Rs256 => self.rsa(&signature::RSA_PKCS1_SHA256, &token)?,
            Algorithm::Rs384 => self.rsa(&signature::RSA_PKCS1_SHA384, &token)?,
            Algorithm::Rs512 => self.rsa(&signature::RSA_PKCS1_SHA512, &token)?,
        };
        token.push('.');
        token.push_str(&base64url(&signature));
        Ok(token)
    }

    fn rsa(
        &self,
        encoding: &'static dyn RsaEncoding,
        message: &str,
    ) -> Result<Vec<u8>, Unspecified> {
        let mut signature = vec![0; self.pair.public_modulus_len()];
        let random = rand::SystemRandom::new();
        self.pair
            .sign(encoding, &random, message.as_bytes(), &mut signature)?;
        Ok(signature)
    }

    /// Returns `true` if it is an RS256 signature of this key.
    pub(crate) fn verifies(&self, message: &[u8], signature: &[u8]) -> bool {
        let public = self.pair.public_key();
        signature::UnparsedPublicKey::new(&signature::RSA_PKCS1_2048_8192_SHA256, public)
            .verify(message, signature)
            .is_ok()
    }
}

impl fmt::Debug for RsaPair {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RsaPair").finish_non_exhaustive()
    }
}

fn base64url_json(object: &Map<String, Value>) -> String {
    base64url(Value::from(object.clone()).to_string().as_bytes())
}

const KEY_SIZES: &str = "key_bits must be 2048, 3072 or 4096";

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests may")]
mod tests {
    use super::*;

    #[test]
    fn a_pair_is_generated_once() {
        let first = RsaPair::shared(2048, 0).unwrap();
        let second = RsaPair::shared(2048, 0).unwrap();
        assert!(Arc::ptr_eq(&first, &second));
    }

    #[test]
    fn another_key_does_not_verify() {
        let [signer, other] = [0, 1].map(|index| RsaPair::shared(2048, index).unwrap());
        let signature = signer.rsa(&signature::RSA_PKCS1_SHA256, "text").unwrap();
        assert!(signer.verifies(b"text", &signature));
        assert!(!other.verifies(b"text", &signature));
    }

    #[test]
    fn another_size_is_rejected() {
        let error = RsaPair::shared(1024, 0).unwrap_err();
        assert_eq!(error.to_string(), KEY_SIZES);
    }
}
