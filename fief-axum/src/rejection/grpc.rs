//! Responses to gRPC clients.

use axum::{
    http::{HeaderMap, HeaderName, HeaderValue, header},
    response::{IntoResponse, Response},
};

use crate::RejectionKind;

/// Returns a response that consists of trailers only
/// ([gRPC over HTTP2](https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-HTTP2.md#responses)).
pub(crate) fn response(kind: &RejectionKind, headers: &HeaderMap) -> Response {
    // Printable ASCII without `%`, which percent-encoding does not change.
    let message = HeaderValue::from_static(kind.description());
    let headers = [
        (header::CONTENT_TYPE, content_type(headers)),
        (GRPC_STATUS.clone(), HeaderValue::from(status(kind))),
        (GRPC_MESSAGE.clone(), message),
    ];
    headers.into_response()
}

/// Returns the [status code](https://grpc.io/docs/guides/status-codes/) of a
/// rejection.
fn status(kind: &RejectionKind) -> u16 {
    match kind {
        RejectionKind::AcrTooLow { .. }
        | RejectionKind::AuthTooOld { .. }
        | RejectionKind::Denied
        | RejectionKind::Expired
        | RejectionKind::Invalid
        | RejectionKind::MissingCredentials => UNAUTHENTICATED,
        RejectionKind::CrossSite
        | RejectionKind::Forbidden
        | RejectionKind::MissingPermission { .. }
        | RejectionKind::MissingScope { .. } => PERMISSION_DENIED,
        RejectionKind::Malformed => INVALID_ARGUMENT,
        RejectionKind::Misconfigured => INTERNAL,
        RejectionKind::Unavailable => UNAVAILABLE,
    }
}

/// Returns the content type of the response. gRPC-Web clients expect their own.
fn content_type(headers: &HeaderMap) -> HeaderValue {
    let requested = headers.get(header::CONTENT_TYPE);
    let requested = requested.map_or(&b""[..], HeaderValue::as_bytes);
    let is = |name: &str| {
        let start = requested.get(..name.len());
        start.is_some_and(|start| start.eq_ignore_ascii_case(name.as_bytes()))
    };
    let content_type = [WEB_TEXT, WEB].into_iter().find(|name| is(name));
    HeaderValue::from_static(content_type.unwrap_or("application/grpc"))
}

const INVALID_ARGUMENT: u16 = 3;
const PERMISSION_DENIED: u16 = 7;
const INTERNAL: u16 = 13;
const UNAVAILABLE: u16 = 14;
const UNAUTHENTICATED: u16 = 16;

const WEB: &str = "application/grpc-web";
const WEB_TEXT: &str = "application/grpc-web-text";

static GRPC_STATUS: HeaderName = HeaderName::from_static("grpc-status");
static GRPC_MESSAGE: HeaderName = HeaderName::from_static("grpc-message");
