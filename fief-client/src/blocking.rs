//! The same client for programs without an async runtime.
//!
//! ```no_run
//! use fief_client::{Requirements, blocking};
//!
//! # fn example(access_token: &str) -> Result<(), fief_client::FiefError> {
//! let fief = fief_client::Fief::builder("https://fief.example.com", "CLIENT_ID").client_secret("SECRET").build()?;
//! let fief = blocking::Fief::new(fief)?;
//! let token = fief.validate_access_token(access_token, &Requirements::new())?;
//! # Ok(()) }
//! ```

use std::{
    future::Future,
    sync::{Arc, mpsc},
    task::{Context, Poll, Waker},
    thread,
};

use serde::Serialize;
use tokio::{
    runtime::{self, Handle},
    sync::oneshot,
};
use url::Url;

use crate::{
    AuthCallbackParams, AuthorizationRequest, AuthorizationResponse, FiefAccessTokenInfo,
    FiefError, FiefTokenResponse, FiefUserInfo, LoginAttempt, RefreshParams, Requirements,
};

/// A [`Fief`](crate::Fief) whose methods wait for the answer. A cheap clone.
///
/// The work is done by a thread of its own, which ends with the last clone. Inside of an async runtime a call does not
/// panic, but it keeps its worker thread from other work: use [`Fief`](crate::Fief) there.
#[derive(Clone, Debug)]
pub struct Fief {
    fief: crate::Fief,
    runtime: Arc<Runtime>,
}

#[derive(Debug)]
struct Runtime {
    handle: Handle,
    /// Ends the thread when it is dropped.
    _shutdown: oneshot::Sender<()>,
}

impl Fief {
    /// Starts the thread that works for a client.
    ///
    /// # Errors
    /// [`FiefError::Configuration`]: the system has no thread for it.
    pub fn new(fief: crate::Fief) -> Result<Self, FiefError> {
        let failed = |error| FiefError::Configuration(format!("the blocking client: {error}"));
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

    /// As [`Fief::client_id`](crate::Fief::client_id).
    #[must_use]
    pub fn client_id(&self) -> &str {
        self.fief.client_id()
    }

    /// As [`Fief::logout_url`](crate::Fief::logout_url).
    #[must_use]
    pub fn logout_url(&self, redirect_uri: &str) -> Url {
        self.fief.logout_url(redirect_uri)
    }

    /// As [`Fief::auth_url`](crate::Fief::auth_url).
    ///
    /// # Errors
    /// As there.
    pub fn auth_url(
        &self,
        redirect_uri: &str,
        request: &AuthorizationRequest,
    ) -> Result<Url, FiefError> {
        let (redirect_uri, request) = (redirect_uri.to_owned(), request.clone());
        self.wait(|fief| async move { fief.auth_url(&redirect_uri, &request).await })
    }

    /// As [`Fief::begin_login`](crate::Fief::begin_login).
    ///
    /// # Errors
    /// As there.
    pub fn begin_login(
        &self,
        redirect_uri: &str,
        request: AuthorizationRequest,
    ) -> Result<(Url, LoginAttempt), FiefError> {
        let redirect_uri = redirect_uri.to_owned();
        self.wait(|fief| async move { fief.begin_login(&redirect_uri, request).await })
    }

    /// As [`Fief::finish_login`](crate::Fief::finish_login).
    ///
    /// # Errors
    /// As there.
    pub fn finish_login(
        &self,
        attempt: &LoginAttempt,
        response: &AuthorizationResponse,
    ) -> Result<(FiefTokenResponse, FiefUserInfo), FiefError> {
        let (attempt, response) = (attempt.clone(), response.clone());
        self.wait(|fief| async move { fief.finish_login(&attempt, &response).await })
    }

    /// As [`Fief::auth_callback`](crate::Fief::auth_callback).
    ///
    /// # Errors
    /// As there.
    pub fn auth_callback(
        &self,
        code: &str,
        redirect_uri: &str,
        params: &AuthCallbackParams,
    ) -> Result<(FiefTokenResponse, FiefUserInfo), FiefError> {
        let (code, uri, params) = (code.to_owned(), redirect_uri.to_owned(), params.clone());
        self.wait(|fief| async move { fief.auth_callback(&code, &uri, &params).await })
    }

    /// As [`Fief::auth_refresh_token`](crate::Fief::auth_refresh_token).
    ///
    /// # Errors
    /// As there.
    pub fn auth_refresh_token(
        &self,
        refresh_token: &str,
        params: &RefreshParams,
    ) -> Result<(FiefTokenResponse, FiefUserInfo), FiefError> {
        let (token, params) = (refresh_token.to_owned(), params.clone());
        self.wait(|fief| async move { fief.auth_refresh_token(&token, &params).await })
    }

    /// As [`Fief::validate_access_token`](crate::Fief::validate_access_token).
    ///
    /// # Errors
    /// As there.
    pub fn validate_access_token(
        &self,
        access_token: &str,
        requirements: &Requirements,
    ) -> Result<FiefAccessTokenInfo, FiefError> {
        let (token, requirements) = (access_token.to_owned(), requirements.clone());
        self.wait(|fief| async move { fief.validate_access_token(&token, &requirements).await })
    }

    /// As [`Fief::userinfo`](crate::Fief::userinfo).
    ///
    /// # Errors
    /// As there.
    pub fn userinfo(&self, access_token: &str) -> Result<FiefUserInfo, FiefError> {
        let token = access_token.to_owned();
        self.wait(|fief| async move { fief.userinfo(&token).await })
    }

    /// As [`Fief::update_profile`](crate::Fief::update_profile).
    ///
    /// # Errors
    /// As there.
    pub fn update_profile(
        &self,
        access_token: &str,
        fields: &(impl Serialize + ?Sized),
    ) -> Result<FiefUserInfo, FiefError> {
        let token = access_token.to_owned();
        let call = crate::user::update_profile(fields)?;
        self.wait(|fief| async move { fief.send_user_request(&token, call).await })
    }

    /// As [`Fief::change_password`](crate::Fief::change_password).
    ///
    /// # Errors
    /// As there.
    pub fn change_password(
        &self,
        access_token: &str,
        new_password: &str,
    ) -> Result<FiefUserInfo, FiefError> {
        let (token, password) = (access_token.to_owned(), new_password.to_owned());
        self.wait(|fief| async move { fief.change_password(&token, &password).await })
    }

    /// As [`Fief::email_change`](crate::Fief::email_change).
    ///
    /// # Errors
    /// As there.
    pub fn email_change(&self, access_token: &str, email: &str) -> Result<FiefUserInfo, FiefError> {
        let (token, email) = (access_token.to_owned(), email.to_owned());
        self.wait(|fief| async move { fief.email_change(&token, &email).await })
    }

    /// As [`Fief::email_verify`](crate::Fief::email_verify).
    ///
    /// # Errors
    /// As there.
    pub fn email_verify(&self, access_token: &str, code: &str) -> Result<FiefUserInfo, FiefError> {
        let (token, code) = (access_token.to_owned(), code.to_owned());
        self.wait(|fief| async move { fief.email_verify(&token, &code).await })
    }

    /// Has the thread do the work, and waits for it.
    fn wait<T, F>(&self, work: impl FnOnce(crate::Fief) -> F) -> Result<T, FiefError>
    where
        T: Send + 'static,
        F: Future<Output = Result<T, FiefError>> + Send + 'static,
    {
        let mut work = Box::pin(work(self.fief.clone()));
        // What needs no request is done at once, here.
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
                "the blocking client: its thread has ended".into(),
            ))
        })
    }
}
