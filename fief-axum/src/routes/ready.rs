//! The ready route, for load balancers.

use std::sync::Arc;

use axum::{extract::State, http::StatusCode};

use crate::shared::Shared;

/// Says no more than whether the application is ready.
pub(super) async fn ready(State(auth): State<Arc<Shared>>) -> (StatusCode, &'static str) {
    if auth.health().await.is_ready() {
        (StatusCode::OK, "ready")
    } else {
        (StatusCode::SERVICE_UNAVAILABLE, "not ready")
    }
}
