//! fief-axum
