mod content;
mod key;

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use secrecy::SecretString;
use serde::Deserialize;
use serde_json::Value;

pub(crate) use self::key::DecryptionKey;
use self::{content::Sealed, key::ALG};
use crate::{
    Reason,
    jose::{
        claims::{is_present, opt_string},
        members::{self, Member, Object},
    },
};

/// Decrypts a token in compact form
/// ([RFC 7516, section 5.2](https://www.rfc-editor.org/rfc/rfc7516#section-5.2)).
///
/// The error says what is wrong with the header. All later failures are the same error.
pub(crate) fn decrypt(token: &str, keys: &[DecryptionKey]) -> Result<SecretString, Reason> {
    let mut segments = token.splitn(6, '.');
    let mut next = || segments.next().filter(|segment| !segment.is_empty());
    let (Some(protected), Some(key), Some(iv), Some(ciphertext), Some(tag), None) =
        (next(), next(), next(), next(), next(), segments.next())
    else {
        return Err(Reason::NotEncrypted);
    };
    let header = Header::parse(protected)?;
    let sealed = Sealed {
        associated: protected.as_bytes(),
        iv: decode(iv).ok_or(Reason::Undecryptable)?,
        ciphertext: decode(ciphertext).ok_or(Reason::Undecryptable)?,
        tag: decode(tag).ok_or(Reason::Undecryptable)?,
    };
    let encrypted = decode(key).ok_or(Reason::Undecryptable)?;
    let candidates = keys
        .iter()
        .filter(|key| key.kid.is_none() || header.kid.is_none() || key.kid == header.kid);
    for key in candidates {
        let opened = key
            .content_key(&encrypted)
            .and_then(|key| key.open(&sealed));
        if let Ok(opened) = opened {
            return String::from_utf8(opened)
                .map(SecretString::from)
                .map_err(|_| Reason::Undecryptable);
        }
    }
    Err(Reason::Undecryptable)
}

#[derive(Deserialize)]
struct Header {
    alg: String,
    enc: String,
    #[serde(default, deserialize_with = "opt_string")]
    kid: Option<String>,
    #[serde(default, deserialize_with = "is_present")]
    zip: bool,
    #[serde(default, deserialize_with = "is_present")]
    crit: bool,
}

impl Header {
    fn parse(segment: &str) -> Result<Self, Reason> {
        let malformed = Reason::Malformed { name: Self::NAME };
        let text = decode(segment).ok_or(malformed)?;
        let header: Self = members::parse(str::from_utf8(&text).map_err(|_| malformed)?)?;
        if header.alg != ALG || header.enc != ENC {
            return Err(Reason::WrongAlgorithm);
        }
        for (name, is_present) in [("zip", header.zip), ("crit", header.crit)] {
            if is_present {
                return Err(Reason::Unexpected { name });
            }
        }
        Ok(header)
    }
}

impl Object<'_> for Header {
    const NAME: &'static str = "header";
    const MEMBERS: &'static [Member] = &[
        Member::required("alg", Value::is_string),
        Member::required("enc", Value::is_string),
        Member::optional("kid", Value::is_string),
    ];
}

fn decode(segment: &str) -> Option<Vec<u8>> {
    URL_SAFE_NO_PAD.decode(segment).ok()
}

const ENC: &str = "A256CBC-HS512";

/// Decrypts content with a matching tag, which only an owner of the key could send.
#[cfg(fuzzing)]
pub(crate) fn open_tagged(
    key: &[u8; 64],
    associated: &[u8],
    iv: &[u8],
    ciphertext: &[u8],
) -> Option<Vec<u8>> {
    let key = content::ContentKey::from(key);
    let mut sealed = Sealed {
        associated,
        iv: iv.to_vec(),
        ciphertext: ciphertext.to_vec(),
        tag: Vec::new(),
    };
    sealed.tag = key.tag(&sealed).as_ref().get(..32)?.to_vec();
    key.open(&sealed).ok()
}

#[cfg(test)]
mod tests;
