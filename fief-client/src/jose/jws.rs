use std::{borrow::Cow, fmt, sync::Arc};

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use memchr::memchr_iter;
use serde::{Deserialize, Deserializer, de::Visitor};
use serde_json::Value;

use crate::{
    Reason,
    jose::{
        claims::{is_present, opt_string},
        members::{self, Member, Object},
    },
    keys::{Key, KeyGroup},
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
    /// Parses a token and checks its header.
    pub(crate) fn parse(token: &'a str) -> Result<Self, Reason> {
        let (signed, header, payload, signature) =
            split(token).ok_or(Reason::Malformed { name: "structure" })?;
        // Large enough for each of the three segments, which are decoded one after the other.
        let mut decoded = Vec::with_capacity(token.len());
        let header: Header<'_> = parse(header, &mut decoded)?;
        if header.alg != "RS256" {
            return Err(Reason::WrongAlgorithm);
        }
        if header.crit {
            return Err(Reason::Unexpected { name: "crit" });
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

    /// Verifies the signature with one of the keys, and only then parses the claims. Returns the key as well.
    pub(crate) fn verify<'de, T: Object<'de>>(
        &'de mut self,
        keys: &KeyGroup,
    ) -> Result<(T, Arc<Key>), Reason> {
        self.decoded.clear();
        URL_SAFE_NO_PAD
            .decode_vec(self.signature, &mut self.decoded)
            .map_err(|_| Reason::Malformed { name: "signature" })?;
        let key = keys
            .verify(self.signed.as_bytes(), &self.decoded)
            .ok_or(Reason::WrongSignature)?;
        let claims = parse(self.payload, &mut self.decoded)?;
        Ok((claims, Arc::clone(key)))
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

impl<'de: 'a, 'a> Object<'de> for Header<'a> {
    const NAME: &'static str = "header";
    const MEMBERS: &'static [Member] = &[
        Member::required("alg", Value::is_string),
        Member::optional("kid", Value::is_string),
        Member::optional("typ", Value::is_string),
    ];
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

/// Returns the decoded payload of a token that was verified. One that was not may have none.
pub(crate) fn payload(token: &str) -> Vec<u8> {
    let payload = split(token).and_then(|(_, _, payload, _)| URL_SAFE_NO_PAD.decode(payload).ok());
    payload.unwrap_or_default()
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

/// Decodes and parses a segment.
fn parse<'b, T: Object<'b>>(segment: &str, buffer: &'b mut Vec<u8>) -> Result<T, Reason> {
    let text = decode(segment, buffer).ok_or(Reason::Malformed { name: T::NAME })?;
    members::parse(text)
}

fn decode<'b>(segment: &str, buffer: &'b mut Vec<u8>) -> Option<&'b str> {
    buffer.clear();
    URL_SAFE_NO_PAD.decode_vec(segment, buffer).ok()?;
    str::from_utf8(buffer).ok()
}

#[cfg(test)]
mod tests {
    use super::Header;
    use crate::jose::members::tests::assert_complete;

    /// TV-28
    #[test]
    fn each_parameter_that_can_be_wrong_is_named() {
        assert_complete::<Header<'static>>(&["crit"]);
    }
}
