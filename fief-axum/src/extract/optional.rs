use crate::Rejection;

/// What an optional extractor makes of a rejection: missing, invalid and expired credentials are `None`.
pub(super) fn optional<T>(extracted: Result<T, Rejection>) -> Result<Option<T>, Rejection> {
    match extracted {
        Ok(extracted) => Ok(Some(extracted)),
        Err(rejection) if rejection.kind().is_unauthenticated() => Ok(None),
        Err(rejection) => Err(rejection),
    }
}
