use std::{sync::Arc, time::Duration};

use secrecy::{ExposeSecret, SecretString};
use tokio::runtime::Handle;

use crate::{
    Fief, FiefAccessTokenInfo, FiefError, FiefUserInfo, PendingTokens, Reason, RefreshParams,
    Requirements,
    cli::{
        FiefAuth, FiefAuthError,
        credentials::{Credentials, Verified},
        error::is_invalid_grant,
        store::{Locked, Store},
    },
    error::ErrorClass,
    login::{TokenRequestError, pending_from_json},
};

/// The user, and a valid access token.
type Renewed = (FiefUserInfo, FiefAccessTokenInfo);

/// Why credentials were not renewed.
enum Failure {
    /// The saved ones stay as they are: an access token that is still valid can be used.
    Kept(FiefAuthError),
    /// They were deleted.
    Void(FiefAuthError),
}

/// What became of tokens that Fief has issued.
enum Completed {
    /// They have expired, by this machine's clock at least. They stay saved.
    Expired(FiefError),
    Renewed(Renewed),
}

impl From<FiefAuthError> for Failure {
    fn from(error: FiefAuthError) -> Self {
        Self::Kept(error)
    }
}

impl FiefAuth {
    /// Returns the saved user and access token, after a refresh if that is due.
    pub(super) async fn renewed(&self) -> Result<Renewed, FiefAuthError> {
        let saved = self.store.load()?.ok_or(FiefAuthError::NotAuthenticated)?;
        if let Some(renewed) = self.store.current(&saved).await? {
            return Ok(renewed);
        }
        // Fief invalidates the refresh token at once, so what it sends must be saved even if the caller is dropped.
        let store = Arc::clone(&self.store);
        let runtime = Handle::try_current().map_err(|_| no_runtime())?;
        let renewal = runtime.spawn(async move { store.renew().await });
        renewal.await.map_err(|_| no_runtime())?
    }
}

impl Store {
    /// Returns what is saved if it needs no refresh, or cannot have one.
    async fn current(&self, saved: &Credentials) -> Result<Option<Renewed>, FiefAuthError> {
        let Credentials { verified, pending } = saved;
        let Some(verified) = verified.as_ref().filter(|_| pending.is_none()) else {
            return Ok(None);
        };
        let token = self.usable(verified).await?;
        let token = token.filter(|token| {
            verified.tokens.refresh_token().is_none() || !is_due(&self.fief, verified, token)
        });
        Ok(token.map(|token| (verified.user.clone(), token)))
    }

    /// Validates the saved access token. Returns `None` if it has expired or is invalid.
    async fn usable(
        &self,
        verified: &Verified,
    ) -> Result<Option<FiefAccessTokenInfo>, FiefAuthError> {
        let token = verified.tokens.access_token();
        let requirements = Requirements::new();
        match self.fief.validate_access_token(token, &requirements).await {
            Ok(token) => Ok(Some(token)),
            Err(FiefError::AccessTokenExpired { ago: _ } | FiefError::AccessTokenInvalid(_)) => {
                Ok(None)
            }
            Err(error) => Err(error.into()),
        }
    }

    async fn renew(&self) -> Result<Renewed, FiefAuthError> {
        let locked = self.lock().await?;
        let saved = self.load()?.ok_or(FiefAuthError::NotAuthenticated)?;
        // Another process may have been faster.
        if let Some(renewed) = self.current(&saved).await? {
            return Ok(renewed);
        }
        let usable = match &saved.verified {
            Some(verified) => self
                .usable(verified)
                .await?
                .map(|token| (verified.user.clone(), token)),
            None => None,
        };
        match self.renew_locked(&locked, saved).await {
            Ok(renewed) => Ok(renewed),
            Err(Failure::Kept(error)) => usable.ok_or(error),
            Err(Failure::Void(error)) => Err(error),
        }
    }

    async fn renew_locked(
        &self,
        locked: &Locked<'_>,
        saved: Credentials,
    ) -> Result<Renewed, Failure> {
        let Credentials { verified, pending } = saved;
        let mut refresh_token = verified.as_ref().and_then(Verified::refresh_token);
        if let Some(pending) = pending
            && let Ok(pending) = pending_from_json(&self.fief, pending.expose_secret())
        {
            match self.complete(locked, &pending).await? {
                Completed::Renewed(renewed) => return Ok(renewed),
                Completed::Expired(_) => {}
            }
            refresh_token = pending.unverified_refresh_token().map(SecretString::from);
        }
        match refresh_token {
            Some(token) => self.refresh(locked, verified, &token).await,
            None => Err(FiefAuthError::RefreshTokenMissing.into()),
        }
    }

    async fn refresh(
        &self,
        locked: &Locked<'_>,
        verified: Option<Verified>,
        refresh_token: &SecretString,
    ) -> Result<Renewed, Failure> {
        let params = verified
            .as_ref()
            .map_or_else(RefreshParams::new, Verified::refresh_params);
        let replacement = locked.begin()?;
        let sent = self
            .fief
            .request_refreshed_tokens(refresh_token.expose_secret(), &params)
            .await;
        match sent {
            Ok(pending) => {
                // They are saved before it is known whether they can be verified now.
                let saved =
                    Credentials::pending(verified, &pending).map_err(FiefAuthError::from)?;
                locked.commit(replacement, &saved)?;
                match self.complete(locked, &pending).await? {
                    Completed::Renewed(renewed) => Ok(renewed),
                    Completed::Expired(error) => Err(Failure::Kept(error.into())),
                }
            }
            Err(TokenRequestError::Sent(error)) if is_invalid_grant(&error) => {
                // No further attempt.
                match verified.map(Verified::without_refresh_token) {
                    Some(verified) => {
                        locked.commit(replacement, &Credentials::verified(verified))?;
                    }
                    None => locked.remove(true)?,
                }
                Err(Failure::Kept(error.into()))
            }
            Err(TokenRequestError::Sent(error) | TokenRequestError::NotSent(error)) => {
                Err(Failure::Kept(error.into()))
            }
        }
    }

    /// Verifies tokens that Fief has issued, and saves them as such.
    async fn complete(
        &self,
        locked: &Locked<'_>,
        pending: &PendingTokens,
    ) -> Result<Completed, Failure> {
        let error = match self.fief.verify(pending).await {
            Ok((tokens, user)) => {
                let (verified, token) = self.verified(tokens, user).await?;
                let user = verified.user.clone();
                locked.save(&Credentials::verified(verified))?;
                return Ok(Completed::Renewed((user, token)));
            }
            Err(
                error @ (FiefError::AccessTokenExpired { ago: _ }
                | FiefError::IdTokenInvalid(Reason::Expired { .. })),
            ) => return Ok(Completed::Expired(error)),
            Err(error) => error,
        };
        if is_rejected(&error) {
            locked.remove(true)?;
            return Err(Failure::Void(error.into()));
        }
        Err(Failure::Kept(error.into()))
    }
}

/// Returns `true` if an access token expires within a minute, or within half of its lifetime if that is less.
fn is_due(fief: &Fief, verified: &Verified, token: &FiefAccessTokenInfo) -> bool {
    let half = verified.tokens.expires_in().map(|lifetime| lifetime / 2);
    let margin = half.map_or(REFRESH_MARGIN, |half| half.min(REFRESH_MARGIN));
    let left = token.expires_at().duration_since(fief.now());
    !left.is_ok_and(|left| left > margin)
}

/// Returns `true` if tokens are not those of the user and the login, or the user must not be logged in.
fn is_rejected(error: &FiefError) -> bool {
    match error.clone().into_class() {
        ErrorClass::IdToken | ErrorClass::Inactive | ErrorClass::Invalid => true,
        ErrorClass::Authorization(_)
        | ErrorClass::Callback
        | ErrorClass::Configuration
        | ErrorClass::Expired
        | ErrorClass::Response
        | ErrorClass::Status(_, _)
        | ErrorClass::TokensPending
        | ErrorClass::Transport
        | ErrorClass::Unmet(_)
        | ErrorClass::Webhook => false,
    }
}

fn no_runtime() -> FiefAuthError {
    FiefError::Configuration("the tokio runtime is shutting down".into()).into()
}

const REFRESH_MARGIN: Duration = Duration::from_secs(60);
