mod der;
pub(crate) mod jwe;

use std::{
    collections::BTreeMap,
    fmt, io,
    sync::{Arc, Mutex, PoisonError},
};

use aws_lc_rs::{
    digest, encoding,
    encoding::AsDer,
    error::Unspecified,
    hmac, rand, rsa,
    rsa::KeySize,
    signature::{self, KeyPair as _, RsaEncoding},
};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use serde_json::{Map, Value, json};

use self::der::public_numbers;

/// The algorithm a minted token is signed with. Fief signs with RS256 only.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
#[non_exhaustive]
pub enum Algorithm {
    /// HMAC with SHA-256 and the given secret, such as the server's public key.
    Hs256(Vec<u8>),
    /// No signature at all.
    None,
    /// RSASSA-PSS with SHA-256.
    Ps256,
    /// RSASSA-PKCS1-v1_5 with SHA-256.
    #[default]
    Rs256,
    /// RSASSA-PKCS1-v1_5 with SHA-384.
    Rs384,
    /// RSASSA-PKCS1-v1_5 with SHA-512.
    Rs512,
}

impl Algorithm {
    pub(crate) fn name(&self) -> &'static str {
        match self {
            Self::Hs256(_) => "HS256",
            Self::None => "none",
            Self::Ps256 => "PS256",
            Self::Rs256 => "RS256",
            Self::Rs384 => "RS384",
            Self::Rs512 => "RS512",
        }
    }
}

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

/// An RSA key pair. Making one takes long, so each is made once per process.
pub(crate) struct RsaPair {
    pair: rsa::KeyPair,
    modulus: String,
    exponent: String,
}

impl RsaPair {
    /// The `index`th pair of that size in this process, made at its first use.
    pub(crate) fn shared(bits: u32, index: usize) -> io::Result<Arc<Self>> {
        static PAIRS: Mutex<BTreeMap<(u32, usize), Arc<RsaPair>>> = Mutex::new(BTreeMap::new());
        // Held while a key is made, so that servers that start together make it once.
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
            .map_err(|_| io::Error::other("no RSA key could be made"))?;
        let numbers = public_numbers(pair.public_key().as_ref());
        let (modulus, exponent) =
            numbers.ok_or_else(|| io::Error::other("an RSA key cannot be read"))?;
        Ok(Self {
            modulus: base64url(modulus),
            exponent: base64url(exponent),
            pair,
        })
    }

    /// The public half as DER (`SubjectPublicKeyInfo`).
    pub(crate) fn public_der(&self) -> Result<Vec<u8>, Unspecified> {
        let der: encoding::PublicKeyX509Der<'_> = self.pair.public_key().as_der()?;
        Ok(der.as_ref().to_vec())
    }

    /// The private half as DER (`PrivateKeyInfo`).
    pub(crate) fn private_der(&self) -> Result<Vec<u8>, Unspecified> {
        let der: encoding::Pkcs8V1Der<'_> = self.pair.as_der()?;
        Ok(der.as_ref().to_vec())
    }

    /// Writes a compact JWS.
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
        URL_SAFE_NO_PAD.encode_string(signature, &mut token);
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

    /// Whether the RS256 signature is this key's.
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

/// 43 characters, as Fief's codes, tokens and key ids are.
pub(crate) fn random_string() -> String {
    base64url(&random_bytes::<32>())
}

pub(crate) fn random_bytes<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    // Fails only where the system has no randomness, and there no key could be made either.
    let _ = rand::fill(&mut bytes);
    bytes
}

/// The left half of a value's hash, as `c_hash` and `at_hash` carry it.
pub(crate) fn half_hash(value: &str) -> String {
    let hash = digest::digest(&digest::SHA256, value.as_bytes());
    base64url(hash.as_ref().get(..16).unwrap_or_default())
}

/// The whole hash, as an S256 code challenge carries it.
pub(crate) fn sha256(value: &str) -> String {
    base64url(digest::digest(&digest::SHA256, value.as_bytes()).as_ref())
}

pub(crate) fn base64url(bytes: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

pub(crate) fn base64url_decode(text: &str) -> Option<Vec<u8>> {
    URL_SAFE_NO_PAD.decode(text).ok()
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
    fn a_pair_is_made_once() {
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
    fn a_strange_size_is_refused() {
        let error = RsaPair::shared(1024, 0).unwrap_err();
        assert_eq!(error.to_string(), KEY_SIZES);
    }

    #[test]
    fn the_hash_of_the_specification() {
        // OpenID Connect Core 1.0, appendix A.3
        let code = "Qcb0Orv1zh30vL1MPRsbm-diHiMwcLyZvn1arpZv-Jxf_11jnpEX3Tgfvk";
        assert_eq!(half_hash(code), "LDktKdoQak3Pk0cnXxCltA");
    }
}
