use std::fmt;

use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize, Serializer};
use uuid::Uuid;

use crate::{
    AuthCallbackParams, ClientAuth, Fief, FiefError, FiefUserInfo, Requirements,
    id_token::{Expected, verify_id_token},
    user::USER_LIMIT,
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
    pub fn expires_in(&self) -> Option<u64> {
        self.expires_in
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
        let plain = is_plain(self.access_token())
            && is_plain(self.id_token())
            && self.refresh_token().is_none_or(is_plain);
        if !plain {
            return Err(FiefError::ResponseInvalid(
                "a token has characters that tokens do not have",
            ));
        }
        Ok(self)
    }
}

fn is_plain(token: &str) -> bool {
    !token.is_empty() && token.bytes().all(|byte| byte.is_ascii_graphic())
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
        let mut form = vec![
            ("grant_type", "authorization_code"),
            ("code", code),
            ("redirect_uri", redirect_uri),
        ];
        form.extend(
            params
                .code_verifier
                .as_deref()
                .map(|verifier| ("code_verifier", verifier)),
        );
        let tokens = self.token_request(form).await?;
        let expected = Expected {
            nonce: params.nonce.as_deref(),
            code: Some(code),
            access_token: tokens.access_token(),
            acr: params.acr,
            max_age: params.max_age,
        };
        let user = verify_id_token(&self.inner, tokens.id_token(), &expected).await?;
        self.check_tokens(tokens, user, None).await
    }

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
        let scope = (!params.scopes.is_empty()).then(|| params.scopes.join(" "));
        let mut form = vec![
            ("grant_type", "refresh_token"),
            ("refresh_token", refresh_token),
        ];
        form.extend(scope.as_deref().map(|scope| ("scope", scope)));
        let tokens = self.token_request(form).await?;
        let expected = Expected {
            nonce: None,
            code: None,
            access_token: tokens.access_token(),
            acr: None,
            max_age: None,
        };
        let user = verify_id_token(&self.inner, tokens.id_token(), &expected).await?;
        self.check_tokens(tokens, user, params.user).await
    }

    async fn token_request(
        &self,
        mut form: Vec<(&str, &str)>,
    ) -> Result<FiefTokenResponse, FiefError> {
        let inner = &self.inner;
        let metadata = inner.discovery.get(inner).await?;
        let mut request = inner.http.client().post(inner.base.join(&metadata.token));
        let secret = inner
            .client_secret
            .as_ref()
            .map(ExposeSecret::expose_secret);
        match (secret, inner.client_auth) {
            (Some(secret), ClientAuth::Basic) => {
                request = request.basic_auth(&inner.client_id, Some(secret));
            }
            (secret, _) => {
                form.push(("client_id", &inner.client_id));
                form.extend(secret.map(|secret| ("client_secret", secret)));
            }
        }
        let tokens: FiefTokenResponse = inner.http.json(request.form(&form), USER_LIMIT).await?;
        tokens.check()
    }

    /// Checks that both tokens are of one user, the one that is expected.
    async fn check_tokens(
        &self,
        tokens: FiefTokenResponse,
        user: FiefUserInfo,
        expected: Option<Uuid>,
    ) -> Result<(FiefTokenResponse, FiefUserInfo), FiefError> {
        let info = self
            .validate_access_token(tokens.access_token(), &Requirements::new())
            .await?;
        if info.id() != user.sub {
            return Err(FiefError::IdTokenInvalid(
                "it is another user's than the access token",
            ));
        }
        if expected.is_some_and(|expected| expected != user.sub) {
            return Err(FiefError::IdTokenInvalid(
                "it is another user's than before",
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

fn expose<S: Serializer>(secret: &SecretString, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(secret.expose_secret())
}

#[expect(clippy::ref_option, reason = "serde passes a reference to the field")]
fn expose_some<S: Serializer>(
    secret: &Option<SecretString>,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    secret
        .as_ref()
        .map(ExposeSecret::expose_secret)
        .serialize(serializer)
}

/// What a refresh asks for and is checked against. See [`Fief::auth_refresh_token`].
#[derive(Clone, Debug, Default)]
#[must_use]
pub struct RefreshParams {
    scopes: Vec<String>,
    user: Option<Uuid>,
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
}
