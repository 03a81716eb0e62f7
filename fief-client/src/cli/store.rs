use std::{
    io,
    path::{Path, PathBuf},
};

use secrecy::ExposeSecret;

use crate::{
    Fief, FiefAccessTokenInfo, FiefTokenResponse, FiefUserInfo, Requirements,
    cli::{
        FiefAuthError,
        credentials::{Credentials, Verified},
        file::{Content, SecretFile},
        lock::{Lock, Replacement},
    },
    clock::unix_seconds,
};

/// Saved credentials of one client.
#[derive(Debug)]
pub(super) struct Store {
    pub(super) fief: Fief,
    file: SecretFile,
}

/// Credentials that only this task of this process may change.
pub(super) struct Locked<'a> {
    store: &'a Store,
    lock: Lock,
}

impl Store {
    pub(super) fn new(fief: Fief, path: PathBuf) -> Self {
        Self {
            fief,
            file: SecretFile::new(path),
        }
    }

    pub(super) fn path(&self) -> &Path {
        self.file.path()
    }

    /// Returns the credentials, or `None` if this client has not written any.
    pub(super) fn load(&self) -> Result<Option<Credentials>, FiefAuthError> {
        match self.file.read().map_err(|error| self.error(error))? {
            Content::Text(text) => Ok(Credentials::parse(&self.fief, text.expose_secret())),
            Content::Foreign => {
                tracing::warn!(path = %self.path().display(), "the credentials are not used: the file cannot be read, other users can access it, or it is too large");
                Ok(None)
            }
            Content::Missing => Ok(None),
        }
    }

    pub(super) async fn lock(&self) -> Result<Locked<'_>, FiefAuthError> {
        let lock = self.file.lock().await.map_err(|error| self.error(error))?;
        Ok(Locked { store: self, lock })
    }

    /// Saves the credentials of a login. What was there and is not this client's is kept aside.
    pub(super) async fn replace(&self, credentials: &Credentials) -> Result<(), FiefAuthError> {
        let locked = self.lock().await?;
        if self.load()?.is_none() {
            locked.keep_aside()?;
        }
        locked.save(credentials)
    }

    /// Saves what Fief says about the user, unless another one has logged in in the meantime.
    pub(super) async fn update_user(&self, user: &FiefUserInfo) -> Result<(), FiefAuthError> {
        let locked = self.lock().await?;
        let Some(mut credentials) = self.load()? else {
            return Ok(());
        };
        match &mut credentials.verified {
            Some(verified) if verified.user.sub == user.sub => verified.user = user.clone(),
            _ => return Ok(()),
        }
        locked.save(&credentials)
    }

    /// Deletes the credentials, if there are any.
    pub(super) async fn remove(&self) -> Result<(), FiefAuthError> {
        if !self.file.exists() {
            return Ok(());
        }
        let locked = self.lock().await?;
        let is_ours = self.load()?.is_some();
        locked.remove(is_ours)
    }

    /// Returns verified tokens as they are saved, and the claims of the access token.
    pub(super) async fn verified(
        &self,
        tokens: FiefTokenResponse,
        user: FiefUserInfo,
    ) -> Result<(Verified, FiefAccessTokenInfo), FiefAuthError> {
        let info = self
            .fief
            .validate_access_token(tokens.access_token(), &Requirements::new())
            .await?;
        let auth_time = info.auth_time().map(unix_seconds);
        Ok((
            Verified {
                user,
                tokens,
                auth_time,
            },
            info,
        ))
    }

    pub(super) fn error(&self, source: io::Error) -> FiefAuthError {
        FiefAuthError::Credentials {
            path: self.path().to_owned(),
            source,
        }
    }
}

impl Locked<'_> {
    /// Begins a write, which may fail before anything is lost.
    pub(super) fn begin(&self) -> Result<Replacement<'_>, FiefAuthError> {
        self.lock.begin().map_err(|error| self.store.error(error))
    }

    pub(super) fn commit(
        &self,
        replacement: Replacement<'_>,
        credentials: &Credentials,
    ) -> Result<(), FiefAuthError> {
        let json = credentials.to_json(&self.store.fief)?;
        replacement
            .commit(json.expose_secret())
            .map_err(|error| self.store.error(error))
    }

    pub(super) fn save(&self, credentials: &Credentials) -> Result<(), FiefAuthError> {
        self.commit(self.begin()?, credentials)
    }

    /// Deletes the file if it is this client's, and what a process left behind.
    pub(super) fn remove(&self, is_ours: bool) -> Result<(), FiefAuthError> {
        self.lock
            .remove(is_ours)
            .map_err(|error| self.store.error(error))
    }

    fn keep_aside(&self) -> Result<(), FiefAuthError> {
        self.lock
            .keep_aside()
            .map_err(|error| self.store.error(error))
    }
}
