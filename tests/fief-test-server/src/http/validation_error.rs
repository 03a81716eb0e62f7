use axum::{http::StatusCode, response::Response};
use serde_json::{Value, json};

use super::response::json_response;

/// Entry of a 422 response, with the type and message of Pydantic, which validates Fief's input.
#[derive(Clone, Debug)]
pub(crate) struct ValidationError {
    entry: Value,
}

impl ValidationError {
    pub(crate) fn new(kind: &str, message: impl Into<String>, input: &Value) -> Self {
        Self {
            entry: json!({ "type": kind, "loc": [], "msg": message.into(), "input": input }),
        }
    }

    pub(crate) fn missing(input: &Value) -> Self {
        Self::new("missing", "Field required", input)
    }

    pub(crate) fn not_a_string(input: &Value) -> Self {
        Self::new("string_type", "Input should be a valid string", input)
    }

    pub(crate) fn not_an_object(input: &Value) -> Self {
        let message = "Input should be a valid dictionary or object to extract fields from";
        Self::new("model_attributes_type", message, input).with_url()
    }

    pub(crate) fn with_context(self, context: Value) -> Self {
        self.set("ctx", context)
    }

    /// Adds the link to Pydantic's documentation that some entries have.
    pub(crate) fn with_url(self) -> Self {
        let kind = self.entry.get("type").and_then(Value::as_str);
        let url = kind.map(|kind| format!("https://errors.pydantic.dev/2.9/v/{kind}"));
        self.set("url", json!(url))
    }

    /// Prepends a name to the location, so call it from the inside out.
    pub(crate) fn within(mut self, name: impl Into<Value>) -> Self {
        if let Some(Value::Array(location)) = self.entry.get_mut("loc") {
            location.insert(0, name.into());
        }
        self
    }

    fn set(mut self, name: &str, value: Value) -> Self {
        if let Value::Object(entry) = &mut self.entry {
            entry.insert(name.to_owned(), value);
        }
        self
    }
}

/// Returns a 422 response.
pub(crate) fn unprocessable(errors: &[ValidationError]) -> Response {
    let entries: Vec<&Value> = errors.iter().map(|it| &it.entry).collect();
    let body = json!({ "detail": entries });
    json_response(StatusCode::UNPROCESSABLE_ENTITY, &body)
}

/// Parses a body as JSON.
pub(crate) fn parse_body(body: &[u8]) -> Result<Value, ValidationError> {
    serde_json::from_slice(body).map_err(|error| {
        let lines = body.split_inclusive(|byte| *byte == b'\n');
        let before: usize = lines
            .take(error.line().saturating_sub(1))
            .map(<[u8]>::len)
            .sum();
        ValidationError::new("json_invalid", "JSON decode error", &json!({}))
            .with_context(json!({ "error": "Expecting value" }))
            .within(before + error.column())
            .within("body")
    })
}

/// Returns a member of the body that must be a string.
pub(crate) fn string_member(body: &Value, name: &str) -> Result<String, ValidationError> {
    let error = match body.get(name) {
        Some(Value::String(text)) => return Ok(text.clone()),
        Some(other) => ValidationError::not_a_string(other),
        None => ValidationError::missing(body),
    };
    Err(error.within(name).within("body"))
}
