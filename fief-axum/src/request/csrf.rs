use axum::http::{Method, header};

use super::head::{RequestHead, SEC_FETCH_SITE};

/// Returns whether a request that is authenticated by a cookie is same-origin, or safe
/// ([Fetch Metadata](https://www.w3.org/TR/fetch-metadata/#sec-fetch-site-header)).
///
/// GET, HEAD and OPTIONS are safe, except for upgrades such as WebSockets. Any other request needs a same-origin
/// `Sec-Fetch-Site`, or, without that header, an `Origin` that is the application's. Without both it is not same-origin.
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
