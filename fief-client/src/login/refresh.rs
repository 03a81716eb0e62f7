use std::time::SystemTime;

use uuid::Uuid;

use crate::{
    Fief, FiefError, FiefTokenResponse, FiefUserInfo, PendingTokens,
    clock::unix_seconds,
    login::{expected::Expected, request::TokenRequestError},
    transport::Call,
};

/// Parameters of a refresh: what is requested and what the new tokens are checked against. See
/// [`Fief::auth_refresh_token`].
///
/// ```
/// use fief_client::{FiefAccessTokenInfo, RefreshParams};
///
/// /// The new tokens must be those of the same login.
/// fn params(token: &FiefAccessTokenInfo) -> RefreshParams {
///     let params = RefreshParams::new().user(token.id());
///     match token.auth_time() {
///         Some(auth_time) => params.auth_time(auth_time),
///         None => params,
///     }
/// }
/// ```
#[derive(Clone, Debug, Default)]
#[must_use = "parameters do nothing until a token is refreshed with them"]
pub struct RefreshParams {
    scopes: Vec<String>,
    user: Option<Uuid>,
    /// Seconds of Unix time.
    auth_time: Option<u64>,
}

impl RefreshParams {
    /// Requests the scopes that were granted before, and accepts any user.
    pub fn new() -> Self {
        Self::default()
    }

    /// Requests this scope. Repeated calls request all of them, and no others. Default: the scopes that were
    /// granted before.
    ///
    /// Without `offline_access` Fief issues no new refresh token, and the old one is used up.
    pub fn scope(mut self, scope: impl Into<String>) -> Self {
        self.scopes.push(scope.into());
        self
    }

    /// Expects the tokens of this user, whose session is refreshed. Default: any user.
    pub fn user(mut self, id: Uuid) -> Self {
        self.user = Some(id);
        self
    }

    /// Expects the tokens of the login at this time, if they contain one. Default: any login.
    ///
    /// It is the [`auth_time`](crate::FiefAccessTokenInfo::auth_time) of the tokens before.
    pub fn auth_time(mut self, auth_time: SystemTime) -> Self {
        self.auth_time = Some(unix_seconds(auth_time));
        self
    }
}

impl Fief {
    /// Exchanges a refresh token for new tokens and verifies them
    /// ([RFC 6749, section 6](https://www.rfc-editor.org/rfc/rfc6749#section-6)).
    ///
    /// A refresh token can be used once: store the new one before anything else, and let only one task at a
    /// time refresh a session. The request is sent once. The new access token has the user's current
    /// permissions, and ACR [`LevelZero`](crate::FiefAcr::LevelZero).
    ///
    /// If the future is dropped before it completes, the tokens may be lost: spawn it if its caller may be
    /// cancelled. [`verify`](Self::verify) has an example of what to do if Fief's keys cannot be fetched.
    ///
    /// ```no_run
    /// use fief_client::{Fief, FiefError, FiefTokenResponse, RefreshParams};
    ///
    /// async fn refreshed(
    ///     fief: &Fief,
    ///     tokens: &FiefTokenResponse,
    /// ) -> Result<Option<FiefTokenResponse>, FiefError> {
    ///     let Some(refresh_token) = tokens.refresh_token() else {
    ///         return Ok(None);
    ///     };
    ///     let params = RefreshParams::new();
    ///     let (tokens, _user) = fief.auth_refresh_token(refresh_token, &params).await?;
    ///     Ok(Some(tokens))
    /// }
    /// ```
    ///
    /// # Errors
    /// - [`FiefError::Request`]: Fief rejected the refresh token; the code is `invalid_grant` if it was used
    ///   before, has expired, was revoked or belongs to another client.
    /// - [`FiefError::IdTokenInvalid`], [`FiefError::AccessTokenInvalid`],
    ///   [`FiefError::AccessTokenExpired`]: the tokens are not those that were expected.
    /// - [`FiefError::UserInactive`]: the user's account is not active.
    /// - [`FiefError::TokensPending`]: Fief issued the tokens, but they cannot be verified yet. Keep them for
    ///   [`verify`](Self::verify); the refresh token is used up.
    /// - [`FiefError::Transport`]: Fief is unreachable or too slow.
    /// - [`FiefError::DiscoveryInvalid`], [`FiefError::ResponseInvalid`]: the discovery document or the response
    ///   cannot be used.
    ///
    /// After [`Transport`](FiefError::Transport) and [`ResponseInvalid`](FiefError::ResponseInvalid) the
    /// refresh token may be used up.
    pub async fn auth_refresh_token(
        &self,
        refresh_token: &str,
        params: &RefreshParams,
    ) -> Result<(FiefTokenResponse, FiefUserInfo), FiefError> {
        let pending = self.request_refreshed_tokens(refresh_token, params).await?;
        self.verify(&pending).await
    }

    /// Exchanges a refresh token for new tokens that are not verified: the first step of
    /// [`auth_refresh_token`](Self::auth_refresh_token). For fief-axum, which stores them first.
    #[doc(hidden)]
    pub async fn request_refreshed_tokens(
        &self,
        refresh_token: &str,
        params: &RefreshParams,
    ) -> Result<PendingTokens, TokenRequestError> {
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
        let expected = |received_at| Expected {
            nonce: None,
            code: None,
            acr: None,
            max_age: None,
            user: *user,
            auth_time: *auth_time,
            received_at,
        };
        self.token_request(Call::Refresh, form, expected).await
    }
}
