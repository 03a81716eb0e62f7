use std::{fmt, time::Duration};

use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};

use crate::secret::{expose, expose_some};

/// Tokens of a login or a refresh
/// ([RFC 6749, section 5.1](https://www.rfc-editor.org/rfc/rfc6749#section-5.1)).
///
/// It serializes in full, so that it can be stored: keep it secret. `Debug` shows no token.
///
/// ```
/// use fief_client::FiefTokenResponse;
///
/// let stored = r#"{
///     "access_token": "A",
///     "id_token": "I",
///     "token_type": "bearer",
///     "expires_in": 86400
/// }"#;
/// let tokens: FiefTokenResponse = serde_json::from_str(stored)?;
/// assert_eq!(tokens.access_token(), "A");
/// assert_eq!(tokens.refresh_token(), None);
/// # Ok::<(), serde_json::Error>(())
/// ```
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

    /// Returns the ID token as Fief sent it: encrypted, if the client is set up for that.
    #[must_use]
    pub fn id_token(&self) -> &str {
        self.id_token.expose_secret()
    }

    /// Returns the type of the access token: `bearer`, in upper or lower case.
    #[must_use]
    pub fn token_type(&self) -> &str {
        &self.token_type
    }

    /// Returns for how long the access token was valid when it was issued, or `None` if Fief did not say.
    ///
    /// [`FiefAccessTokenInfo::expires_at`](crate::FiefAccessTokenInfo::expires_at) is the time at which it expires.
    #[must_use]
    pub fn expires_in(&self) -> Option<Duration> {
        self.expires_in.map(Duration::from_secs)
    }

    /// Returns the refresh token, or `None` if the scope `offline_access` was not granted. It can be used once.
    #[must_use]
    pub fn refresh_token(&self) -> Option<&str> {
        self.refresh_token.as_ref().map(ExposeSecret::expose_secret)
    }

    /// Returns the tokens without the refresh token, which is used up.
    #[cfg(feature = "cli")]
    pub(crate) fn without_refresh_token(self) -> Self {
        Self {
            refresh_token: None,
            ..self
        }
    }

    /// Checks what later requests and headers rely on. The error says what is wrong.
    pub(super) fn check(self) -> Result<Self, &'static str> {
        if !self.token_type.eq_ignore_ascii_case("bearer") {
            return Err("the token's type is not bearer");
        }
        let plain = is_visible_ascii(self.access_token())
            && is_visible_ascii(self.id_token())
            && self.refresh_token().is_none_or(is_visible_ascii);
        if !plain {
            return Err("a token is empty or not printable ASCII");
        }
        Ok(self)
    }
}

fn is_visible_ascii(token: &str) -> bool {
    !token.is_empty() && token.bytes().all(|byte| byte.is_ascii_graphic())
}

impl fmt::Debug for FiefTokenResponse {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FiefTokenResponse")
            .field("token_type", &self.token_type)
            .field("expires_in", &self.expires_in)
            .finish_non_exhaustive()
    }
}
