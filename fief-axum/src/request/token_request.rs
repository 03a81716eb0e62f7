use std::fmt;

use axum::http::{HeaderMap, Method, Request, Uri};
use secrecy::SecretString;

/// Head of a request, as the function of a [`token_source`](crate::FiefAuthBuilder::token_source) sees it.
#[derive(Clone, Copy)]
pub struct TokenRequest<'a> {
    pub(crate) method: &'a Method,
    pub(crate) uri: &'a Uri,
    pub(crate) headers: &'a HeaderMap,
}

impl<'a> TokenRequest<'a> {
    pub(crate) fn of<B>(request: &'a Request<B>) -> Self {
        Self {
            method: request.method(),
            uri: request.uri(),
            headers: request.headers(),
        }
    }

    /// Returns the method of the request.
    #[must_use]
    pub fn method(&self) -> &'a Method {
        self.method
    }

    /// Returns the URI of the request. Nested routers strip their prefix from its path.
    #[must_use]
    pub fn uri(&self) -> &'a Uri {
        self.uri
    }

    /// Returns the headers of the request. They contain its cookies: do not log them.
    #[must_use]
    pub fn headers(&self) -> &'a HeaderMap {
        self.headers
    }
}

impl fmt::Debug for TokenRequest<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TokenRequest")
            .field("method", self.method)
            .finish_non_exhaustive()
    }
}

/// What the function of a [`token_source`](crate::FiefAuthBuilder::token_source) found in a request: an access token, and
/// whether browsers send it automatically.
#[derive(Clone)]
pub struct FoundToken(pub(super) Found);

#[derive(Clone)]
pub(super) enum Found {
    ByBrowser(SecretString),
    Explicit(SecretString),
    Malformed,
}

impl FoundToken {
    /// Returns a token that browsers may send automatically, as a cookie or the path of a link.
    ///
    /// It counts like the [`access_token_cookie`](crate::FiefAuthBuilder::access_token_cookie): the request is protected
    /// against CSRF, and a bearer token, an [`explicit`](Self::explicit) token and the session take precedence. An empty one
    /// is none.
    pub fn new(token: impl Into<SecretString>) -> Self {
        Self(Found::ByBrowser(token.into()))
    }

    /// Returns a token that only a program or a script adds to a request, as a header of its own.
    ///
    /// It counts like a bearer token: it takes precedence over cookies, and the request is not protected against CSRF. A
    /// request with two such tokens, or with an empty one, is rejected with 400.
    ///
    /// # Danger
    ///
    /// If browsers send the token automatically after all, other sites can act on behalf of users.
    pub fn explicit(token: impl Into<SecretString>) -> Self {
        Self(Found::Explicit(token.into()))
    }

    /// Returns that there is something other than one token. The request is rejected with 400.
    #[must_use]
    pub fn malformed() -> Self {
        Self(Found::Malformed)
    }
}

impl fmt::Debug for FoundToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.0 {
            Found::ByBrowser(_) => "FoundToken::ByBrowser",
            Found::Explicit(_) => "FoundToken::Explicit",
            Found::Malformed => "FoundToken::Malformed",
        })
    }
}
