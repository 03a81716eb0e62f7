use axum::http::{Method, header};

use super::head::{RequestHead, SEC_FETCH_SITE};

/// Whether a request that only a cookie authenticates is this site's own, or changes nothing
/// ([Fetch Metadata](https://www.w3.org/TR/fetch-metadata/#sec-fetch-site-header)).
///
/// Without `Sec-Fetch-Site` the `Origin` has to be ours; without both it is refused.
pub(crate) fn is_same_origin(origin: Option<&str>, head: RequestHead<'_>) -> bool {
    let safe = matches!(*head.method, Method::GET | Method::HEAD | Method::OPTIONS);
    if safe && !head.headers.contains_key(header::UPGRADE) {
        return true;
    }
    match head.header(&SEC_FETCH_SITE) {
        Some(site) => site == "same-origin" || site == "none",
        None => origin.is_some() && head.header(&header::ORIGIN) == origin,
    }
}
