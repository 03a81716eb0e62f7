use std::time::{SystemTime, UNIX_EPOCH};

use uuid::Uuid;

use crate::{Fief, FiefError, FiefTokenResponse, FiefUserInfo, login::id_token::Expected};

/// What a refresh asks for and is checked against. See [`Fief::auth_refresh_token`].
#[derive(Clone, Debug, Default)]
#[must_use]
pub struct RefreshParams {
    scopes: Vec<String>,
    user: Option<Uuid>,
    /// Seconds of Unix time.
    auth_time: Option<u64>,
}

impl RefreshParams {
    /// Asks for the scopes that were granted before, and expects any user.
    pub fn new() -> Self {
        Self::default()
    }

    /// Asks for these scopes only. Without `offline_access` no new refresh token comes, and the old one is gone.
    pub fn scope(mut self, scope: impl Into<String>) -> Self {
        self.scopes.push(scope.into());
        self
    }

    /// Expects the tokens of this user, the one who logged in.
    pub fn user(mut self, id: Uuid) -> Self {
        self.user = Some(id);
        self
    }

    /// Expects tokens of the login of this time
    /// ([`FiefAccessTokenInfo::auth_time`](crate::FiefAccessTokenInfo::auth_time)), where they tell one.
    pub fn auth_time(mut self, auth_time: SystemTime) -> Self {
        self.auth_time = Some(
            auth_time
                .duration_since(UNIX_EPOCH)
                .map_or(0, |since| since.as_secs()),
        );
        self
    }
}

impl Fief {
    /// Trades a refresh token for new tokens
    /// ([RFC 6749, section 6](https://www.rfc-editor.org/rfc/rfc6749#section-6)).
    ///
    /// Fief forgets the old refresh token at once: store the new one before anything else. The new access token has
    /// ACR `"0"`. Never sent twice.
    ///
    /// # Errors
    /// As [`auth_callback`](Self::auth_callback).
    pub async fn auth_refresh_token(
        &self,
        refresh_token: &str,
        params: &RefreshParams,
    ) -> Result<(FiefTokenResponse, FiefUserInfo), FiefError> {
        let RefreshParams {
            scopes,
            user,
            auth_time,
        } = params;
        let scope = (!scopes.is_empty()).then(|| scopes.join(" "));
        let mut form = vec![
            ("grant_type", "refresh_token"),
            ("refresh_token", refresh_token),
        ];
        form.extend(scope.as_deref().map(|scope| ("scope", scope)));
        let tokens = self.token_request(form).await?;
        let expected = Expected {
            nonce: None,
            code: None,
            acr: None,
            max_age: None,
            user: *user,
            auth_time: *auth_time,
        };
        self.verify_tokens(tokens, &expected).await
    }
}
