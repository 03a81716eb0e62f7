use serde::{Deserialize, Serialize, de::DeserializeOwned};
use serde_json::{Map, Value};
use uuid::Uuid;

use crate::jose::claims::hyphenated_uuid;

/// A user, as the user API and the ID token describe one.
///
/// Only `sub` is always there.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[non_exhaustive]
pub struct FiefUserInfo {
    /// The user's id.
    #[serde(deserialize_with = "hyphenated_uuid")]
    pub sub: Uuid,
    /// The e-mail address. Not an identity: it changes hands.
    #[serde(default)]
    pub email: Option<String>,
    /// Whether the user has shown that the address is theirs.
    #[serde(default)]
    pub email_verified: Option<bool>,
    /// Whether the account is active. An account that is not can still hold valid tokens.
    #[serde(default)]
    pub is_active: Option<bool>,
    /// The tenant that the user belongs to.
    #[serde(default)]
    pub tenant_id: Option<Uuid>,
    /// The custom fields by their slug; one that was never set is absent.
    #[serde(default)]
    pub fields: Map<String, Value>,
}

impl FiefUserInfo {
    /// Reads the custom fields into a type of the application's own.
    ///
    /// ```
    /// use fief_client::FiefUserInfo;
    ///
    /// #[derive(serde::Deserialize)]
    /// struct Fields { first_name: Option<String> }
    ///
    /// let user = r#"{"sub": "ca19f041-618e-417a-a68a-3840a568fb8f", "fields": {"first_name": "Anne"}}"#;
    /// let user: FiefUserInfo = serde_json::from_str(user)?;
    /// let fields: Fields = user.fields_as()?;
    /// assert_eq!(fields.first_name.as_deref(), Some("Anne"));
    /// # Ok::<(), serde_json::Error>(())
    /// ```
    ///
    /// # Errors
    /// Where the fields do not have the type's shape.
    pub fn fields_as<T: DeserializeOwned>(&self) -> Result<T, serde_json::Error> {
        T::deserialize(Value::Object(self.fields.clone()))
    }
}
