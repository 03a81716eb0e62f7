use fief_test_server::{FieldType, UserField};
use serde::Deserialize;
use serde_json::Value;

/// User field, as in a seed file.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct SeedField {
    slug: String,
    r#type: FieldKind,
    #[serde(default)]
    choices: Vec<String>,
    default: Option<Value>,
    #[serde(default)]
    required: bool,
    #[serde(default)]
    read_only: bool,
}

#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "lowercase")]
enum FieldKind {
    Address,
    Boolean,
    Choice,
    Date,
    DateTime,
    Integer,
    #[serde(rename = "phone_number")]
    PhoneNumber,
    String,
    Timezone,
}

impl From<SeedField> for UserField {
    fn from(field: SeedField) -> Self {
        let kind = match field.r#type {
            FieldKind::Address => FieldType::Address,
            FieldKind::Boolean => FieldType::Boolean,
            FieldKind::Choice => FieldType::Choice(field.choices),
            FieldKind::Date => FieldType::Date,
            FieldKind::DateTime => FieldType::DateTime,
            FieldKind::Integer => FieldType::Integer,
            FieldKind::PhoneNumber => FieldType::PhoneNumber,
            FieldKind::String => FieldType::String,
            FieldKind::Timezone => FieldType::Timezone,
        };
        let mut made = UserField::new(field.slug, kind);
        if field.required {
            made = made.required();
        }
        if field.read_only {
            made = made.read_only();
        }
        match field.default {
            Some(value) => made.default_value(value),
            None => made,
        }
    }
}
