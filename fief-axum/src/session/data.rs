use std::time::{SystemTime, UNIX_EPOCH};

use fief_client::{FiefAccessTokenInfo, FiefTokenResponse, RefreshParams};
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize, Serializer};
use uuid::Uuid;

use super::config::{Refresh, SessionConfig};
use crate::Error;

/// A user's login here. All times are seconds of Unix time.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub(crate) struct Session {
    pub(crate) id: Uuid,
    /// How often its tokens were refreshed.
    pub(crate) generation: u64,
    pub(crate) user: Uuid,
    #[serde(serialize_with = "expose")]
    access_token: SecretString,
    #[serde(default, serialize_with = "expose_some")]
    refresh_token: Option<SecretString>,
    auth_time: Option<u64>,
    pub(crate) expires_at: u64,
    refreshed_at: u64,
    pub(crate) created_at: u64,
    pub(crate) seen_at: u64,
}

impl Session {
    /// Begins one. It keeps the refresh token only where it is used.
    pub(crate) fn new(
        config: SessionConfig,
        tokens: &FiefTokenResponse,
        info: &FiefAccessTokenInfo,
        now: u64,
    ) -> Result<Self, Error> {
        let mut id = [0; 16];
        aws_lc_rs::rand::fill(&mut id)
            .map_err(|_| Error::Configuration("the system has no random numbers".into()))?;
        Ok(Self {
            id: Uuid::from_bytes(id),
            generation: 0,
            user: info.id(),
            access_token: tokens.access_token().into(),
            refresh_token: refresh_token_of(tokens).filter(|_| config.refresh.is_some()),
            auth_time: info.auth_time().map(seconds),
            expires_at: seconds(info.expires_at()),
            refreshed_at: now,
            created_at: now,
            seen_at: now,
        })
    }

    /// The same session with new tokens.
    pub(crate) fn refreshed(
        &self,
        tokens: &FiefTokenResponse,
        info: &FiefAccessTokenInfo,
        now: u64,
    ) -> Self {
        let Self {
            id,
            generation,
            user,
            access_token: _,
            refresh_token: _,
            auth_time,
            expires_at: _,
            refreshed_at: _,
            created_at,
            seen_at: _,
        } = *self;
        Self {
            id,
            generation: generation.saturating_add(1),
            user,
            access_token: tokens.access_token().into(),
            refresh_token: refresh_token_of(tokens),
            auth_time,
            expires_at: seconds(info.expires_at()),
            refreshed_at: now,
            created_at,
            seen_at: now,
        }
    }

    pub(crate) fn access_token(&self) -> &str {
        self.access_token.expose_secret()
    }

    pub(crate) fn refresh_token(&self) -> Option<&str> {
        self.refresh_token.as_ref().map(ExposeSecret::expose_secret)
    }

    /// What the answer to a refresh is checked against.
    pub(crate) fn refresh_params(&self) -> RefreshParams {
        let params = RefreshParams::new().user(self.user);
        let auth_time = self
            .auth_time
            .and_then(|at| UNIX_EPOCH.checked_add(std::time::Duration::from_secs(at)));
        match auth_time {
            Some(at) => params.auth_time(at),
            None => params,
        }
    }

    /// Whether its tokens are to be refreshed: a while before they are over, which differs from session to session,
    /// or sooner where that is set; but not at once after they came, whatever the clocks say.
    pub(crate) fn needs_refresh(&self, refresh: Option<Refresh>, now: u64) -> bool {
        let Some(refresh) = refresh.filter(|_| self.refresh_token.is_some()) else {
            return false;
        };
        let lifetime = self.expires_at.saturating_sub(self.refreshed_at);
        let jitter = u64::try_from(self.id.as_u128() % JITTER).unwrap_or_default();
        let early = (REFRESH_MARGIN + jitter).min(lifetime / 2);
        let due = self.expires_at.saturating_sub(early);
        let sooner = refresh.after.unwrap_or(u64::MAX);
        let due = due.min(self.refreshed_at.saturating_add(sooner));
        now >= due.max(self.refreshed_at.saturating_add(MIN_REFRESH_INTERVAL))
    }

    /// Whether a request is worth a cookie, since the user was not seen for a while.
    pub(crate) fn needs_renewal(&self, now: u64) -> bool {
        now.saturating_sub(self.seen_at) >= RENEW_AFTER
    }

    /// The same session, whose user was seen then.
    pub(crate) fn touch(mut self, at: u64) -> Self {
        self.seen_at = at;
        self
    }

    /// A clock that went back ends it, since nobody knows how old it is.
    pub(crate) fn is_live(&self, config: SessionConfig, now: u64) -> bool {
        is_within(self.created_at, config.absolute, now)
            && is_within(self.seen_at, config.idle, now)
    }
}

/// Whether less than `limit` has passed `since` then.
pub(crate) fn is_within(since: u64, limit: u64, now: u64) -> bool {
    now.saturating_add(SKEW)
        .checked_sub(since)
        .is_some_and(|age| age < limit.saturating_add(SKEW))
}

/// Seconds of Unix time. A clock before 1970 reads as the end of time, when every session is over.
pub(crate) fn seconds(time: SystemTime) -> u64 {
    time.duration_since(UNIX_EPOCH)
        .map_or(u64::MAX, |since| since.as_secs())
}

fn refresh_token_of(tokens: &FiefTokenResponse) -> Option<SecretString> {
    tokens.refresh_token().map(SecretString::from)
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

/// Seconds before the end of the access token, and the spread that is added.
const REFRESH_MARGIN: u64 = 60;
const JITTER: u128 = 30;
/// Seconds after a refresh in which there is no other.
const MIN_REFRESH_INTERVAL: u64 = 5;
/// Seconds after which a request renews the cookie, and by which machines' clocks may differ.
const RENEW_AFTER: u64 = 60;
const SKEW: u64 = 60;
