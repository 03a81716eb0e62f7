use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use serde::{
    Deserialize, Deserializer,
    de::{DeserializeOwned, IgnoredAny},
};

use crate::jwks::Key;

/// A signed token in compact form, taken apart but not yet verified
/// ([RFC 7515, section 7.1](https://www.rfc-editor.org/rfc/rfc7515#section-7.1)).
pub(crate) struct Jws<'a> {
    pub(crate) kid: Option<String>,
    signed: &'a str,
    payload: &'a str,
    signature: &'a str,
}

impl<'a> Jws<'a> {
    /// Takes a token apart and checks its header. The error says what is wrong with it.
    pub(crate) fn parse(token: &'a str) -> Result<Self, &'static str> {
        let (signed, signature) = token.rsplit_once('.').ok_or(NOT_COMPACT)?;
        let (header, payload) = signed.split_once('.').ok_or(NOT_COMPACT)?;
        if header.is_empty() || payload.is_empty() || signature.is_empty() || payload.contains('.')
        {
            return Err(NOT_COMPACT);
        }
        let header: Header = json(header).ok_or("the header is broken")?;
        if header.alg != "RS256" {
            return Err("the algorithm is not RS256");
        }
        if header.crit {
            return Err("the header has critical extensions");
        }
        Ok(Self {
            kid: header.kid,
            signed,
            payload,
            signature,
        })
    }

    /// Verifies the signature, and only then reads the claims.
    pub(crate) fn verify<T: DeserializeOwned>(&self, key: &Key) -> Result<T, &'static str> {
        let signature = URL_SAFE_NO_PAD
            .decode(self.signature)
            .map_err(|_| "the signature is not base64url")?;
        key.verify(self.signed.as_bytes(), &signature)
            .map_err(|_| "the signature is wrong")?;
        json(self.payload).ok_or("the claims are missing or of a wrong type")
    }
}

/// The header's members that we act on. `jwk`, `jku` and `x5u` are not among them.
#[derive(Deserialize)]
struct Header {
    alg: String,
    #[serde(default, deserialize_with = "string")]
    kid: Option<String>,
    #[serde(default, deserialize_with = "present")]
    crit: bool,
}

/// A member that must be a string if it is there: null is not absent.
pub(crate) fn string<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<String>, D::Error> {
    String::deserialize(deserializer).map(Some)
}

/// Whether a member is there, whatever it is.
pub(crate) fn present<'de, D: Deserializer<'de>>(deserializer: D) -> Result<bool, D::Error> {
    IgnoredAny::deserialize(deserializer).map(|_| true)
}

fn json<T: DeserializeOwned>(segment: &str) -> Option<T> {
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(segment).ok()?).ok()
}

const NOT_COMPACT: &str = "not three segments";
