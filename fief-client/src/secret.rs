//! Secrets: generates, shares and serializes them.

use std::sync::Arc;

use aws_lc_rs::rand;
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use secrecy::{ExposeSecret, SecretString, zeroize::Zeroize};
use serde::{Serialize, Serializer};

use crate::FiefError;

/// Secret with several owners, behind one pointer. The last one to drop it overwrites it, unless two do at
/// the same moment.
#[derive(Clone)]
pub(crate) struct SharedSecret(Arc<str>);

impl From<&str> for SharedSecret {
    fn from(secret: &str) -> Self {
        Self(secret.into())
    }
}

impl ExposeSecret<str> for SharedSecret {
    fn expose_secret(&self) -> &str {
        &self.0
    }
}

impl Drop for SharedSecret {
    fn drop(&mut self) {
        if let Some(secret) = Arc::get_mut(&mut self.0) {
            secret.zeroize();
        }
    }
}

/// Returns `N` random bytes of the system, base64url without padding.
pub(crate) fn random<const N: usize>() -> Result<String, FiefError> {
    let mut bytes = [0; N];
    rand::fill(&mut bytes).map_err(|_| {
        FiefError::Configuration("the operating system provides no random numbers".into())
    })?;
    Ok(URL_SAFE_NO_PAD.encode(bytes))
}

/// Serializes a secret in full.
///
/// # Errors
/// What the serializer returns.
pub fn expose<S: Serializer>(secret: &SecretString, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(secret.expose_secret())
}

/// Serializes a secret in full, if there is one.
///
/// # Errors
/// What the serializer returns.
pub fn expose_some<S: Serializer>(
    secret: &Option<SecretString>,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    secret
        .as_ref()
        .map(ExposeSecret::expose_secret)
        .serialize(serializer)
}
