use axum::http::request::Parts;

use crate::{Rejection, RejectionKind, request::auth::RequestAuth};

/// Authenticates a request and returns whether it has no valid credential.
///
/// Optional extractors call it first: most such requests are anonymous, and a rejection copies the request's head.
pub(super) async fn is_unauthenticated(parts: &mut Parts) -> Result<bool, Rejection> {
    let outcome = RequestAuth::authenticate(parts).await?.outcome.as_ref();
    Ok(outcome.is_err_and(RejectionKind::is_unauthenticated))
}

/// What an optional extractor makes of a rejection: missing, invalid and expired credentials are `None`.
pub(super) fn optional<T>(extracted: Result<T, Rejection>) -> Result<Option<T>, Rejection> {
    match extracted {
        Ok(extracted) => Ok(Some(extracted)),
        Err(rejection) if rejection.kind().is_unauthenticated() => Ok(None),
        Err(rejection) => Err(rejection),
    }
}
