use std::{borrow::Cow, fmt};

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use memchr::memchr_iter;
use serde::{Deserialize, Deserializer, de::Visitor};

use crate::{
    jose::{
        claims::{is_present, opt_string},
        json,
    },
    keys::Key,
};

/// Signed token in compact form, parsed but not verified
/// ([RFC 7515, section 7.1](https://www.rfc-editor.org/rfc/rfc7515#section-7.1)).
pub(crate) struct Jws<'a> {
    pub(crate) token: &'a str,
    pub(crate) kid: Option<String>,
    pub(crate) typ: Type,
    signed: &'a str,
    payload: &'a str,
    signature: &'a str,
    /// Buffer of the part that was decoded last.
    decoded: Vec<u8>,
}

impl<'a> Jws<'a> {
    /// Parses a token and checks its header. The error says what is wrong with it.
    pub(crate) fn parse(token: &'a str) -> Result<Self, &'static str> {
        let (signed, header, payload, signature) = split(token).ok_or(NOT_COMPACT)?;
        // Large enough for each of the three segments, which are decoded one after the other.
        let mut decoded = Vec::with_capacity(token.len());
        let header: Header<'_> = decode(header, &mut decoded)
            .and_then(json::object)
            .ok_or(MALFORMED_HEADER)?;
        if header.alg != "RS256" {
            return Err("the algorithm is not RS256");
        }
        if header.crit {
            return Err("the header has critical extensions");
        }
        Ok(Self {
            token,
            kid: header.kid,
            typ: header.typ,
            signed,
            payload,
            signature,
            decoded,
        })
    }

    /// Verifies the signature, and only then parses the claims.
    pub(crate) fn verify<'de, T: Deserialize<'de>>(
        &'de mut self,
        key: &Key,
    ) -> Result<T, &'static str> {
        self.decoded.clear();
        URL_SAFE_NO_PAD
            .decode_vec(self.signature, &mut self.decoded)
            .map_err(|_| "the signature is not base64url")?;
        key.verify(self.signed.as_bytes(), &self.decoded)
            .map_err(|_| "the signature is wrong")?;
        decode(self.payload, &mut self.decoded)
            .and_then(json::object)
            .ok_or("the claims are missing or of a wrong type")
    }
}

/// Header members that are used. `jwk`, `jku` and `x5u` must not be.
#[derive(Deserialize)]
struct Header<'a> {
    #[serde(borrow)]
    alg: Cow<'a, str>,
    #[serde(default, deserialize_with = "opt_string")]
    kid: Option<String>,
    #[serde(default)]
    typ: Type,
    #[serde(default, deserialize_with = "is_present")]
    crit: bool,
}

/// Type of a token, from its header ([RFC 9068, section 2.1](https://www.rfc-editor.org/rfc/rfc9068#section-2.1)).
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(crate) enum Type {
    AccessToken,
    /// No type in particular, as in Fief's tokens.
    #[default]
    Any,
    Other,
}

impl<'de> Deserialize<'de> for Type {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_str(TypeVisitor)
    }
}

struct TypeVisitor;

impl Visitor<'_> for TypeVisitor {
    type Value = Type;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a media type")
    }

    fn visit_str<E>(self, typ: &str) -> Result<Type, E> {
        let is = |known: &str| typ.eq_ignore_ascii_case(known);
        Ok(if is("JWT") {
            Type::Any
        } else if is("at+jwt") || is("application/at+jwt") {
            Type::AccessToken
        } else {
            Type::Other
        })
    }
}

/// Returns the signed part and the three segments. Each must be non-empty.
fn split(token: &str) -> Option<(&str, &str, &str, &str)> {
    let mut dots = memchr_iter(b'.', token.as_bytes());
    let (first, second) = (dots.next()?, dots.next()?);
    let header = token.get(..first)?;
    let payload = token.get(first + 1..second)?;
    let signature = token.get(second + 1..)?;
    let is_whole = !header.is_empty() && !payload.is_empty() && !signature.is_empty();
    (is_whole && dots.next().is_none()).then_some((
        token.get(..second)?,
        header,
        payload,
        signature,
    ))
}

fn decode<'b>(segment: &str, buffer: &'b mut Vec<u8>) -> Option<&'b str> {
    buffer.clear();
    URL_SAFE_NO_PAD.decode_vec(segment, buffer).ok()?;
    str::from_utf8(buffer).ok()
}

const NOT_COMPACT: &str = "it does not have three segments";
const MALFORMED_HEADER: &str = "the header is malformed";
