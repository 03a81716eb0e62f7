use axum::{
    http::StatusCode,
    response::{IntoResponse, Response},
};
use serde_json::json;

use crate::http::response::{detail, internal_error, json_response, set_header};

/// Error of the token endpoint.
#[derive(Debug)]
pub(crate) enum TokenError {
    /// 401: the `Authorization: Basic` header is malformed.
    Basic,
    /// 400 with an error code, which Fief sends without a description
    /// ([RFC 6749, section 5.2](https://www.rfc-editor.org/rfc/rfc6749#section-5.2)).
    Code(&'static str),
    /// 500: the tokens cannot be issued, for example without a key.
    Internal,
}

impl IntoResponse for TokenError {
    fn into_response(self) -> Response {
        match self {
            Self::Basic => {
                let text = "Invalid authentication credentials";
                let mut response = detail(StatusCode::UNAUTHORIZED, text);
                set_header(&mut response, "www-authenticate", "Basic");
                response
            }
            Self::Code(error) => json_response(StatusCode::BAD_REQUEST, &json!({ "error": error })),
            Self::Internal => internal_error(),
        }
    }
}
