//! The public keys.

use axum::{http::StatusCode, response::Response};
use serde_json::{Value, json};

use crate::{
    http::{Request, response::json_response},
    keys::SigningKey,
};

/// `GET /.well-known/jwks.json`
///
/// Like Fief's, the response has no headers for caching, and the keys have no `alg`.
pub(crate) fn jwks(request: &Request<'_>) -> Response {
    let state = request.shared.state();
    let keys: Vec<Value> = state
        .tenant(request.tenant)
        .into_iter()
        .flat_map(|tenant| &tenant.keys)
        .map(SigningKey::jwk)
        .collect();
    json_response(StatusCode::OK, &json!({ "keys": keys }))
}
