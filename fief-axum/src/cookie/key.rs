use std::fmt;

use base64::{
    Engine,
    engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD},
};
use secrecy::{ExposeSecret, SecretSlice};

use crate::Error;

/// The key that sessions are sealed with: at least 32 bytes that nobody can guess.
///
/// All machines of an application share it, and with it the sessions. Keep it out of the code.
///
/// ```
/// use fief_axum::SessionKey;
///
/// let key = SessionKey::parse("6e1b6f0c8e0f4b3f9a5d7c2e1f0a9b8c7d6e5f4a3b2c1d0e9f8a7b6c5d4e3f2a")?;
/// # let _ = key;
/// # Ok::<(), fief_axum::Error>(())
/// ```
#[derive(Clone)]
pub struct SessionKey {
    bytes: SecretSlice<u8>,
}

impl SessionKey {
    /// Makes a new key. Sessions do not outlive the process that made it, unless it is kept.
    ///
    /// # Errors
    /// [`Error::SessionKey`] where the system has no random numbers.
    pub fn generate() -> Result<Self, Error> {
        let mut bytes = vec![0; MIN_LEN];
        aws_lc_rs::rand::fill(&mut bytes)
            .map_err(|_| Error::SessionKey("the system has no random numbers"))?;
        Ok(Self {
            bytes: bytes.into(),
        })
    }

    /// Takes a key of at least 32 random bytes.
    ///
    /// # Errors
    /// [`Error::SessionKey`] where it is shorter, or one byte repeated.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, Error> {
        if bytes.len() < MIN_LEN {
            return Err(Error::SessionKey("it needs at least 32 bytes"));
        }
        if bytes.iter().all(|byte| Some(byte) == bytes.first()) {
            return Err(Error::SessionKey("it is one byte repeated"));
        }
        Ok(Self {
            bytes: bytes.to_vec().into(),
        })
    }

    /// Reads a key of at least 32 random bytes from hex or base64, as the environment holds it
    /// (`openssl rand -hex 32`).
    ///
    /// # Errors
    /// [`Error::SessionKey`] where it is neither, or shorter.
    pub fn parse(text: &str) -> Result<Self, Error> {
        let text = text.trim();
        let base64 = text.trim_end_matches('=');
        let bytes = from_hex(text)
            .or_else(|| STANDARD_NO_PAD.decode(base64).ok())
            .or_else(|| URL_SAFE_NO_PAD.decode(base64).ok())
            .ok_or(Error::SessionKey("it is neither hex nor base64"))?;
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

fn from_hex(text: &str) -> Option<Vec<u8>> {
    if !text.len().is_multiple_of(2) || !text.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return None;
    }
    text.as_bytes()
        .chunks(2)
        .map(|pair| u8::from_str_radix(str::from_utf8(pair).ok()?, 16).ok())
        .collect()
}

const MIN_LEN: usize = 32;
