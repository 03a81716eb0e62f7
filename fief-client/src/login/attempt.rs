use std::{fmt, time::Duration};

use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};
use url::Url;

use crate::{
    AuthCallbackParams, AuthorizationRequest, AuthorizationResponse, Fief, FiefAcr, FiefError,
    FiefTokenResponse, FiefUserInfo, PendingTokens, crypto,
    login::{random, request::TokenRequestError},
    pkce::{CodeChallengeMethod, get_code_challenge},
    secret::expose,
};

/// State of a login that has begun, to check its callback against.
///
/// It serializes in full, secrets included. Keep it for ten minutes at most, in an encrypted cookie or on
/// the server, bound to the browser that began the login, and use it once. `Debug` shows no secret.
///
/// ```no_run
/// use fief_client::{AuthorizationRequest, Fief, LoginAttempt};
///
/// # async fn example(fief: Fief) -> Result<(), Box<dyn std::error::Error>> {
/// let callback = "https://app.example.com/callback";
/// let (url, attempt) = fief.begin_login(callback, AuthorizationRequest::new()).await?;
/// let stored = serde_json::to_string(&attempt)?;
/// // When the browser comes back:
/// let attempt: LoginAttempt = serde_json::from_str(&stored)?;
/// # Ok(()) }
/// ```
#[derive(Clone, Deserialize, Serialize)]
pub struct LoginAttempt {
    #[serde(serialize_with = "expose")]
    state: SecretString,
    #[serde(serialize_with = "expose")]
    nonce: SecretString,
    #[serde(serialize_with = "expose")]
    code_verifier: SecretString,
    redirect_uri: String,
    client_id: String,
    acr: Option<FiefAcr>,
    max_age: Option<Duration>,
}

impl LoginAttempt {
    /// Returns the `state` that the callback must carry. With several logins at once it finds the right attempt.
    #[must_use]
    pub fn state(&self) -> &str {
        self.state.expose_secret()
    }
}

impl fmt::Debug for LoginAttempt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LoginAttempt")
            .field("redirect_uri", &self.redirect_uri)
            .field("client_id", &self.client_id)
            .finish_non_exhaustive()
    }
}

impl Fief {
    /// Begins a login: returns the URL to send the browser to, and the attempt to keep for
    /// [`finish_login`](Self::finish_login).
    ///
    /// `redirect_uri` is the callback, as registered with Fief. State, nonce and PKCE verifier are generated,
    /// of 256 random bits each, and protect the login from forged callbacks and stolen codes
    /// ([RFC 9700, section 2.1](https://www.rfc-editor.org/rfc/rfc9700#section-2.1)). They replace
    /// [`state`](AuthorizationRequest::state), [`nonce`](AuthorizationRequest::nonce) and
    /// [`code_challenge`](AuthorizationRequest::code_challenge) of `request`.
    ///
    /// ```no_run
    /// use fief_client::{
    ///     AuthorizationRequest,
    ///     AuthorizationResponse,
    ///     Fief,
    ///     FiefError,
    ///     LoginAttempt,
    /// };
    ///
    /// const CALLBACK: &str = "https://app.example.com/callback";
    ///
    /// /// The login page: redirects to the URL, and keeps the attempt.
    /// async fn login(fief: &Fief) -> Result<(String, LoginAttempt), FiefError> {
    ///     let request = AuthorizationRequest::new().scope("offline_access");
    ///     let (url, attempt) = fief.begin_login(CALLBACK, request).await?;
    ///     Ok((url.into(), attempt))
    /// }
    ///
    /// /// The callback: returns the user's e-mail address.
    /// async fn callback(
    ///     fief: &Fief,
    ///     attempt: LoginAttempt,
    ///     query: &str,
    /// ) -> Result<Option<String>, FiefError> {
    ///     let response = AuthorizationResponse::parse(query)?;
    ///     let (_tokens, user) = fief.finish_login(&attempt, &response).await?;
    ///     Ok(user.email)
    /// }
    /// ```
    ///
    /// # Errors
    /// - [`FiefError::Configuration`]: `redirect_uri` is not an absolute URI without a fragment, an extra
    ///   parameter is reserved or repeated, or the operating system provides no random numbers.
    /// - [`FiefError::Transport`], [`FiefError::Request`], [`FiefError::DiscoveryInvalid`],
    ///   [`FiefError::ResponseInvalid`]: the discovery document is not cached and could not be fetched.
    pub async fn begin_login(
        &self,
        redirect_uri: &str,
        request: AuthorizationRequest,
    ) -> Result<(Url, LoginAttempt), FiefError> {
        // The attempt keeps what the tokens are checked against.
        let AuthorizationRequest {
            acr,
            max_age,
            state: _,
            scopes: _,
            nonce: _,
            code_challenge: _,
            prompt: _,
            screen: _,
            lang: _,
            login_hint: _,
            extras: _,
        } = &request;
        let attempt = LoginAttempt {
            state: random::<32>()?.into(),
            nonce: random::<32>()?.into(),
            code_verifier: random::<32>()?.into(),
            redirect_uri: redirect_uri.to_owned(),
            client_id: self.client_id().to_owned(),
            acr: *acr,
            max_age: *max_age,
        };
        let method = CodeChallengeMethod::S256;
        let challenge = get_code_challenge(attempt.code_verifier.expose_secret(), method);
        let request = request
            .state(attempt.state())
            .nonce(attempt.nonce.expose_secret())
            .code_challenge(challenge, method);
        Ok((self.auth_url(redirect_uri, &request).await?, attempt))
    }

    /// Finishes a login: checks that the callback belongs to this attempt, exchanges its code for tokens and
    /// verifies them. See [`begin_login`](Self::begin_login) for an example.
    ///
    /// An attempt can be used once: delete it before calling this. If the future is dropped before it completes,
    /// the tokens may be lost: spawn it if its caller may be cancelled.
    ///
    /// # Errors
    /// - [`FiefError::CallbackInvalid`]: the callback belongs to another login, client or issuer. Nothing was
    ///   sent.
    /// - [`FiefError::Authorization`]: Fief rejected the login, for example because the user did not consent.
    ///   Nothing was sent.
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
    pub async fn finish_login(
        &self,
        attempt: &LoginAttempt,
        response: &AuthorizationResponse,
    ) -> Result<(FiefTokenResponse, FiefUserInfo), FiefError> {
        let pending = self.request_login_tokens(attempt, response).await?;
        self.verify(&pending).await
    }

    /// Checks that a callback belongs to an attempt, and exchanges its code for tokens that are not verified:
    /// the first step of [`finish_login`](Self::finish_login). For fief-axum, which stores them first.
    #[doc(hidden)]
    pub async fn request_login_tokens(
        &self,
        attempt: &LoginAttempt,
        response: &AuthorizationResponse,
    ) -> Result<PendingTokens, TokenRequestError> {
        let code = self
            .check_callback(attempt, response)
            .await
            .map_err(TokenRequestError::NotSent)?;
        let LoginAttempt {
            nonce,
            code_verifier,
            redirect_uri,
            acr,
            max_age,
            state: _,
            client_id: _,
        } = attempt;
        let params = AuthCallbackParams {
            code_verifier: Some(code_verifier.clone()),
            nonce: Some(nonce.clone()),
            acr: *acr,
            max_age: *max_age,
        };
        self.request_code_tokens(code.expose_secret(), redirect_uri, &params)
            .await
    }

    /// Checks that a callback belongs to an attempt, and returns its code.
    async fn check_callback(
        &self,
        attempt: &LoginAttempt,
        response: &AuthorizationResponse,
    ) -> Result<SecretString, FiefError> {
        let LoginAttempt {
            state,
            client_id,
            nonce: _,
            code_verifier: _,
            redirect_uri: _,
            acr: _,
            max_age: _,
        } = attempt;
        if !crypto::equal(state.expose_secret(), &response.state) {
            return Err(FiefError::CallbackInvalid(
                "its state is that of another login",
            ));
        }
        if client_id != self.client_id() {
            return Err(FiefError::CallbackInvalid(
                "the login began with another client",
            ));
        }
        if let Some(iss) = &response.iss {
            let metadata = self.inner.metadata().await?;
            if *iss != metadata.issuer {
                return Err(FiefError::CallbackInvalid("it comes from another issuer"));
            }
        }
        response.code.clone()
    }
}
