use axum::{http::StatusCode, response::Response};
use serde_json::{Value, json};

use crate::{
    http::{Call, response::json_answer},
    keys::SigningKey,
};

/// `GET /.well-known/jwks.json`
pub(crate) fn jwks(call: &Call<'_>) -> Response {
    let state = call.fief.state();
    let keys: Vec<Value> = state
        .tenant(call.tenant)
        .into_iter()
        .flat_map(|tenant| &tenant.keys)
        .map(SigningKey::jwk)
        .collect();
    json_answer(StatusCode::OK, &json!({ "keys": keys }))
}
