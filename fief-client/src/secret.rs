//! Secrets: shares and serializes them.

use std::sync::Arc;

use secrecy::{ExposeSecret, SecretString, zeroize::Zeroize};
use serde::{Serialize, Serializer};

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
