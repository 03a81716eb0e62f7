use std::time::SystemTime;

use uuid::Uuid;

use crate::keys::SigningKey;

/// A tenant. The slug of the default one is empty here, as it is in its addresses.
#[derive(Debug)]
pub(crate) struct Tenant {
    pub(crate) id: Uuid,
    pub(crate) slug: String,
    pub(crate) created: SystemTime,
    /// What it publishes, oldest first. The last one signs.
    pub(crate) keys: Vec<SigningKey>,
}

impl Tenant {
    pub(crate) fn signing_key(&self) -> Option<&SigningKey> {
        self.keys.last()
    }
}

/// The slug that Fief stores for the default tenant. Addresses may carry it too.
pub(crate) const DEFAULT_SLUG: &str = "default";
