use std::{fmt, time::Duration};

use secrecy::{ExposeSecret, SecretString};

use crate::{
    Fief, FiefAcr, FiefError, FiefTokenResponse, FiefUserInfo, PendingTokens,
    login::{expected::Expected, request::TokenRequestError},
    transport::Call,
};

/// Parameters of a code exchange: what is sent and what the tokens are checked against. See
/// [`Fief::auth_callback`].
///
/// Set what the login URL was made with, all of it.
///
/// ```
/// use fief_client::{AuthCallbackParams, FiefAcr};
///
/// let params = AuthCallbackParams::new()
///     .code_verifier("VERIFIER")
///     .nonce("NONCE")
///     .acr(FiefAcr::LevelOne);
/// # let _ = params;
/// ```
#[derive(Clone, Default)]
#[must_use = "parameters do nothing until a code is exchanged with them"]
pub struct AuthCallbackParams {
    pub(super) code_verifier: Option<SecretString>,
    pub(super) nonce: Option<SecretString>,
    pub(super) acr: Option<FiefAcr>,
    pub(super) max_age: Option<Duration>,
}

impl AuthCallbackParams {
    /// Returns parameters without a verifier, which expect an ID token without a nonce.
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets the verifier of the [challenge](crate::AuthorizationRequest::code_challenge) in the login URL
    /// ([RFC 7636, section 4.5](https://www.rfc-editor.org/rfc/rfc7636#section-4.5)). Default: no verifier.
    pub fn code_verifier(mut self, code_verifier: impl Into<SecretString>) -> Self {
        self.code_verifier = Some(code_verifier.into());
        self
    }

    /// Expects the nonce of the login URL in the ID token. Default: the ID token must have no nonce.
    pub fn nonce(mut self, nonce: impl Into<SecretString>) -> Self {
        self.nonce = Some(nonce.into());
        self
    }

    /// Expects at least this level of authentication. Default: any level.
    pub fn acr(mut self, acr: FiefAcr) -> Self {
        self.acr = Some(acr);
        self
    }

    /// Expects that the user logged in no longer ago than this, in whole seconds. Default: any age.
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
    /// Exchanges the code of a callback for tokens and verifies them
    /// ([RFC 6749, section 4.1.3](https://www.rfc-editor.org/rfc/rfc6749#section-4.1.3),
    /// [OpenID Connect Core, section 3.1.3.7](https://openid.net/specs/openid-connect-core-1_0.html#IDTokenValidation)).
    ///
    /// `redirect_uri` is that of the login URL. The request is sent once, since a code can be used only once.
    /// The callback's `state` is not checked here: [`finish_login`](Self::finish_login) does that and calls
    /// this.
    ///
    /// If the future is dropped before it completes, the tokens may be lost: spawn it if its caller may be
    /// cancelled.
    ///
    /// ```no_run
    /// # async fn example(fief: fief_client::Fief, code: &str) -> Result<(), fief_client::FiefError> {
    /// use fief_client::AuthCallbackParams;
    ///
    /// let params = AuthCallbackParams::new().code_verifier("VERIFIER").nonce("NONCE");
    /// let callback = "https://app.example.com/callback";
    /// let (tokens, user) = fief.auth_callback(code, callback, &params).await?;
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    /// - [`FiefError::Request`]: Fief rejected the code; its code is `invalid_grant` if the code was used
    ///   before, has expired or belongs to another login.
    /// - [`FiefError::IdTokenInvalid`], [`FiefError::AccessTokenInvalid`],
    ///   [`FiefError::AccessTokenExpired`]: the tokens are not those of this login.
    /// - [`FiefError::UserInactive`]: the user's account is not active.
    /// - [`FiefError::TokensPending`]: Fief issued the tokens, but they cannot be verified yet. Keep them for
    ///   [`verify`](Self::verify); the code is used up.
    /// - [`FiefError::Transport`]: Fief is unreachable or too slow.
    /// - [`FiefError::DiscoveryInvalid`], [`FiefError::ResponseInvalid`]: the discovery document or the response
    ///   cannot be used.
    pub async fn auth_callback(
        &self,
        code: &str,
        redirect_uri: &str,
        params: &AuthCallbackParams,
    ) -> Result<(FiefTokenResponse, FiefUserInfo), FiefError> {
        let pending = self.request_code_tokens(code, redirect_uri, params).await?;
        self.verify(&pending).await
    }

    /// Exchanges the code of a callback for tokens that are not verified.
    pub(super) async fn request_code_tokens(
        &self,
        code: &str,
        redirect_uri: &str,
        params: &AuthCallbackParams,
    ) -> Result<PendingTokens, TokenRequestError> {
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
        let expected = |received_at| Expected {
            nonce: nonce.clone(),
            code: Some(code.into()),
            acr: *acr,
            max_age: *max_age,
            user: None,
            auth_time: None,
            received_at,
        };
        self.token_request(Call::Exchange, form, expected).await
    }
}
