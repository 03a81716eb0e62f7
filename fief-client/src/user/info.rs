use serde::{Deserialize, Serialize, de::DeserializeOwned};
use serde_json::{Map, Value};
use uuid::Uuid;

use crate::jose::claims::hyphenated_uuid;

/// User, as the user API and the ID token describe one
/// ([OpenID Connect Core, section 5.1](https://openid.net/specs/openid-connect-core-1_0.html#StandardClaims)).
///
/// Only `sub` is always present. It serializes as it was received: `{"sub", "email", "email_verified", "is_active",
/// "tenant_id", "fields"}` and the members of `extra`. To make one in a test, deserialize it:
///
/// ```
/// use fief_client::FiefUserInfo;
///
/// let user = r#"{"sub": "ca19f041-618e-417a-a68a-3840a568fb8f", "email": "anne@example.com"}"#;
/// let user: FiefUserInfo = serde_json::from_str(user)?;
/// assert_eq!(user.email.as_deref(), Some("anne@example.com"));
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[non_exhaustive]
pub struct FiefUserInfo {
    /// The user's id. It never changes: use it as the key in databases.
    #[serde(deserialize_with = "hyphenated_uuid")]
    pub sub: Uuid,
    /// The e-mail address. It can change, and be that of another user later: do not identify users by it.
    #[serde(default)]
    pub email: Option<String>,
    /// Whether the address has been verified.
    #[serde(default)]
    pub email_verified: Option<bool>,
    /// Whether the account is active. Tokens of an inactive account stay valid until they expire.
    #[serde(default)]
    pub is_active: Option<bool>,
    /// The tenant that the user belongs to.
    #[serde(default)]
    pub tenant_id: Option<Uuid>,
    /// The custom fields by their slugs. Fields that were never set are absent.
    #[serde(default)]
    pub fields: Map<String, Value>,
    /// What Fief sent in addition, such as the claims that a fork adds, by name. When serialized they are beside
    /// the fields above, as Fief sent them.
    ///
    /// After a login these are the other claims of the ID token.
    #[serde(flatten)]
    pub extra: Map<String, Value>,
}

impl FiefUserInfo {
    /// Deserializes the custom fields into a type of the application.
    ///
    /// ```
    /// use fief_client::FiefUserInfo;
    ///
    /// #[derive(serde::Deserialize)]
    /// struct Fields { first_name: Option<String> }
    ///
    /// let user = r#"{
    ///     "sub": "ca19f041-618e-417a-a68a-3840a568fb8f",
    ///     "fields": {"first_name": "Anne"}
    /// }"#;
    /// let user: FiefUserInfo = serde_json::from_str(user)?;
    /// let fields: Fields = user.fields_as()?;
    /// assert_eq!(fields.first_name.as_deref(), Some("Anne"));
    /// # Ok::<(), serde_json::Error>(())
    /// ```
    ///
    /// # Errors
    /// If the fields do not match the type.
    pub fn fields_as<T: DeserializeOwned>(&self) -> Result<T, serde_json::Error> {
        T::deserialize(Value::Object(self.fields.clone()))
    }
}
