//! Changes of the user fields.

mod field_value;

use axum::response::{IntoResponse, Response};
use serde_json::{Map, Value};

use super::caller::{Caller, user_response};
use crate::{
    FieldType,
    http::{
        Request,
        validation_error::{ValidationError, parse_body, unprocessable},
    },
    state::State,
};

/// `PATCH /api/profile`
///
/// As in Fief, it is not quite a partial update: if there are `fields`, booleans that are missing
/// become `false`, and required ones that are missing are an error. No value can be cleared.
pub(crate) fn profile(request: &Request<'_>) -> Response {
    let mut state = request.shared.state();
    let caller = match Caller::authenticate(request, &state) {
        Ok(caller) => caller,
        Err(rejection) => return rejection.into_response(),
    };
    let changes = match read_changes(&state, &request.body) {
        Ok(changes) => changes,
        Err(errors) => return unprocessable(&errors),
    };
    state.update_user(caller.user, request.shared.clock.now(), |user| {
        user.fields.extend(changes);
    });
    user_response(&state, caller.user)
}

/// Returns the values to set. Unknown fields, read-only fields and `null` are ignored.
fn read_changes(state: &State, body: &[u8]) -> Result<Map<String, Value>, Vec<ValidationError>> {
    let body = parse_body(body).map_err(|error| vec![error])?;
    if !body.is_object() {
        return Err(vec![ValidationError::not_an_object(&body).within("body")]);
    }
    let given = match body.get("fields") {
        None | Some(Value::Null) => return Ok(Map::new()),
        Some(Value::Object(given)) => given,
        Some(other) => {
            let error = ValidationError::not_an_object(other);
            return Err(vec![error.within("fields").within("body")]);
        }
    };
    let mut changes = Map::new();
    let mut errors = Vec::new();
    for field in state.fields.iter().filter(|field| !field.is_read_only) {
        let slug = field.slug.as_str();
        let read = match given.get(slug) {
            Some(value) if !value.is_null() => field.kind.read(value),
            // As in Fief: a missing boolean is `false`.
            None if field.kind == FieldType::Boolean => Ok(false.into()),
            None if field.is_required => Err(vec![
                ValidationError::missing(&given.clone().into()).with_url(),
            ]),
            _ => continue,
        };
        match read {
            Ok(value) => drop(changes.insert(slug.to_owned(), value)),
            Err(found) => errors.extend(
                found
                    .into_iter()
                    .map(|error| error.within(slug).within("fields").within("body")),
            ),
        }
    }
    if errors.is_empty() {
        Ok(changes)
    } else {
        Err(errors)
    }
}
