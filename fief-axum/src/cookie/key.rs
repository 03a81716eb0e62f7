use std::fmt;

use base64::{
    Engine,
    engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD},
};
use secrecy::{ExposeSecret, SecretSlice};

use crate::Error;

/// Key that encrypts and authenticates sessions and logins in progress: at
/// least 32 random bytes.
///
/// Give the same key to all processes of an application, and keep it across
/// restarts: without it, users have to log in again. To replace it, see
/// [`FiefAuthBuilder::previous_session_key`](crate::FiefAuthBuilder::previous_session_key).
///
/// `Debug` does not show the key, and it is erased from memory when dropped.
///
/// # Example
///
/// A key from the environment, generated with `openssl rand -hex 32`:
///
/// ```no_run
/// use fief_axum::SessionKey;
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let key = SessionKey::parse(&std::env::var("SESSION_KEY")?)?;
/// # let _ = key;
/// # Ok(()) }
/// ```
///
/// # Security
///
/// With the key, sessions of any user can be forged. Do not commit it to the
/// repository.
#[derive(Clone)]
pub struct SessionKey {
    bytes: SecretSlice<u8>,
}

impl SessionKey {
    /// Generates a random key, for tests and development.
    ///
    /// It cannot be read back, so all sessions end with the process.
    ///
    /// # Errors
    ///
    /// [`Error::SessionKey`] if the operating system provides no random
    /// numbers.
    pub fn generate() -> Result<Self, Error> {
        let mut bytes = vec![0; MIN_LEN];
        aws_lc_rs::rand::fill(&mut bytes)
            .map_err(|_| Error::SessionKey("the operating system provides no random numbers"))?;
        Ok(Self {
            bytes: bytes.into(),
        })
    }

    /// Creates a key from at least 32 random bytes.
    ///
    /// A password is not random: derive the bytes from it with a password hash,
    /// or better, generate them.
    ///
    /// # Errors
    ///
    /// [`Error::SessionKey`] if there are fewer bytes, or if all are the same.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, Error> {
        if bytes.len() < MIN_LEN {
            return Err(Error::SessionKey("it must have at least 32 bytes"));
        }
        if bytes.iter().all(|byte| Some(byte) == bytes.first()) {
            return Err(Error::SessionKey(
                "all bytes are the same: it must be random",
            ));
        }
        Ok(Self {
            bytes: bytes.to_vec().into(),
        })
    }

    /// Parses a key of at least 32 random bytes, in hex or base64.
    ///
    /// White space around it is ignored. Base64 may use either alphabet
    /// ([RFC 4648, sections 4 and
    /// 5](https://www.rfc-editor.org/rfc/rfc4648#section-4)), with or without
    /// padding.
    ///
    /// # Example
    ///
    /// ```
    /// use fief_axum::SessionKey;
    ///
    /// let hex = "6e1b6f0c8e0f4b3f9a5d7c2e1f0a9b8c7d6e5f4a3b2c1d0e9f8a7b6c5d4e3f2a";
    /// assert!(SessionKey::parse(hex).is_ok());
    /// assert!(SessionKey::parse("password").is_err());
    /// ```
    ///
    /// # Errors
    ///
    /// [`Error::SessionKey`] if the text is not hex or base64, or if
    /// [`from_bytes`](Self::from_bytes) rejects the bytes.
    pub fn parse(text: &str) -> Result<Self, Error> {
        let text = text.trim();
        let base64 = text.trim_end_matches('=');
        let bytes = from_hex(text)
            .or_else(|| STANDARD_NO_PAD.decode(base64).ok())
            .or_else(|| URL_SAFE_NO_PAD.decode(base64).ok())
            .ok_or(Error::SessionKey("it must be hex or base64"))?;
        Self::from_bytes(&bytes)
    }

    pub(crate) fn as_bytes(&self) -> &[u8] {
        self.bytes.expose_secret()
    }
}

impl fmt::Debug for SessionKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SessionKey")
    }
}

/// Decodes hex digits of either case.
fn from_hex(text: &str) -> Option<Vec<u8>> {
    if !text.len().is_multiple_of(2) || !text.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return None;
    }
    text.as_bytes()
        .chunks(2)
        .map(|pair| u8::from_str_radix(str::from_utf8(pair).ok()?, 16).ok())
        .collect()
}

/// In bytes.
const MIN_LEN: usize = 32;
