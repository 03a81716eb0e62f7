use serde::Serialize;

use crate::{Fief, FiefError, FiefUserInfo, fief::UserRequest};

impl Fief {
    /// Asks Fief for the user of an access token: `GET {base_url}/api/userinfo`
    /// ([OpenID Connect Core, section 5.3](https://openid.net/specs/openid-connect-core-1_0.html#UserInfo)).
    ///
    /// Whose answer it is has to be compared by the caller: `sub` must be the token's
    /// ([`FiefAccessTokenInfo::id`](crate::FiefAccessTokenInfo::id)).
    ///
    /// # Errors
    /// - [`FiefError::Request`]: 401 when the token or the account is no longer good.
    /// - [`FiefError::Transport`], [`FiefError::ResponseInvalid`]: no usable answer.
    pub async fn userinfo(&self, access_token: &str) -> Result<FiefUserInfo, FiefError> {
        let metadata = self.inner.metadata().await?;
        let provider = self.provider();
        let url = provider.base.resolve(&metadata.userinfo);
        provider.http.get_bearer(url, access_token).await
    }

    /// Changes custom fields of the user's own profile, given by their slugs, and returns the user:
    /// `PATCH {base_url}/api/profile`.
    ///
    /// Fief ignores slugs that it does not know or that users may not change, and keeps a value for which `null` comes.
    ///
    /// # Danger
    /// Fief takes every boolean field that is left out as `false`. Send all of them each time, and all that are
    /// required.
    ///
    /// # Errors
    /// - [`FiefError::Request`]: 401 when the token or the account is no longer good, 422 when a value does not fit
    ///   its field ([`RequestDetail::fields`](crate::RequestDetail::fields) has an entry for each).
    /// - [`FiefError::Configuration`]: `fields` cannot be written as JSON.
    /// - [`FiefError::Transport`], [`FiefError::ResponseInvalid`]: no usable answer.
    pub async fn update_profile(
        &self,
        access_token: &str,
        fields: &(impl Serialize + ?Sized),
    ) -> Result<FiefUserInfo, FiefError> {
        let call = update_profile(fields)?;
        self.send_user_request(access_token, call).await
    }

    /// Changes the user's own password, without asking for the old one, and returns the user:
    /// `PATCH {base_url}/api/password`.
    ///
    /// The access token must have ACR [`LevelOne`](crate::FiefAcr::LevelOne). Tokens and sessions of before stay good.
    ///
    /// # Errors
    /// - [`FiefError::Request`]: 400 `USER_UPDATE_INVALID_PASSWORD`, where
    ///   [`RequestDetail::reason`](crate::RequestDetail::reason) says what the password lacks; 401 when the token or
    ///   the account is no longer good; 403 `ACR_TOO_LOW`.
    /// - [`FiefError::Transport`], [`FiefError::ResponseInvalid`]: no usable answer.
    pub async fn change_password(
        &self,
        access_token: &str,
        new_password: &str,
    ) -> Result<FiefUserInfo, FiefError> {
        let call = UserRequest::change_password(new_password);
        self.send_user_request(access_token, call).await
    }

    /// Begins to change the user's own e-mail address: Fief sends a code to the new one, and this returns the user
    /// with the old one: `PATCH {base_url}/api/email/change`.
    ///
    /// The access token must have ACR [`LevelOne`](crate::FiefAcr::LevelOne). A code that was sent before is void.
    ///
    /// # Errors
    /// - [`FiefError::Request`]: 400 `USER_UPDATE_EMAIL_ALREADY_EXISTS`; 401 when the token or the account is no longer
    ///   good; 403 `ACR_TOO_LOW`; 422 when it is no e-mail address.
    /// - [`FiefError::Transport`], [`FiefError::ResponseInvalid`]: no usable answer.
    pub async fn email_change(
        &self,
        access_token: &str,
        email: &str,
    ) -> Result<FiefUserInfo, FiefError> {
        let call = UserRequest::change_email(email);
        self.send_user_request(access_token, call).await
    }

    /// Finishes the change of the e-mail address with the code that Fief sent, and returns the user with the new one:
    /// `POST {base_url}/api/email/verify`.
    ///
    /// The access token must have ACR [`LevelOne`](crate::FiefAcr::LevelOne).
    ///
    /// # Errors
    /// - [`FiefError::Request`]: 400 `USER_UPDATE_INVALID_EMAIL_VERIFICATION_CODE` when the code is wrong or used; 401
    ///   when the token or the account is no longer good; 403 `ACR_TOO_LOW`.
    /// - [`FiefError::Transport`], [`FiefError::ResponseInvalid`]: no usable answer.
    pub async fn email_verify(
        &self,
        access_token: &str,
        code: &str,
    ) -> Result<FiefUserInfo, FiefError> {
        let call = UserRequest::verify_email(code);
        self.send_user_request(access_token, call).await
    }

    pub(crate) async fn send_user_request(
        &self,
        access_token: &str,
        call: UserRequest,
    ) -> Result<FiefUserInfo, FiefError> {
        let UserRequest { method, path, body } = call;
        let provider = self.provider();
        let (http, url) = (&provider.http, provider.base.with_path(path));
        http.send_json(method, url, access_token, &body).await
    }
}

/// The request that changes the profile.
pub(crate) fn update_profile(fields: &(impl Serialize + ?Sized)) -> Result<UserRequest, FiefError> {
    serde_json::to_value(fields)
        .map(|fields| UserRequest::update_profile(&fields))
        .map_err(|_| FiefError::Configuration("fields: cannot be written as JSON".into()))
}
