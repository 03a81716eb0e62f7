use std::io::Write as _;

use axum::{
    body::{Body, to_bytes},
    http::{HeaderMap, HeaderValue, header},
    response::Response,
};
use flate2::{Compression, write::GzEncoder};

/// Compresses the body of a response if the client accepts gzip, and it is long enough.
///
/// As in Fief, weights such as `gzip;q=0` are ignored.
pub(crate) async fn compress(response: Response, accepts_gzip: bool) -> Response {
    if !accepts_gzip {
        return response;
    }
    let (mut parts, body) = response.into_parts();
    // This cannot fail, since normal responses are in memory.
    let body = to_bytes(body, usize::MAX).await.unwrap_or_default();
    if body.len() < MINIMUM {
        return Response::from_parts(parts, Body::from(body));
    }
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    // Nor can this.
    let _ = encoder.write_all(&body);
    let compressed = encoder.finish().unwrap_or_default();
    let headers = &mut parts.headers;
    headers.insert(header::CONTENT_ENCODING, HeaderValue::from_static("gzip"));
    headers.append(header::VARY, HeaderValue::from_static("Accept-Encoding"));
    Response::from_parts(parts, Body::from(compressed))
}

pub(crate) fn accepts_gzip(headers: &HeaderMap) -> bool {
    let accepted = headers.get(header::ACCEPT_ENCODING);
    accepted.is_some_and(|value| value.to_str().is_ok_and(|value| value.contains("gzip")))
}

/// In bytes.
const MINIMUM: usize = 500;
