//! Access tokens in a compact form.
//!
//! A JWT is base64 already, and what is sealed becomes base64 again. In binary
//! formats, a token is therefore serialized as the bytes that its parts encode,
//! which makes a cookie a quarter shorter.

use std::borrow::Cow;

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// Access token in a binary format.
#[derive(Deserialize, Serialize)]
enum Token<'a> {
    /// The bytes of the parts of a JWT.
    Jwt {
        #[serde(borrow)]
        header: Cow<'a, [u8]>,
        #[serde(borrow)]
        claims: Cow<'a, [u8]>,
        #[serde(borrow)]
        signature: Cow<'a, [u8]>,
    },
    /// Any other text.
    #[serde(borrow)]
    Text(Cow<'a, str>),
}

impl<'a> Token<'a> {
    fn of(text: &'a str) -> Self {
        match Self::jwt(text) {
            // The bytes must give the same text: that is what was signed.
            Some(token) if token.to_text() == text => token,
            _ => Self::Text(text.into()),
        }
    }

    fn jwt(text: &str) -> Option<Self> {
        let mut parts = text.splitn(3, '.');
        let mut part = || Some(URL_SAFE_NO_PAD.decode(parts.next()?).ok()?.into());
        Some(Self::Jwt {
            header: part()?,
            claims: part()?,
            signature: part()?,
        })
    }

    fn to_text(&self) -> String {
        match self {
            Self::Jwt {
                header,
                claims,
                signature,
            } => {
                let len = header.len() + claims.len() + signature.len();
                let mut text = String::with_capacity(len.div_ceil(3) * 4 + 8);
                URL_SAFE_NO_PAD.encode_string(header, &mut text);
                text.push('.');
                URL_SAFE_NO_PAD.encode_string(claims, &mut text);
                text.push('.');
                URL_SAFE_NO_PAD.encode_string(signature, &mut text);
                text
            }
            Self::Text(text) => text.as_ref().to_owned(),
        }
    }
}

/// Serializes an access token in full.
pub(super) fn serialize<S: Serializer>(
    token: &SecretString,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    let text = token.expose_secret();
    if serializer.is_human_readable() {
        serializer.serialize_str(text)
    } else {
        Token::of(text).serialize(serializer)
    }
}

pub(super) fn deserialize<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<SecretString, D::Error> {
    if deserializer.is_human_readable() {
        SecretString::deserialize(deserializer)
    } else {
        Token::deserialize(deserializer).map(|token| token.to_text().into())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use secrecy::{ExposeSecret, SecretString};
    use serde::{Deserialize, Serialize};

    #[derive(Deserialize, Serialize)]
    struct Sealed(#[serde(with = "super")] SecretString);

    fn round_trip(text: &str) -> postcard::Result<(usize, String)> {
        let bytes = postcard::to_allocvec(&Sealed(text.into()))?;
        let Sealed(token) = postcard::from_bytes(&bytes)?;
        Ok((bytes.len(), token.expose_secret().to_owned()))
    }

    proptest! {
        /// Also of texts that are not canonical base64, and of those with more or fewer parts.
        #[test]
        fn a_token_is_the_same_text_again(text in "([A-Za-z0-9_-]{0,9}|=|\\.|\\PC){0,8}") {
            let (_, same) = round_trip(&text)?;
            prop_assert_eq!(same, text);
        }
    }

    #[test]
    fn a_jwt_is_as_short_as_its_bytes() {
        let part = "A".repeat(400);
        let len = round_trip(&[&*part; 3].join(".")).map(|(len, _)| len);
        assert_eq!(len, Ok(900 + 1 + 3 * 2));
    }
}
