//! The health check.

use axum::{http::StatusCode, response::Response};
use serde_json::json;

use crate::http::response::json_response;

/// `GET /healthz`
pub(crate) fn health() -> Response {
    json_response(StatusCode::OK, &json!({ "message": "ready" }))
}
