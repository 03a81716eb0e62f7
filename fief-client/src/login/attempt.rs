use std::{fmt, time::Duration};

use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};
use url::Url;

use crate::{
    AuthCallbackParams, AuthorizationRequest, AuthorizationResponse, Fief, FiefAcr, FiefError,
    FiefTokenResponse, FiefUserInfo, crypto,
    pkce::{CodeChallengeMethod, get_code_challenge},
    secret::{self, expose},
};

/// A login that has begun: what its callback is checked against.
///
/// It serialises in full: keep it in the browser's own, sealed cookie or on the server, for ten minutes at most,
/// and use it once. `Debug` shows no secret.
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
    /// Returns the state that the callback must carry.
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
    /// Begins a login: makes state, nonce and PKCE verifier (of 256 random bits each, setting those of `request`),
    /// and returns the URL for the browser and what [`finish_login`](Self::finish_login) needs.
    ///
    /// # Errors
    /// As [`auth_url`](Self::auth_url).
    pub async fn begin_login(
        &self,
        redirect_uri: &str,
        request: AuthorizationRequest,
    ) -> Result<(Url, LoginAttempt), FiefError> {
        let attempt = LoginAttempt {
            state: secret::random::<32>()?.into(),
            nonce: secret::random::<32>()?.into(),
            code_verifier: secret::random::<32>()?.into(),
            redirect_uri: redirect_uri.to_owned(),
            client_id: self.client_id().to_owned(),
            acr: request.acr,
            max_age: request.max_age,
        };
        let method = CodeChallengeMethod::S256;
        let challenge = get_code_challenge(attempt.code_verifier.expose_secret(), method);
        let request = request
            .state(attempt.state())
            .nonce(attempt.nonce.expose_secret())
            .code_challenge(challenge, method);
        Ok((self.auth_url(redirect_uri, &request).await?, attempt))
    }

    /// Finishes a login: checks that the callback answers this attempt, exchanges the code and verifies the tokens.
    ///
    /// # Errors
    /// - [`FiefError::CallbackInvalid`]: it answers another login, client or issuer. Nothing was sent.
    /// - [`FiefError::Authorization`]: Fief says that the login failed. Nothing was sent.
    /// - What [`auth_callback`](Self::auth_callback) returns.
    pub async fn finish_login(
        &self,
        attempt: &LoginAttempt,
        response: &AuthorizationResponse,
    ) -> Result<(FiefTokenResponse, FiefUserInfo), FiefError> {
        let LoginAttempt {
            state,
            nonce,
            code_verifier,
            redirect_uri,
            client_id,
            acr,
            max_age,
        } = attempt;
        if !crypto::equal(state.expose_secret(), &response.state) {
            return Err(FiefError::CallbackInvalid("the state is another's"));
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
        let code = response.code.as_ref().map_err(Clone::clone)?;
        let params = AuthCallbackParams {
            code_verifier: Some(code_verifier.clone()),
            nonce: Some(nonce.clone()),
            acr: *acr,
            max_age: *max_age,
        };
        self.auth_callback(code.expose_secret(), redirect_uri, &params)
            .await
    }
}
