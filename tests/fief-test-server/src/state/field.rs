use serde_json::Value;

/// A user field: what users have besides their e-mail address.
///
/// ```
/// use fief_test_server::{FieldType, UserField};
///
/// let field = UserField::new("birthdate", FieldType::Date).required();
/// ```
#[derive(Clone, Debug)]
#[must_use = "a user field has no effect unless it is added to a server"]
pub struct UserField {
    pub(crate) slug: String,
    pub(crate) kind: FieldType,
    pub(crate) default: Option<Value>,
    pub(crate) is_required: bool,
    pub(crate) is_read_only: bool,
}

/// The type of a [`UserField`].
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum FieldType {
    /// An object with `line1`, `line2`, `postal_code`, `city`, `state` and `country`.
    Address,
    /// `true` or `false`. An update that leaves it out sets it to `false`, as in Fief.
    Boolean,
    /// One of these strings.
    Choice(Vec<String>),
    /// `1477-01-25`
    Date,
    /// `2024-01-02T03:04:05+00:00`
    DateTime,
    /// A whole number.
    Integer,
    /// `+33612345678`
    PhoneNumber,
    /// A string that is not empty.
    String,
    /// `Europe/Paris`
    Timezone,
}

impl UserField {
    /// An optional field that users may change.
    pub fn new(slug: impl Into<String>, kind: FieldType) -> Self {
        Self {
            slug: slug.into(),
            kind,
            default: None,
            is_required: false,
            is_read_only: false,
        }
    }

    /// The value of users without one. Default: none; they do not have the field.
    pub fn default_value(mut self, value: impl Into<Value>) -> Self {
        self.default = Some(value.into());
        self
    }

    /// Demands it in every profile update that has fields, as Fief does.
    pub fn required(mut self) -> Self {
        self.is_required = true;
        self
    }

    /// Keeps users from changing it: their profile updates leave it as it is.
    pub fn read_only(mut self) -> Self {
        self.is_read_only = true;
        self
    }

    /// Returns a field of the type that a value has.
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
