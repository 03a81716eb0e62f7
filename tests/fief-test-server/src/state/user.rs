use std::time::{SystemTime, UNIX_EPOCH};

use serde_json::{Map, Value};
use uuid::Uuid;

/// A user who can log in.
///
/// ```
/// use fief_test_server::User;
///
/// let user = User::new("anne@example.com", "herminetincture")
///     .permission("castles:read")
///     .field("first_name", "Anne");
/// ```
#[derive(Clone, Debug)]
#[must_use = "a user has no effect unless they are added to a server"]
pub struct User {
    pub(crate) id: Uuid,
    pub(crate) email: String,
    pub(crate) password: String,
    pub(crate) is_email_verified: bool,
    pub(crate) is_active: bool,
    pub(crate) tenant: String,
    pub(crate) permissions: Vec<String>,
    pub(crate) fields: Map<String, Value>,
    pub(crate) created: SystemTime,
    pub(crate) updated: SystemTime,
}

impl User {
    /// An active user of the default tenant whose e-mail address is verified.
    pub fn new(email: impl Into<String>, password: impl Into<String>) -> Self {
        Self {
            id: Uuid::new_v4(),
            email: email.into(),
            password: password.into(),
            is_email_verified: true,
            is_active: true,
            tenant: String::new(),
            permissions: Vec::new(),
            fields: Map::new(),
            created: UNIX_EPOCH,
            updated: UNIX_EPOCH,
        }
    }

    /// The user's id, `sub` in tokens. Default: a random one.
    pub fn id(mut self, id: Uuid) -> Self {
        self.id = id;
        self
    }

    /// Adds a permission by its codename.
    pub fn permission(mut self, codename: impl Into<String>) -> Self {
        self.permissions.push(codename.into());
        self
    }

    /// Sets a user field.
    ///
    /// A field that was not declared with [`user_field`] is declared by this, with the type its
    /// value has.
    ///
    /// [`user_field`]: crate::FiefTestServerBuilder::user_field
    pub fn field(mut self, slug: impl Into<String>, value: impl Into<Value>) -> Self {
        self.fields.insert(slug.into(), value.into());
        self
    }

    /// The tenant the user belongs to, by its slug. Default: the default tenant.
    pub fn tenant(mut self, slug: impl Into<String>) -> Self {
        self.tenant = slug.into();
        self
    }

    /// Leaves the e-mail address unverified: logging in then asks for a code first.
    pub fn unverified(mut self) -> Self {
        self.is_email_verified = false;
        self
    }

    /// Makes the user inactive, who cannot log in.
    pub fn inactive(mut self) -> Self {
        self.is_active = false;
        self
    }
}
