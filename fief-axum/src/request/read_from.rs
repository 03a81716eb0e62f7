use axum::http::{HeaderMap, HeaderValue, header};

use super::{authentication::Credential, bearer::Bearer, token_source::TokenResult};
use crate::shared::Shared;

/// What the outcome of authenticating a request was read from.
#[derive(Clone)]
pub(super) enum ReadFrom {
    /// The bearer token that is valid.
    Bearer,
    /// The cookies of the session that was opened before, without a bearer token.
    Opened,
    /// These values of `Authorization` and `Cookie`.
    Headers(Box<[HeaderValue]>),
    /// These values, and what the sources of the application found.
    Sources(Box<[HeaderValue]>, Box<TokenResult>),
}

impl ReadFrom {
    pub(super) fn headers(headers: &HeaderMap) -> Self {
        Self::Headers(credentials(headers).cloned().collect())
    }

    pub(super) fn sources(headers: &HeaderMap, found: TokenResult) -> Self {
        Self::Sources(credentials(headers).cloned().collect(), Box::new(found))
    }

    /// Returns whether headers are those that the outcome was read from. `credential` is the valid one, and `found` what
    /// the sources of the application find now, if there are any.
    pub(super) fn is(
        &self,
        auth: &Shared,
        credential: Option<&Credential>,
        headers: &HeaderMap,
        found: Option<&TokenResult>,
    ) -> bool {
        match self {
            Self::Bearer => credential.is_some_and(|credential| {
                let token = credential.token().access_token();
                Bearer::from_headers(headers) == Bearer::Token(token.as_bytes())
            }),
            Self::Opened => match (credential, auth.sessions()) {
                (Some(Credential::OpenedSession(opened)), Some(sessions)) => {
                    Bearer::from_headers(headers) == Bearer::Absent
                        && opened.is_of(&sessions.cookies, headers)
                }
                _ => false,
            },
            Self::Headers(values) => values.iter().eq(credentials(headers)),
            Self::Sources(values, was) => {
                found == Some(was) && values.iter().eq(credentials(headers))
            }
        }
    }
}

/// Returns all values of the headers that may authenticate a request.
fn credentials(headers: &HeaderMap) -> impl Iterator<Item = &HeaderValue> {
    let cookies = headers.get_all(header::COOKIE);
    headers.get_all(header::AUTHORIZATION).iter().chain(cookies)
}
