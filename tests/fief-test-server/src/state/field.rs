use serde_json::Value;

/// Builder of a user field, which is a property of users in addition to their e-mail address.
///
/// Pass it to [`FiefTestServerBuilder::user_field`]. Fields are in ID tokens and userinfo, and can
/// be changed with `/api/profile`.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> std::io::Result<()> {
/// use fief_test_server::{FieldType, FiefTestServer, User, UserField};
///
/// let anne = User::new("anne@example.com", "herminetincture").field("birthdate", "1477-01-25");
/// let server = FiefTestServer::builder()
///     .user_field(UserField::new("birthdate", FieldType::Date).required())
///     .user_field(UserField::new("rank", FieldType::String).read_only())
///     .user_field(UserField::new("newsletter", FieldType::Boolean).default_value(false))
///     .user(anne)
///     .start()
///     .await?;
/// # Ok(())
/// # }
/// ```
///
/// [`FiefTestServerBuilder::user_field`]: crate::FiefTestServerBuilder::user_field
#[derive(Clone, Debug)]
#[must_use = "a user field has no effect unless it is added to a server"]
pub struct UserField {
    pub(crate) slug: String,
    pub(crate) kind: FieldType,
    pub(crate) default: Option<Value>,
    pub(crate) is_required: bool,
    pub(crate) is_read_only: bool,
}

/// Type of a [`UserField`].
///
/// Values in a profile update are validated by it; invalid ones are rejected with 422. Values set
/// with [`User::field`](crate::User::field) are not validated.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum FieldType {
    /// An object with `line1`, `line2`, `postal_code`, `city`, `state` and `country`.
    Address,
    /// `true` or `false`. An update that leaves it out sets it to `false`, as in Fief.
    Boolean,
    /// One of the given strings.
    Choice(Vec<String>),
    /// A date, for example `1477-01-25`.
    Date,
    /// A date and time, for example `2024-01-02T03:04:05+00:00`.
    DateTime,
    /// An integer, or a string that contains one.
    Integer,
    /// A phone number with the country code, for example `+33612345678`.
    PhoneNumber,
    /// A string that is not empty.
    String,
    /// A time zone, for example `Europe/Paris`.
    Timezone,
}

impl UserField {
    /// Creates an optional field that users can change.
    pub fn new(slug: impl Into<String>, kind: FieldType) -> Self {
        Self {
            slug: slug.into(),
            kind,
            default: None,
            is_required: false,
            is_read_only: false,
        }
    }

    /// Sets the value for users that are added without one. Default: they do not have the field.
    pub fn default_value(mut self, value: impl Into<Value>) -> Self {
        self.default = Some(value.into());
        self
    }

    /// Requires it in every profile update that contains fields, as Fief does. Default: optional.
    pub fn required(mut self) -> Self {
        self.is_required = true;
        self
    }

    /// Makes profile updates ignore it. Default: users can change it.
    pub fn read_only(mut self) -> Self {
        self.is_read_only = true;
        self
    }

    /// Returns a field with the type of a value.
    pub(crate) fn inferred(slug: &str, value: &Value) -> Self {
        let kind = match value {
            Value::Bool(_) => FieldType::Boolean,
            Value::Number(_) => FieldType::Integer,
            Value::Object(_) => FieldType::Address,
            _ => FieldType::String,
        };
        Self::new(slug, kind)
    }
}
