//! Client for programs without an async runtime.
//!
//! Requires the feature `blocking`. Settings are those of the async client's
//! [builder](crate::Fief::builder):
//!
//! ```no_run
//! use fief_client::{Requirements, blocking};
//!
//! # fn example(access_token: &str) -> Result<(), fief_client::FiefError> {
//! let fief = fief_client::Fief::builder("https://fief.example.com", "CLIENT_ID")
//!     .client_secret("SECRET")
//!     .build()?;
//! let fief = blocking::Fief::new(fief)?;
//! let token = fief.validate_access_token(access_token, &Requirements::new())?;
//! # Ok(()) }
//! ```

use std::{
    future::Future,
    sync::{Arc, mpsc},
    task::{Context, Poll, Waker},
    thread,
    time::{Duration, SystemTime},
};

use serde::Serialize;
use tokio::{
    runtime::{self, Handle},
    sync::oneshot,
};
use url::Url;

use crate::{
    AuthCallbackParams, AuthorizationRequest, AuthorizationResponse, FiefAccessTokenInfo,
    FiefError, FiefTokenResponse, FiefUserInfo, Health, LoginAttempt, PendingTokens, RefreshParams,
    Requirements,
};

/// Client of one Fief tenant whose methods block until the response has arrived. Cloning is cheap.
///
/// It has the methods of [`crate::Fief`], with the same names and arguments. Requests are made by a
/// thread of its own, which ends with the last clone.
///
/// Inside of an async runtime calls do not panic, but block a worker thread: use [`crate::Fief`] there.
#[derive(Clone, Debug)]
pub struct Fief {
    fief: crate::Fief,
    runtime: Arc<Runtime>,
}

#[derive(Debug)]
struct Runtime {
    handle: Handle,
    /// Ends the thread on drop.
    _shutdown: oneshot::Sender<()>,
}

impl Fief {
    /// Makes a blocking client of an async one, and starts its thread.
    ///
    /// Both can be used side by side: they share keys and validated tokens.
    ///
    /// # Errors
    /// [`FiefError::Configuration`]: the thread cannot be started.
    pub fn new(fief: crate::Fief) -> Result<Self, FiefError> {
        let failed =
            |error| FiefError::Configuration(format!("the blocking client cannot start: {error}"));
        let runtime = runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .map_err(failed)?;
        let handle = runtime.handle().clone();
        let (shutdown, ended) = oneshot::channel();
        thread::Builder::new()
            .name("fief-client".into())
            .spawn(move || runtime.block_on(ended))
            .map_err(failed)?;
        Ok(Self {
            fief,
            runtime: Arc::new(Runtime {
                handle,
                _shutdown: shutdown,
            }),
        })
    }

    /// Returns the client's id. See [`Fief::client_id`](crate::Fief::client_id).
    #[must_use]
    pub fn client_id(&self) -> &str {
        self.fief.client_id()
    }

    /// Returns the issuer that tokens must name. See [`Fief::issuer`](crate::Fief::issuer).
    ///
    /// # Errors
    /// - [`FiefError::Transport`]: Fief is unreachable.
    /// - [`FiefError::Request`]: Fief responded with an error.
    /// - [`FiefError::DiscoveryInvalid`], [`FiefError::ResponseInvalid`]: the discovery document cannot be used.
    pub fn issuer(&self) -> Result<&str, FiefError> {
        self.block_on(|fief| async move { fief.issuer().await.map(|_| ()) })?;
        self.fief.known_issuer()
    }

    /// Fetches Fief's discovery document and keys, unless they are cached.
    /// See [`Fief::prefetch_keys`](crate::Fief::prefetch_keys).
    ///
    /// # Errors
    /// - [`FiefError::Transport`]: Fief is unreachable.
    /// - [`FiefError::Request`]: Fief responded with an error.
    /// - [`FiefError::DiscoveryInvalid`], [`FiefError::ResponseInvalid`]: the discovery document or the keys cannot be used.
    pub fn prefetch_keys(&self) -> Result<(), FiefError> {
        self.block_on(|fief| async move { fief.prefetch_keys().await })
    }

    /// Returns the age of the cached keys, or `None` if there are none to verify tokens with.
    /// See [`Fief::keys_age`](crate::Fief::keys_age).
    #[must_use]
    pub fn keys_age(&self) -> Option<Duration> {
        self.fief.keys_age()
    }

    /// Returns whether tokens can be verified, and why the last attempt to fetch Fief's keys failed.
    /// See [`Fief::health`](crate::Fief::health).
    #[must_use]
    pub fn health(&self) -> Health {
        self.fief.health()
    }

    /// Returns the time by the client's clock. For middleware. See [`Fief::now`](crate::Fief::now).
    #[must_use]
    pub fn now(&self) -> SystemTime {
        self.fief.now()
    }

    /// Returns the URL of Fief's logout page. See [`Fief::logout_url`](crate::Fief::logout_url).
    #[must_use = "the browser has to be sent to the URL"]
    pub fn logout_url(&self, redirect_uri: &str) -> Url {
        self.fief.logout_url(redirect_uri)
    }

    /// Returns the URL that a browser opens to log in. See [`Fief::auth_url`](crate::Fief::auth_url).
    ///
    /// # Errors
    /// - [`FiefError::Configuration`]: `redirect_uri` or a parameter is invalid.
    /// - [`FiefError::Transport`]: Fief is unreachable.
    /// - [`FiefError::Request`]: Fief responded with an error.
    /// - [`FiefError::DiscoveryInvalid`], [`FiefError::ResponseInvalid`]: the discovery document cannot be used.
    pub fn auth_url(
        &self,
        redirect_uri: &str,
        request: &AuthorizationRequest,
    ) -> Result<Url, FiefError> {
        let (redirect_uri, request) = (redirect_uri.to_owned(), request.clone());
        self.block_on(|fief| async move { fief.auth_url(&redirect_uri, &request).await })
    }

    /// Begins a login: returns the URL for the browser, and the attempt to keep until the callback.
    /// See [`Fief::begin_login`](crate::Fief::begin_login).
    ///
    /// # Errors
    /// - [`FiefError::Configuration`]: `redirect_uri` or a parameter is invalid.
    /// - [`FiefError::Transport`]: Fief is unreachable.
    /// - [`FiefError::Request`]: Fief responded with an error.
    /// - [`FiefError::DiscoveryInvalid`], [`FiefError::ResponseInvalid`]: the discovery document cannot be used.
    pub fn begin_login(
        &self,
        redirect_uri: &str,
        request: AuthorizationRequest,
    ) -> Result<(Url, LoginAttempt), FiefError> {
        let redirect_uri = redirect_uri.to_owned();
        self.block_on(|fief| async move { fief.begin_login(&redirect_uri, request).await })
    }

    /// Finishes a login: checks the callback, exchanges its code and verifies the tokens.
    /// See [`Fief::finish_login`](crate::Fief::finish_login).
    ///
    /// # Errors
    /// - [`FiefError::CallbackInvalid`]: the callback belongs to another login. Nothing was sent.
    /// - [`FiefError::Authorization`]: Fief rejected the login. Nothing was sent.
    /// - [`FiefError::Request`]: Fief rejected the code; its code is `invalid_grant` if the code was used
    ///   before, has expired or belongs to another login.
    /// - [`FiefError::IdTokenInvalid`], [`FiefError::AccessTokenInvalid`],
    ///   [`FiefError::AccessTokenExpired`]: the tokens are not those of this login.
    /// - [`FiefError::UserInactive`]: the user's account is not active.
    /// - [`FiefError::TokensPending`]: Fief issued the tokens, but they cannot be verified yet. Keep them for
    ///   [`verify`](Self::verify).
    /// - [`FiefError::Transport`]: Fief is unreachable or too slow.
    /// - [`FiefError::DiscoveryInvalid`], [`FiefError::ResponseInvalid`]: the discovery document or the response
    ///   cannot be used.
    pub fn finish_login(
        &self,
        attempt: &LoginAttempt,
        response: &AuthorizationResponse,
    ) -> Result<(FiefTokenResponse, FiefUserInfo), FiefError> {
        let (attempt, response) = (attempt.clone(), response.clone());
        self.block_on(|fief| async move { fief.finish_login(&attempt, &response).await })
    }

    /// Exchanges the code of a callback for tokens and verifies them.
    /// See [`Fief::auth_callback`](crate::Fief::auth_callback).
    ///
    /// # Errors
    /// - [`FiefError::Request`]: Fief rejected the code; its code is `invalid_grant` if the code was used
    ///   before, has expired or belongs to another login.
    /// - [`FiefError::IdTokenInvalid`], [`FiefError::AccessTokenInvalid`],
    ///   [`FiefError::AccessTokenExpired`]: the tokens are not those of this login.
    /// - [`FiefError::UserInactive`]: the user's account is not active.
    /// - [`FiefError::TokensPending`]: Fief issued the tokens, but they cannot be verified yet. Keep them for
    ///   [`verify`](Self::verify).
    /// - [`FiefError::Transport`]: Fief is unreachable or too slow.
    /// - [`FiefError::DiscoveryInvalid`], [`FiefError::ResponseInvalid`]: the discovery document or the response
    ///   cannot be used.
    pub fn auth_callback(
        &self,
        code: &str,
        redirect_uri: &str,
        params: &AuthCallbackParams,
    ) -> Result<(FiefTokenResponse, FiefUserInfo), FiefError> {
        let (code, uri, params) = (code.to_owned(), redirect_uri.to_owned(), params.clone());
        self.block_on(|fief| async move { fief.auth_callback(&code, &uri, &params).await })
    }

    /// Exchanges a refresh token for new tokens and verifies them.
    /// See [`Fief::auth_refresh_token`](crate::Fief::auth_refresh_token).
    ///
    /// # Errors
    /// - [`FiefError::Request`]: Fief rejected the refresh token; the code is `invalid_grant` if it was used
    ///   before, has expired or belongs to another client.
    /// - [`FiefError::IdTokenInvalid`], [`FiefError::AccessTokenInvalid`],
    ///   [`FiefError::AccessTokenExpired`]: the tokens are not those of this login.
    /// - [`FiefError::UserInactive`]: the user's account is not active.
    /// - [`FiefError::TokensPending`]: Fief issued the tokens, but they cannot be verified yet. Keep them for
    ///   [`verify`](Self::verify).
    /// - [`FiefError::Transport`]: Fief is unreachable or too slow.
    /// - [`FiefError::DiscoveryInvalid`], [`FiefError::ResponseInvalid`]: the discovery document or the response
    ///   cannot be used.
    pub fn auth_refresh_token(
        &self,
        refresh_token: &str,
        params: &RefreshParams,
    ) -> Result<(FiefTokenResponse, FiefUserInfo), FiefError> {
        let (token, params) = (refresh_token.to_owned(), params.clone());
        self.block_on(|fief| async move { fief.auth_refresh_token(&token, &params).await })
    }

    /// Verifies tokens of a login or a refresh that could not be verified at once.
    /// See [`Fief::verify`](crate::Fief::verify).
    ///
    /// # Errors
    /// - [`FiefError::TokensPending`]: they still cannot be verified.
    /// - [`FiefError::IdTokenInvalid`], [`FiefError::AccessTokenInvalid`],
    ///   [`FiefError::AccessTokenExpired`]: the tokens are not those that were expected.
    /// - [`FiefError::UserInactive`]: the user's account is not active.
    /// - [`FiefError::Configuration`]: the tokens were issued to another client, or by another issuer.
    pub fn verify(
        &self,
        pending: &PendingTokens,
    ) -> Result<(FiefTokenResponse, FiefUserInfo), FiefError> {
        let pending = pending.clone();
        self.block_on(|fief| async move { fief.verify(&pending).await })
    }

    /// Validates an access token and checks requirements.
    /// See [`Fief::validate_access_token`](crate::Fief::validate_access_token).
    ///
    /// # Errors
    /// - [`FiefError::AccessTokenInvalid`], [`FiefError::AccessTokenExpired`]: the token is not valid.
    /// - [`FiefError::AccessTokenMissingScope`], [`FiefError::AccessTokenAcrTooLow`],
    ///   [`FiefError::AccessTokenAuthTooOld`], [`FiefError::AccessTokenMissingPermission`]: the token is
    ///   valid, but does not meet the requirements.
    /// - [`FiefError::Transport`], [`FiefError::Request`], [`FiefError::DiscoveryInvalid`],
    ///   [`FiefError::ResponseInvalid`]: Fief's keys are not cached and could not be fetched.
    pub fn validate_access_token(
        &self,
        access_token: &str,
        requirements: &Requirements,
    ) -> Result<FiefAccessTokenInfo, FiefError> {
        let (token, requirements) = (access_token.to_owned(), requirements.clone());
        self.block_on(|fief| async move { fief.validate_access_token(&token, &requirements).await })
    }

    /// Validates an access token with cached keys, or returns `None`. For middleware.
    /// See [`Fief::try_validate_access_token`](crate::Fief::try_validate_access_token).
    ///
    /// # Errors
    /// - [`FiefError::AccessTokenInvalid`], [`FiefError::AccessTokenExpired`]: the token is not valid.
    #[must_use = "`None` means that the token was not validated"]
    pub fn try_validate_access_token(
        &self,
        access_token: impl AsRef<[u8]>,
    ) -> Option<Result<FiefAccessTokenInfo, FiefError>> {
        self.fief.try_validate_access_token(access_token)
    }

    /// Checks requirements of a validated token. For middleware.
    /// See [`Fief::check_requirements`](crate::Fief::check_requirements).
    ///
    /// # Errors
    /// - [`FiefError::AccessTokenMissingScope`], [`FiefError::AccessTokenAcrTooLow`],
    ///   [`FiefError::AccessTokenAuthTooOld`], [`FiefError::AccessTokenMissingPermission`]: the token is
    ///   valid, but does not meet the requirements.
    pub fn check_requirements(
        &self,
        token: &FiefAccessTokenInfo,
        requirements: &Requirements,
    ) -> Result<(), FiefError> {
        self.fief.check_requirements(token, requirements)
    }

    /// Fetches the user of an access token. See [`Fief::userinfo`](crate::Fief::userinfo).
    ///
    /// # Errors
    /// - [`FiefError::Request`]: 401 if the token or the account is not valid any more.
    /// - [`FiefError::Transport`]: Fief is unreachable or too slow.
    /// - [`FiefError::DiscoveryInvalid`], [`FiefError::ResponseInvalid`]: the discovery document or the response
    ///   cannot be used.
    pub fn userinfo(&self, access_token: &str) -> Result<FiefUserInfo, FiefError> {
        let token = access_token.to_owned();
        self.block_on(|fief| async move { fief.userinfo(&token).await })
    }

    /// Changes custom fields of the user's profile, and returns the user.
    /// See [`Fief::update_profile`](crate::Fief::update_profile).
    ///
    /// # Errors
    /// - [`FiefError::Request`]: 401 if the token or the account is not valid any more, 422 if a value does
    ///   not fit its field.
    /// - [`FiefError::Configuration`]: `fields` cannot be written as JSON.
    /// - [`FiefError::Transport`]: Fief is unreachable or too slow.
    /// - [`FiefError::ResponseInvalid`]: the response cannot be used.
    pub fn update_profile(
        &self,
        access_token: &str,
        fields: &(impl Serialize + ?Sized),
    ) -> Result<FiefUserInfo, FiefError> {
        let token = access_token.to_owned();
        let call = crate::user::update_profile(fields)?;
        self.block_on(|fief| async move { fief.send_user_request(&token, call).await })
    }

    /// Changes the user's password, and returns the user.
    /// See [`Fief::change_password`](crate::Fief::change_password).
    ///
    /// # Errors
    /// - [`FiefError::Request`]: 401 if the token or the account is not valid any more, 403 `ACR_TOO_LOW`,
    ///   400 `USER_UPDATE_INVALID_PASSWORD`.
    /// - [`FiefError::Transport`]: Fief is unreachable or too slow.
    /// - [`FiefError::ResponseInvalid`]: the response cannot be used.
    pub fn change_password(
        &self,
        access_token: &str,
        new_password: &str,
    ) -> Result<FiefUserInfo, FiefError> {
        let (token, password) = (access_token.to_owned(), new_password.to_owned());
        self.block_on(|fief| async move { fief.change_password(&token, &password).await })
    }

    /// Begins to change the user's e-mail address: Fief sends a code to the new one.
    /// See [`Fief::email_change`](crate::Fief::email_change).
    ///
    /// # Errors
    /// - [`FiefError::Request`]: 401 if the token or the account is not valid any more, 403 `ACR_TOO_LOW`,
    ///   400
    ///   `USER_UPDATE_EMAIL_ALREADY_EXISTS`, 422 if it is not an e-mail address.
    /// - [`FiefError::Transport`]: Fief is unreachable or too slow.
    /// - [`FiefError::ResponseInvalid`]: the response cannot be used.
    pub fn email_change(&self, access_token: &str, email: &str) -> Result<FiefUserInfo, FiefError> {
        let (token, email) = (access_token.to_owned(), email.to_owned());
        self.block_on(|fief| async move { fief.email_change(&token, &email).await })
    }

    /// Finishes the change of the user's e-mail address with the code that Fief sent.
    /// See [`Fief::email_verify`](crate::Fief::email_verify).
    ///
    /// # Errors
    /// - [`FiefError::Request`]: 401 if the token or the account is not valid any more, 403 `ACR_TOO_LOW`,
    ///   400
    ///   `USER_UPDATE_INVALID_EMAIL_VERIFICATION_CODE`.
    /// - [`FiefError::Transport`]: Fief is unreachable or too slow.
    /// - [`FiefError::ResponseInvalid`]: the response cannot be used.
    pub fn email_verify(&self, access_token: &str, code: &str) -> Result<FiefUserInfo, FiefError> {
        let (token, code) = (access_token.to_owned(), code.to_owned());
        self.block_on(|fief| async move { fief.email_verify(&token, &code).await })
    }

    /// Runs work on the client's thread, and waits for its result.
    fn block_on<T, F>(&self, work: impl FnOnce(crate::Fief) -> F) -> Result<T, FiefError>
    where
        T: Send + 'static,
        F: Future<Output = Result<T, FiefError>> + Send + 'static,
    {
        let mut work = Box::pin(work(self.fief.clone()));
        // Work that needs no request completes here, without the thread.
        let guard = self.runtime.handle.enter();
        let mut here = Context::from_waker(Waker::noop());
        if let Poll::Ready(result) = work.as_mut().poll(&mut here) {
            return result;
        }
        drop(guard);
        let (sender, result) = mpsc::sync_channel(1);
        self.runtime
            .handle
            .spawn(async move { sender.send(work.await) });
        result.recv().unwrap_or_else(|_| {
            Err(FiefError::Configuration(
                "the blocking client's thread has ended".into(),
            ))
        })
    }
}
