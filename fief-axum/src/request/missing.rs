use axum::http::request::Parts;

use super::head::RequestHead;
use crate::Rejection;

/// Logs that a layer or guard is missing, and returns the rejection of the extractor.
pub(super) fn layer(parts: &Parts) -> Rejection {
    tracing::error!(
        "an extractor needs FiefAuth::layer() or a guard around its route: add `.layer(auth.layer())`"
    );
    Rejection::misconfigured(Some(RequestHead::of_parts(parts)))
}

/// Logs that the request was not authenticated, and returns the rejection of the extractor.
pub(super) fn outcome(parts: &Parts) -> Rejection {
    tracing::error!("the result of a request was read before it was authenticated");
    Rejection::misconfigured(Some(RequestHead::of_parts(parts)))
}
