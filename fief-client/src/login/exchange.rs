use std::{fmt, time::Duration};

use secrecy::{ExposeSecret, SecretString};

use crate::{Fief, FiefAcr, FiefError, FiefTokenResponse, FiefUserInfo, login::id_token::Expected};

/// What a code exchange is checked against. See [`Fief::auth_callback`].
#[derive(Clone, Default)]
#[must_use]
pub struct AuthCallbackParams {
    pub(super) code_verifier: Option<SecretString>,
    pub(super) nonce: Option<SecretString>,
    pub(super) acr: Option<FiefAcr>,
    pub(super) max_age: Option<Duration>,
}

impl AuthCallbackParams {
    /// Sends no verifier and expects no nonce.
    pub fn new() -> Self {
        Self::default()
    }

    /// Sends the verifier whose challenge the login URL carried.
    pub fn code_verifier(mut self, code_verifier: impl Into<SecretString>) -> Self {
        self.code_verifier = Some(code_verifier.into());
        self
    }

    /// Expects the nonce that the login URL carried.
    pub fn nonce(mut self, nonce: impl Into<SecretString>) -> Self {
        self.nonce = Some(nonce.into());
        self
    }

    /// Expects at least the ACR that the login URL asked for.
    pub fn acr(mut self, acr: FiefAcr) -> Self {
        self.acr = Some(acr);
        self
    }

    /// Expects a login no longer ago than the login URL asked for.
    pub fn max_age(mut self, max_age: Duration) -> Self {
        self.max_age = Some(max_age);
        self
    }
}

impl fmt::Debug for AuthCallbackParams {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AuthCallbackParams")
            .field("acr", &self.acr)
            .field("max_age", &self.max_age)
            .finish_non_exhaustive()
    }
}

impl Fief {
    /// Exchanges the code of a callback for tokens and verifies the ID token
    /// ([RFC 6749, section 4.1.3](https://www.rfc-editor.org/rfc/rfc6749#section-4.1.3),
    /// [OpenID Connect Core, section 3.1.3.7](https://openid.net/specs/openid-connect-core-1_0.html#IDTokenValidation)).
    ///
    /// `redirect_uri` is the one that the login began with. Never sent twice, since a code is good for one use.
    /// [`begin_login`](Self::begin_login) and [`finish_login`](Self::finish_login) do this and what belongs around it.
    ///
    /// # Errors
    /// - [`FiefError::Request`]: Fief refused; its code is `invalid_grant` when the code is used, over or another's.
    /// - [`FiefError::IdTokenInvalid`], [`FiefError::AccessTokenInvalid`]: not the tokens of this login.
    /// - [`FiefError::UserInactive`]: the account is not active.
    /// - [`FiefError::Transport`], [`FiefError::ResponseInvalid`]: no usable answer.
    pub async fn auth_callback(
        &self,
        code: &str,
        redirect_uri: &str,
        params: &AuthCallbackParams,
    ) -> Result<(FiefTokenResponse, FiefUserInfo), FiefError> {
        let AuthCallbackParams {
            code_verifier,
            nonce,
            acr,
            max_age,
        } = params;
        let mut form = vec![
            ("grant_type", "authorization_code"),
            ("code", code),
            ("redirect_uri", redirect_uri),
        ];
        form.extend(
            code_verifier
                .as_ref()
                .map(|verifier| ("code_verifier", verifier.expose_secret())),
        );
        let tokens = self.token_request(form).await?;
        let expected = Expected {
            nonce: nonce.as_ref().map(ExposeSecret::expose_secret),
            code: Some(code),
            acr: *acr,
            max_age: *max_age,
            user: None,
            auth_time: None,
        };
        self.verify_tokens(tokens, &expected).await
    }
}
