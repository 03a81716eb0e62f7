use serde::Serialize;

use crate::{
    Fief, FiefError, FiefUserInfo,
    fief::UserRequest,
    transport::{Call, Target},
};

impl Fief {
    /// Fetches the user of an access token: `GET {base_url}/api/userinfo`
    /// ([OpenID Connect Core, section 5.3](https://openid.net/specs/openid-connect-core-1_0.html#UserInfo)).
    ///
    /// Each call is a request: for many calls, cache the user, or use the claims of the
    /// [access token](Self::validate_access_token). The caller compares `sub` with the token's
    /// ([`FiefAccessTokenInfo::id`](crate::FiefAccessTokenInfo::id)).
    ///
    /// ```no_run
    /// # async fn example(fief: fief_client::Fief, access_token: &str) -> Result<(), fief_client::FiefError> {
    /// let user = fief.userinfo(access_token).await?;
    /// println!("{} {:?}", user.sub, user.email);
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    /// - [`FiefError::Request`]: 401 if the token or the account is not valid any more.
    /// - [`FiefError::Transport`]: Fief is unreachable or too slow.
    /// - [`FiefError::DiscoveryInvalid`], [`FiefError::ResponseInvalid`]: the discovery document or the response
    ///   cannot be used.
    pub async fn userinfo(&self, access_token: &str) -> Result<FiefUserInfo, FiefError> {
        let metadata = self.inner.metadata().await?;
        let provider = self.provider();
        let target = Target {
            call: Call::UserInfo,
            url: provider.base.resolve(&metadata.userinfo),
        };
        let (http, clock) = (&provider.http, &provider.clock);
        http.get_bearer(target, access_token, clock).await
    }

    /// Changes custom fields of the user's own profile, given by their slugs, and returns the user:
    /// `PATCH {base_url}/api/profile`.
    ///
    /// Fief ignores slugs that it does not know or that users may not change, and keeps the value of a field
    /// that is `null`.
    ///
    /// ```no_run
    /// # async fn example(fief: fief_client::Fief, access_token: &str) -> Result<(), fief_client::FiefError> {
    /// #[derive(serde::Serialize)]
    /// struct Fields<'a> {
    ///     first_name: &'a str,
    ///     newsletter: bool,
    /// }
    ///
    /// let fields = Fields { first_name: "Anne", newsletter: true };
    /// let user = fief.update_profile(access_token, &fields).await?;
    /// # Ok(()) }
    /// ```
    ///
    /// # Danger
    /// Fief sets boolean fields that are left out to `false`. Send all of them each time, and all required
    /// fields.
    ///
    /// # Errors
    /// - [`FiefError::Request`]: 401 if the token or the account is not valid any more, 422 if a value does
    ///   not fit its field ([`RequestDetail::fields`](crate::RequestDetail::fields) has an entry for each).
    /// - [`FiefError::Configuration`]: `fields` cannot be written as JSON.
    /// - [`FiefError::Transport`]: Fief is unreachable or too slow.
    /// - [`FiefError::ResponseInvalid`]: the response cannot be used.
    pub async fn update_profile(
        &self,
        access_token: &str,
        fields: &(impl Serialize + ?Sized),
    ) -> Result<FiefUserInfo, FiefError> {
        let call = update_profile(fields)?;
        self.send_user_request(access_token, call).await
    }

    /// Changes the user's own password and returns the user: `PATCH {base_url}/api/password`.
    ///
    /// Fief does not require the old password, but an access token with ACR
    /// [`LevelOne`](crate::FiefAcr::LevelOne). Tokens and sessions stay valid.
    ///
    /// ```no_run
    /// use fief_client::{Fief, FiefError};
    ///
    /// async fn change(
    ///     fief: &Fief,
    ///     access_token: &str,
    ///     new_password: &str,
    /// ) -> Result<(), FiefError> {
    ///     match fief.change_password(access_token, new_password).await {
    ///         Err(FiefError::Request { detail, .. }) => println!("{}", detail.reason().join(" ")),
    ///         result => println!("changed for {}", result?.sub),
    ///     }
    ///     Ok(())
    /// }
    /// ```
    ///
    /// # Errors
    /// - [`FiefError::Request`]: 400 `USER_UPDATE_INVALID_PASSWORD` if the password is too weak
    ///   ([`RequestDetail::reason`](crate::RequestDetail::reason) says why), 401 if the token or the account
    ///   is not valid any more, 403 `ACR_TOO_LOW`.
    /// - [`FiefError::Transport`]: Fief is unreachable or too slow.
    /// - [`FiefError::ResponseInvalid`]: the response cannot be used.
    pub async fn change_password(
        &self,
        access_token: &str,
        new_password: &str,
    ) -> Result<FiefUserInfo, FiefError> {
        let call = UserRequest::change_password(new_password);
        self.send_user_request(access_token, call).await
    }

    /// Begins to change the user's own e-mail address: Fief sends a code to the new one. Returns the user, still
    /// with the old one: `PATCH {base_url}/api/email/change`.
    ///
    /// The access token must have ACR [`LevelOne`](crate::FiefAcr::LevelOne). A code that was sent before
    /// becomes invalid. [`email_verify`](Self::email_verify) finishes the change.
    ///
    /// # Errors
    /// - [`FiefError::Request`]: 400 `USER_UPDATE_EMAIL_ALREADY_EXISTS`, 401 if the token or the account is not
    ///   valid any more, 403 `ACR_TOO_LOW`, 422 if it is not an e-mail address.
    /// - [`FiefError::Transport`]: Fief is unreachable or too slow.
    /// - [`FiefError::ResponseInvalid`]: the response cannot be used.
    pub async fn email_change(
        &self,
        access_token: &str,
        email: &str,
    ) -> Result<FiefUserInfo, FiefError> {
        let call = UserRequest::change_email(email);
        self.send_user_request(access_token, call).await
    }

    /// Finishes the change of the user's e-mail address with the code that Fief sent, and returns the user with
    /// the new one: `POST {base_url}/api/email/verify`.
    ///
    /// The access token must have ACR [`LevelOne`](crate::FiefAcr::LevelOne).
    ///
    /// ```no_run
    /// # async fn example(fief: fief_client::Fief, access_token: &str) -> Result<(), fief_client::FiefError> {
    /// fief.email_change(access_token, "anne@example.com").await?;
    /// // The user types in the code of the message.
    /// let user = fief.email_verify(access_token, "ABC123").await?;
    /// assert_eq!(user.email.as_deref(), Some("anne@example.com"));
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    /// - [`FiefError::Request`]: 400 `USER_UPDATE_INVALID_EMAIL_VERIFICATION_CODE` if the code is wrong or was
    ///   used before, 401 if the token or the account is not valid any more, 403 `ACR_TOO_LOW`.
    /// - [`FiefError::Transport`]: Fief is unreachable or too slow.
    /// - [`FiefError::ResponseInvalid`]: the response cannot be used.
    pub async fn email_verify(
        &self,
        access_token: &str,
        code: &str,
    ) -> Result<FiefUserInfo, FiefError> {
        let call = UserRequest::verify_email(code);
        self.send_user_request(access_token, call).await
    }

    /// Sends a request of the user API and returns the user.
    pub(crate) async fn send_user_request(
        &self,
        access_token: &str,
        call: UserRequest,
    ) -> Result<FiefUserInfo, FiefError> {
        let UserRequest { method, path, body } = call;
        let provider = self.provider();
        let (http, url) = (&provider.http, provider.base.with_path(path));
        http.send_json((method, url), access_token, &body, &provider.clock)
            .await
    }
}

/// Returns the request that changes the profile.
pub(crate) fn update_profile(fields: &(impl Serialize + ?Sized)) -> Result<UserRequest, FiefError> {
    serde_json::to_value(fields)
        .map(|fields| UserRequest::update_profile(&fields))
        .map_err(|_| FiefError::Configuration("fields cannot be written as JSON".into()))
}
