use std::time::{SystemTime, UNIX_EPOCH};

use serde_json::{Map, Value};
use uuid::Uuid;

/// Builder of a user that can log in.
///
/// Pass it to [`FiefTestServerBuilder::user`]. To change a user later, see
/// [`FiefTestServer::set_active`], [`FiefTestServer::set_permissions`] and
/// [`FiefTestServer::delete_user`].
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> std::io::Result<()> {
/// use fief_test_server::{FiefTestServer, User};
///
/// let user = User::new("anne@example.com", "herminetincture")
///     .permission("castles:read")
///     .field("first_name", "Anne");
/// let server = FiefTestServer::builder().user(user).start().await?;
/// # Ok(())
/// # }
/// ```
///
/// [`FiefTestServer::delete_user`]: crate::FiefTestServer::delete_user
/// [`FiefTestServer::set_active`]: crate::FiefTestServer::set_active
/// [`FiefTestServer::set_permissions`]: crate::FiefTestServer::set_permissions
/// [`FiefTestServerBuilder::user`]: crate::FiefTestServerBuilder::user
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
    /// Creates an active user of the default tenant with a verified e-mail address.
    ///
    /// The password is stored in the clear and not checked for its strength.
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

    /// Sets the user's id, which is `sub` in tokens. Default: random.
    pub fn id(mut self, id: Uuid) -> Self {
        self.id = id;
        self
    }

    /// Adds a permission by its codename. Default: no permissions.
    pub fn permission(mut self, codename: impl Into<String>) -> Self {
        self.permissions.push(codename.into());
        self
    }

    /// Sets a user field.
    ///
    /// A field that is not declared with [`user_field`] is declared by this, with the type of the
    /// value. Strings are always of the type [`String`], so declare fields such as dates.
    ///
    /// [`String`]: crate::FieldType::String
    /// [`user_field`]: crate::FiefTestServerBuilder::user_field
    pub fn field(mut self, slug: impl Into<String>, value: impl Into<Value>) -> Self {
        self.fields.insert(slug.into(), value.into());
        self
    }

    /// Sets the tenant that the user belongs to, by its slug. Default: the default tenant.
    pub fn tenant(mut self, slug: impl Into<String>) -> Self {
        self.tenant = slug.into();
        self
    }

    /// Makes the e-mail address unverified: a login requires [a code] first. Default: verified.
    ///
    /// [a code]: crate::FiefTestServer::verification_code
    pub fn unverified(mut self) -> Self {
        self.is_email_verified = false;
        self
    }

    /// Makes the user inactive: they cannot log in. Default: active.
    pub fn inactive(mut self) -> Self {
        self.is_active = false;
        self
    }
}
