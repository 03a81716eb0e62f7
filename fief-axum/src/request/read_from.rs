use axum::http::{HeaderMap, HeaderValue, header};
use fief_client::FiefAccessTokenInfo;

use super::bearer::Bearer;

/// What the outcome of authenticating a request was read from.
#[derive(Clone)]
pub(super) enum ReadFrom {
    /// The bearer token that is valid.
    Bearer,
    /// These values of `Authorization` and `Cookie`.
    Headers(Box<[HeaderValue]>),
}

impl ReadFrom {
    pub(super) fn headers(headers: &HeaderMap) -> Self {
        Self::Headers(credentials(headers).cloned().collect())
    }

    /// Returns whether headers are those that the outcome was read from. `token` is its valid token.
    pub(super) fn is(&self, token: Option<&FiefAccessTokenInfo>, headers: &HeaderMap) -> bool {
        match self {
            Self::Bearer => token.is_some_and(|token| {
                Bearer::from_headers(headers) == Bearer::Token(token.access_token().as_bytes())
            }),
            Self::Headers(values) => values.iter().eq(credentials(headers)),
        }
    }
}

/// Returns all values of the headers that may authenticate a request.
fn credentials(headers: &HeaderMap) -> impl Iterator<Item = &HeaderValue> {
    let cookies = headers.get_all(header::COOKIE);
    headers.get_all(header::AUTHORIZATION).iter().chain(cookies)
}
