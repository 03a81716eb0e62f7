use std::fmt;

use axum::http::{HeaderMap, Method, Uri};
use fief_client::{FiefAccessTokenInfo, FiefTokenResponse, FiefUserInfo};

use crate::request::owned::OwnedHead;

/// Login whose tokens were verified, and that has no session yet: the argument of
/// [`on_login`](crate::FiefAuthBuilder::on_login).
pub struct Login {
    pub(super) user: FiefUserInfo,
    pub(super) tokens: FiefTokenResponse,
    pub(super) token: FiefAccessTokenInfo,
    pub(super) request: OwnedHead,
    pub(super) return_to: String,
    pub(super) is_silent: bool,
}

impl Login {
    /// Returns the user, from the ID token.
    ///
    /// E-mail addresses can change, and users can enter addresses that are not
    /// theirs: check [`email_verified`](FiefUserInfo::email_verified) before an
    /// address decides, and use [`sub`](FiefUserInfo::sub) as the key in databases.
    #[must_use]
    pub fn user(&self) -> &FiefUserInfo {
        &self.user
    }

    /// Returns the validated access token: permissions, scope and ACR.
    #[must_use]
    pub fn token(&self) -> &FiefAccessTokenInfo {
        &self.token
    }

    /// Returns the tokens, for requests to other APIs. The refresh token is the
    /// session's: do not use it, since Fief accepts it once.
    #[must_use]
    pub fn tokens(&self) -> &FiefTokenResponse {
        &self.tokens
    }

    /// Returns the page that the login was started for: a path on this site with
    /// its query, or a URL of a
    /// [`return_origin`](crate::FiefAuthBuilder::return_origin).
    #[must_use]
    pub fn return_to(&self) -> &str {
        &self.return_to
    }

    /// Returns whether the login was started with `prompt=none`, so that no page
    /// is to be shown: if it is rejected, the browser goes back to its page.
    #[must_use]
    pub fn is_silent(&self) -> bool {
        self.is_silent
    }

    /// Returns the method of the request of the callback.
    #[must_use]
    pub fn method(&self) -> &Method {
        &self.request.method
    }

    /// Returns the URI of the request of the callback. Its query has the code: do
    /// not log it.
    #[must_use]
    pub fn uri(&self) -> &Uri {
        &self.request.uri
    }

    /// Returns the headers of the request of the callback. They contain its
    /// cookies: do not log them.
    #[must_use]
    pub fn headers(&self) -> &HeaderMap {
        &self.request.headers
    }

    /// Returns the languages that the user prefers, such as `fr-CH`, in order of
    /// preference. See [`Rejection::languages`](crate::Rejection::languages).
    #[must_use]
    pub fn languages(&self) -> Vec<&str> {
        self.request.languages()
    }
}

impl fmt::Debug for Login {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Login")
            .field("token", &self.token)
            .field("is_silent", &self.is_silent)
            .finish_non_exhaustive()
    }
}
