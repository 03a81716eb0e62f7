use axum::http::request::Parts;

use super::head::RequestHead;
use crate::{Rejection, log::limited};

/// Logs that a layer or guard is missing, and returns the rejection of the extractor.
pub(super) fn layer(parts: &Parts) -> Rejection {
    limited!(
        error,
        process,
        "an extractor needs FiefAuth::layer() or a guard around its route: add `.layer(auth.layer())`"
    );
    Rejection::misconfigured(Some(RequestHead::of_parts(parts)))
}

/// Logs that the request was not authenticated, and returns the rejection of the extractor.
pub(super) fn outcome(parts: &Parts) -> Rejection {
    limited!(
        error,
        process,
        "the result of a request was read before it was authenticated"
    );
    Rejection::misconfigured(Some(RequestHead::of_parts(parts)))
}
