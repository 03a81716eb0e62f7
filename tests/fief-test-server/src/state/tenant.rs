use std::time::SystemTime;

use uuid::Uuid;

use crate::keys::SigningKey;

/// Tenant. The slug of the default one is the empty string.
#[derive(Debug)]
pub(crate) struct Tenant {
    pub(crate) id: Uuid,
    pub(crate) slug: String,
    pub(crate) created: SystemTime,
    /// The published keys, oldest first. The last one signs.
    pub(crate) keys: Vec<SigningKey>,
}

impl Tenant {
    pub(crate) fn signing_key(&self) -> Option<&SigningKey> {
        self.keys.last()
    }
}

/// Slug of the default tenant in Fief. URLs may contain it.
pub(crate) const DEFAULT_SLUG: &str = "default";
