use std::{fmt, time::Duration};

use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};

use crate::{
    Fief, FiefError, FiefUserInfo, Requirements,
    login::id_token::Expected,
    secret::{expose, expose_some},
};

/// The tokens of a login or a refresh
/// ([RFC 6749, section 5.1](https://www.rfc-editor.org/rfc/rfc6749#section-5.1)).
///
/// It serialises in full, since it is what one stores: keep it where nobody else reads it. `Debug` shows no token.
#[derive(Clone, Deserialize, Serialize)]
pub struct FiefTokenResponse {
    #[serde(serialize_with = "expose")]
    access_token: SecretString,
    #[serde(serialize_with = "expose")]
    id_token: SecretString,
    token_type: String,
    #[serde(default)]
    expires_in: Option<u64>,
    #[serde(default, serialize_with = "expose_some")]
    refresh_token: Option<SecretString>,
}

impl FiefTokenResponse {
    /// Returns the access token.
    #[must_use]
    pub fn access_token(&self) -> &str {
        self.access_token.expose_secret()
    }

    /// Returns the ID token, as it came: encrypted where that is set up.
    #[must_use]
    pub fn id_token(&self) -> &str {
        self.id_token.expose_secret()
    }

    /// Returns the kind of token: `bearer`.
    #[must_use]
    pub fn token_type(&self) -> &str {
        &self.token_type
    }

    /// Returns for how long the access token is good, in seconds, where Fief says so.
    #[must_use]
    pub fn expires_in(&self) -> Option<Duration> {
        self.expires_in.map(Duration::from_secs)
    }

    /// Returns the refresh token, where the scope `offline_access` was granted. It can be used once.
    #[must_use]
    pub fn refresh_token(&self) -> Option<&str> {
        self.refresh_token.as_ref().map(ExposeSecret::expose_secret)
    }

    fn check(self) -> Result<Self, FiefError> {
        if !self.token_type.eq_ignore_ascii_case("bearer") {
            return Err(FiefError::ResponseInvalid("the token's type is not bearer"));
        }
        let plain = is_visible_ascii(self.access_token())
            && is_visible_ascii(self.id_token())
            && self.refresh_token().is_none_or(is_visible_ascii);
        if !plain {
            return Err(FiefError::ResponseInvalid(
                "a token has characters that tokens do not have",
            ));
        }
        Ok(self)
    }
}

fn is_visible_ascii(token: &str) -> bool {
    !token.is_empty() && token.bytes().all(|byte| byte.is_ascii_graphic())
}

impl Fief {
    /// Asks the token endpoint, once.
    ///
    /// The keys come first: without them the answer could not be verified, and what it costs, a code or a refresh
    /// token, would be gone.
    pub(crate) async fn token_request(
        &self,
        form: Vec<(&str, &str)>,
    ) -> Result<FiefTokenResponse, FiefError> {
        self.inner.keys().await?;
        let metadata = self.inner.metadata().await?;
        let (provider, credentials) = (self.provider(), &self.inner.credentials);
        let url = provider.base.resolve(&metadata.token);
        let http = &provider.http;
        let tokens: FiefTokenResponse = http.post_form(url, form, credentials).await?;
        tokens.check()
    }

    /// Verifies both tokens, and that they are of one active user.
    pub(crate) async fn verify_tokens(
        &self,
        tokens: FiefTokenResponse,
        expected: &Expected<'_>,
    ) -> Result<(FiefTokenResponse, FiefUserInfo), FiefError> {
        let user = self
            .verify_id_token(tokens.id_token(), tokens.access_token(), expected)
            .await?;
        let info = self
            .validate_access_token(tokens.access_token(), &Requirements::new())
            .await?;
        if info.id() != user.sub {
            return Err(FiefError::IdTokenInvalid(
                "it is another user's than the access token",
            ));
        }
        if user.is_active == Some(false) {
            return Err(FiefError::UserInactive);
        }
        Ok((tokens, user))
    }
}

impl fmt::Debug for FiefTokenResponse {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FiefTokenResponse")
            .field("token_type", &self.token_type)
            .field("expires_in", &self.expires_in)
            .finish_non_exhaustive()
    }
}
