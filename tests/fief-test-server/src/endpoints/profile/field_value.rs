//! Validation of the field values in a profile update.

use serde_json::{Map, Value, json};
use time::{Date, PrimitiveDateTime, macros::format_description};

use crate::{FieldType, http::validation_error::ValidationError};

impl FieldType {
    /// Validates a value and returns it in the form that Fief stores.
    pub(crate) fn read(&self, value: &Value) -> Result<Value, Vec<ValidationError>> {
        let read = match self {
            Self::Address => return address(value),
            Self::Boolean => boolean(value),
            Self::Choice(choices) => choice(choices, value),
            Self::Date => date(value),
            Self::DateTime => date_time(value),
            Self::Integer => integer(value),
            Self::PhoneNumber => phone_number(value),
            Self::String => string(value),
            Self::Timezone => timezone(value),
        };
        read.map_err(|error| vec![error])
    }
}

/// Collects the errors of all parts. Missing optional parts become `null`.
fn address(value: &Value) -> Result<Value, Vec<ValidationError>> {
    let Value::Object(given) = value else {
        return Err(vec![ValidationError::not_an_object(value)]);
    };
    let mut address = Map::new();
    let mut errors = Vec::new();
    for name in ["line1", "postal_code", "city", "country"] {
        match given.get(name) {
            None => errors.push(ValidationError::missing(value).with_url().within(name)),
            Some(part) => match string(part) {
                Ok(part) => drop(address.insert(name.to_owned(), part)),
                Err(error) => errors.push(error.within(name)),
            },
        }
    }
    for name in ["line2", "state"] {
        let part = given.get(name).cloned().unwrap_or_default();
        address.insert(name.to_owned(), part);
    }
    let country = address.get("country").and_then(Value::as_str);
    if let Some(country) = country
        && !(country.len() == 2 && country.bytes().all(|byte| byte.is_ascii_uppercase()))
    {
        let message = "value is not a valid country code";
        let error = ValidationError::new("country_code.invalid", message, &json!(country));
        errors.push(error.within("country"));
    }
    if errors.is_empty() {
        Ok(address.into())
    } else {
        Err(errors)
    }
}

/// Accepts booleans, and the numbers and strings that Pydantic accepts for them.
fn boolean(value: &Value) -> Result<Value, ValidationError> {
    let text = match value {
        Value::Bool(_) => return Ok(value.clone()),
        Value::Number(number) => number.to_string(),
        Value::String(text) => text.to_ascii_lowercase(),
        _ => {
            let message = "Input should be a valid boolean";
            return Err(ValidationError::new("bool_type", message, value).with_url());
        }
    };
    match text.as_str() {
        "1" | "on" | "t" | "true" | "y" | "yes" => Ok(true.into()),
        "0" | "f" | "false" | "n" | "no" | "off" => Ok(false.into()),
        _ => {
            let message = "Input should be a valid boolean, unable to interpret input";
            Err(ValidationError::new("bool_parsing", message, value).with_url())
        }
    }
}

fn choice(choices: &[String], value: &Value) -> Result<Value, ValidationError> {
    if choices.iter().any(|choice| value == choice) {
        return Ok(value.clone());
    }
    let quoted: Vec<String> = choices.iter().map(|choice| format!("'{choice}'")).collect();
    let expected = match quoted.split_last() {
        Some((last, rest)) if !rest.is_empty() => format!("{} or {last}", rest.join(", ")),
        _ => quoted.concat(),
    };
    let message = format!("Input should be {expected}");
    let context = json!({ "expected": expected });
    Err(ValidationError::new("enum", message, value)
        .with_context(context)
        .with_url())
}

/// Also accepts midnight of a date.
fn date(value: &Value) -> Result<Value, ValidationError> {
    let Value::String(text) = value else {
        let error = ValidationError::new("date_type", "Input should be a valid date", value);
        return Err(error.with_url());
    };
    let day = text.strip_suffix("T00:00:00").unwrap_or(text);
    match Date::parse(day, format_description!("[year]-[month]-[day]")) {
        Ok(_) => Ok(day.into()),
        Err(error) => {
            let reason = reason(text, &error.to_string());
            let message = format!("Input should be a valid date or datetime, {reason}");
            let error = ValidationError::new("date_from_datetime_parsing", message, value);
            Err(error.with_context(json!({ "error": reason })).with_url())
        }
    }
}

/// Also accepts a date, which is midnight.
fn date_time(value: &Value) -> Result<Value, ValidationError> {
    let Value::String(text) = value else {
        let message = "Input should be a valid datetime";
        return Err(ValidationError::new("datetime_type", message, value).with_url());
    };
    if let Ok(Value::String(day)) = date(value)
        && day.len() == text.len()
    {
        return Ok(format!("{day}T00:00:00").into());
    }
    let format = format_description!(
        version = 2,
        "[year]-[month]-[day]T[hour]:[minute]:[second][optional [.[subsecond]]]\
         [optional [[first [Z] [[offset_hour]:[offset_minute]]]]]"
    );
    match PrimitiveDateTime::parse(text, format) {
        Ok(_) => Ok(value.clone()),
        Err(error) => {
            let reason = reason(text, &error.to_string());
            let message = format!("Input should be a valid datetime or date, {reason}");
            let error = ValidationError::new("datetime_from_date_parsing", message, value);
            Err(error.with_context(json!({ "error": reason })).with_url())
        }
    }
}

fn integer(value: &Value) -> Result<Value, ValidationError> {
    let invalid = |kind, more: &str| {
        let message = format!("Input should be a valid integer{more}");
        Err(ValidationError::new(kind, message, value).with_url())
    };
    match value {
        Value::Bool(is_set) => Ok(i64::from(*is_set).into()),
        Value::Number(number) if number.is_f64() => {
            invalid("int_from_float", ", got a number with a fractional part")
        }
        Value::Number(_) => Ok(value.clone()),
        Value::String(text) => match text.trim().parse::<i64>() {
            Ok(number) => Ok(number.into()),
            Err(_) => invalid("int_parsing", ", unable to parse string as an integer"),
        },
        _ => invalid("int_type", ""),
    }
}

/// Accepts a plus and 7 to 15 digits. Fief also checks the country's numbering plan.
fn phone_number(value: &Value) -> Result<Value, ValidationError> {
    let Value::String(text) = value else {
        return Err(ValidationError::not_a_string(value).with_url());
    };
    let digits = text.strip_prefix('+').unwrap_or_default();
    if (7..=15).contains(&digits.len()) && digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return Ok(value.clone());
    }
    let message = "value is missing the country code";
    Err(ValidationError::new(
        "phone_number.missing_region",
        message,
        value,
    ))
}

fn string(value: &Value) -> Result<Value, ValidationError> {
    match value {
        Value::String(text) if !text.is_empty() => Ok(value.clone()),
        Value::String(_) => {
            let message = "String should have at least 1 character";
            let error = ValidationError::new("string_too_short", message, value);
            Err(error.with_context(json!({ "min_length": 1 })).with_url())
        }
        _ => Err(ValidationError::not_a_string(value).with_url()),
    }
}

/// Accepts `UTC` and names with an area, such as `Europe/Paris`. They are not looked up.
fn timezone(value: &Value) -> Result<Value, ValidationError> {
    let Value::String(text) = value else {
        return Err(ValidationError::not_a_string(value).with_url());
    };
    let is_name = |part: &str| !part.is_empty() && part.chars().all(|c| c.is_ascii_graphic());
    let parts: Vec<&str> = text.split('/').collect();
    if text == "UTC" || parts.len() > 1 && parts.into_iter().all(is_name) {
        return Ok(value.clone());
    }
    let message = "value is not a valid timezone";
    Err(ValidationError::new("timezone.invalid", message, value))
}

/// Returns the part of the message about a malformed date.
fn reason(text: &str, error: &str) -> String {
    if text.len() < "1477-01-25".len() {
        "input is too short".to_owned()
    } else {
        error.to_owned()
    }
}
