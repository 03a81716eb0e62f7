use std::{fmt, time::Duration};

use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};
use url::{Url, form_urlencoded};

use crate::{
    AuthCallbackParams, AuthorizationRequest, Fief, FiefAcr, FiefError, FiefTokenResponse,
    FiefUserInfo, crypto, fief,
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

/// The query that Fief sends the browser back with
/// ([RFC 6749, section 4.1.2](https://www.rfc-editor.org/rfc/rfc6749#section-4.1.2)).
#[derive(Clone)]
pub struct AuthorizationResponse {
    state: String,
    iss: Option<String>,
    code: Result<SecretString, FiefError>,
}

impl AuthorizationResponse {
    /// Parses the query of a callback, without its question mark.
    ///
    /// Fief sends `error_description` one character at a time; the values are joined.
    ///
    /// # Errors
    /// [`FiefError::CallbackInvalid`]: a parameter is missing, repeated, too long or of strange characters.
    pub fn parse(query: &str) -> Result<Self, FiefError> {
        let (mut state, mut code, mut error, mut iss) = (None, None, None, None);
        let mut description = String::new();
        for (name, value) in form_urlencoded::parse(query.as_bytes()) {
            let (slot, limit) = match &*name {
                "state" => (&mut state, 256),
                "code" => (&mut code, 512),
                "error" => (&mut error, 64),
                "iss" => (&mut iss, 2048),
                "error_description" => {
                    fief::add_description(&mut description, &value);
                    continue;
                }
                _ => continue,
            };
            if value.is_empty()
                || value.len() > limit
                || !value.bytes().all(|b| matches!(b, b' '..=b'~'))
            {
                return Err(FiefError::CallbackInvalid(
                    "a parameter is empty, too long or of strange characters",
                ));
            }
            if slot.replace(value.into_owned()).is_some() {
                return Err(FiefError::CallbackInvalid("a parameter is repeated"));
            }
        }
        let code = match (code, error) {
            (Some(code), None) => Ok(code.into()),
            (None, Some(error)) => Err(FiefError::Authorization {
                error,
                description: Some(description).filter(|text| !text.is_empty()),
            }),
            _ => return Err(FiefError::CallbackInvalid("not one of code and error")),
        };
        let state = state.ok_or(FiefError::CallbackInvalid("the state is missing"))?;
        Ok(Self { state, iss, code })
    }

    /// Returns the state, which tells the login that this answers.
    #[must_use]
    pub fn state(&self) -> &str {
        &self.state
    }
}

impl fmt::Debug for AuthorizationResponse {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let error = self.code.as_ref().err();
        f.debug_struct("AuthorizationResponse")
            .field("error", &error)
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
            client_id: self.inner.credentials.id.clone(),
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
        if *client_id != self.inner.credentials.id {
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
