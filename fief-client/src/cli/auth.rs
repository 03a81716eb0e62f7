use std::{
    path::{Component, Path, PathBuf},
    sync::Arc,
};

use etcetera::BaseStrategy;

use crate::{
    Fief, FiefAccessTokenInfo, FiefError, FiefUserInfo, Requirements,
    cli::{FiefAuthError, Login, store::Store},
};

/// Logins and credentials of a command-line tool. Cloning is cheap.
///
/// See [the module](crate::cli) for an example.
#[derive(Clone, Debug)]
pub struct FiefAuth {
    pub(super) store: Arc<Store>,
}

impl FiefAuth {
    /// Saves the credentials in the platform's configuration folder: `$XDG_CONFIG_HOME/TOOL/credentials.json` or
    /// `~/.config/TOOL/credentials.json`, and on Windows `%APPDATA%\TOOL\credentials.json`.
    ///
    /// # Errors
    /// [`FiefError::Configuration`]: `tool` cannot be the name of a folder, or there is no home folder.
    pub fn new(fief: Fief, tool: &str) -> Result<Self, FiefAuthError> {
        let configuration = |text: &str| FiefError::Configuration(text.to_owned());
        let mut components = Path::new(tool).components();
        let is_name = matches!(components.next(), Some(Component::Normal(name)) if *name == *tool);
        if !is_name || components.next().is_some() {
            return Err(
                configuration("the tool's name must be usable as the name of a folder").into(),
            );
        }
        let platform = etcetera::choose_base_strategy()
            .map_err(|_| configuration("there is no home folder for the credentials"))?;
        let path = platform.config_dir().join(tool).join("credentials.json");
        Ok(Self::with_credentials_path(fief, path))
    }

    /// Saves the credentials in this file. Its folder is created if it is missing.
    #[doc(alias = "credentials_path")]
    #[must_use]
    pub fn with_credentials_path(fief: Fief, path: impl Into<PathBuf>) -> Self {
        Self {
            store: Arc::new(Store::new(fief, path.into())),
        }
    }

    /// Returns the file with the credentials.
    #[must_use]
    pub fn credentials_path(&self) -> &Path {
        self.store.path()
    }

    /// Logs a user in: await what it returns, or set more first.
    ///
    /// Opens the browser, receives the redirect, exchanges the code and saves the tokens. Credentials of a login before are
    /// replaced once this one has succeeded. Dropping the future ends the login and leaves nothing behind.
    ///
    /// # Errors
    /// - [`FiefAuthError::TimedOut`]: the browser did not come back in time.
    /// - [`FiefAuthError::Listener`]: the port of the redirect URI cannot be used, and no address can be pasted.
    /// - [`FiefAuthError::AuthorizationCodeMissing`]: Fief sent the browser back without a code.
    /// - [`FiefAuthError::Credentials`]: the tokens cannot be saved.
    /// - [`FiefAuthError::Fief`]: as for [`Fief::begin_login`] and [`Fief::finish_login`]. After
    ///   [`TokensPending`](FiefError::TokensPending) the login is saved: [`access_token`](Self::access_token) completes it
    ///   when Fief's keys can be fetched again.
    #[doc(alias = "authorize")]
    pub fn login(&self) -> Login {
        Login::new(Arc::clone(&self.store))
    }

    /// Returns a valid access token, and refreshes it if it is about to expire.
    ///
    /// At most one process and task refreshes at a time. The new tokens are saved before they are returned. The refresh goes
    /// on if the future is dropped.
    ///
    /// # Errors
    /// - [`FiefAuthError::NotAuthenticated`]: there are no credentials.
    /// - [`FiefAuthError::RefreshTokenMissing`]: the access token has expired and cannot be refreshed.
    /// - [`FiefAuthError::Credentials`]: the file cannot be read, written or locked.
    /// - [`FiefAuthError::Fief`]: as for [`Fief::validate_access_token`], [`Fief::auth_refresh_token`] and [`Fief::verify`].
    ///
    /// If Fief is unreachable, an access token that is valid is returned although it is about to expire.
    #[doc(alias = "access_token_info")]
    pub async fn access_token(&self) -> Result<FiefAccessTokenInfo, FiefAuthError> {
        let (_, token) = self.renewed().await?;
        Ok(token)
    }

    /// Returns the saved access token if it is valid, without a refresh.
    ///
    /// # Errors
    /// - [`FiefAuthError::NotAuthenticated`]: there are no credentials, or none that are verified.
    /// - [`FiefAuthError::Credentials`]: the file cannot be read.
    /// - [`FiefAuthError::Fief`]: [`AccessTokenExpired`](FiefError::AccessTokenExpired), and as for
    ///   [`Fief::validate_access_token`].
    pub async fn saved_access_token(&self) -> Result<FiefAccessTokenInfo, FiefAuthError> {
        let verified = self.store.load()?.and_then(|saved| saved.verified);
        let verified = verified.ok_or(FiefAuthError::NotAuthenticated)?;
        let token = verified.tokens.access_token();
        let requirements = Requirements::new();
        Ok(self
            .store
            .fief
            .validate_access_token(token, &requirements)
            .await?)
    }

    /// Returns the user as of the last login or refresh. Sends nothing, unless a login has not been completed yet.
    ///
    /// It does not prove that the user is still logged in at Fief: [`access_token`](Self::access_token) does.
    ///
    /// # Errors
    /// - [`FiefAuthError::NotAuthenticated`]: there are no credentials.
    /// - [`FiefAuthError::Credentials`]: the file cannot be read.
    /// - As for [`access_token`](Self::access_token), if a login has not been completed yet.
    pub async fn current_user(&self) -> Result<FiefUserInfo, FiefAuthError> {
        let saved = self.store.load()?.ok_or(FiefAuthError::NotAuthenticated)?;
        match saved.verified {
            Some(verified) => Ok(verified.user),
            None => Ok(self.renewed().await?.0),
        }
    }

    /// Fetches the user from Fief, and saves it. Refreshes the access token if necessary.
    ///
    /// # Errors
    /// - As for [`access_token`](Self::access_token).
    /// - [`FiefAuthError::Fief`]: as for [`Fief::userinfo`].
    pub async fn fresh_user(&self) -> Result<FiefUserInfo, FiefAuthError> {
        let token = self.access_token().await?;
        let user = self.store.fief.userinfo(token.access_token()).await?;
        if user.sub != token.id() {
            let text = "the user is another one than that of the access token";
            return Err(FiefError::ResponseInvalid(text).into());
        }
        self.store.update_user(&user).await?;
        Ok(user)
    }

    /// Deletes the credentials. Does nothing if there are none.
    ///
    /// Fief cannot revoke tokens: copies of them stay valid until they expire. The browser stays logged in to Fief;
    /// [`Fief::logout_url`] is the page that ends this. A file that was not written by this client is left unchanged, and so is
    /// the empty one beside it that processes lock.
    ///
    /// # Errors
    /// [`FiefAuthError::Credentials`]: the file cannot be locked or deleted.
    pub async fn logout(&self) -> Result<(), FiefAuthError> {
        self.store.remove().await
    }
}
