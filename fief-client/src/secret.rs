//! Secrets: one that is shared, and how those of what is to be stored are serialised.

use std::sync::Arc;

use secrecy::{ExposeSecret, SecretString, zeroize::Zeroize};
use serde::{Serialize, Serializer};

/// A secret that several have, one step away from each. The last of them to drop it overwrites it, unless two do at
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

pub(crate) fn expose<S: Serializer>(
    secret: &SecretString,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(secret.expose_secret())
}

#[expect(clippy::ref_option, reason = "serde passes a reference to the field")]
pub(crate) fn expose_some<S: Serializer>(
    secret: &Option<SecretString>,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    secret
        .as_ref()
        .map(ExposeSecret::expose_secret)
        .serialize(serializer)
}
