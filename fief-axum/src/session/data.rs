use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use fief_client::{
    FiefAccessTokenInfo, FiefTokenResponse, RefreshParams,
    internal::{expose_some, unix_seconds},
};
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{
    compact,
    config::{PROOF_LIFETIME, SessionConfig},
    extra::Extra,
};
use crate::Error;

/// Session of a user: the tokens of a login and its times.
///
/// It is serialized and sealed, in cookies or in a record of the store. The fields
/// are positional in cookies: another field is another format, of which
/// [`format`](super::format) knows those of this release and of the previous one.
/// All times are in seconds of Unix time.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub(crate) struct Session {
    pub(crate) id: Uuid,
    /// How often its tokens were refreshed: the higher one is newer.
    pub(crate) generation: u64,
    /// The user's id, `sub` in tokens.
    pub(crate) user: Uuid,
    #[serde(with = "compact")]
    access_token: SecretString,
    #[serde(serialize_with = "expose_some")]
    refresh_token: Option<SecretString>,
    /// When the user logged in to Fief, which may be before this session.
    auth_time: Option<u64>,
    /// When the access token expires.
    pub(crate) expires_at: u64,
    /// When the tokens were received.
    refreshed_at: u64,
    pub(crate) created_at: u64,
    /// The process that created it, and how many sessions that has created
    /// before: they order it and the revocations of that process.
    pub(crate) origin: Origin,
    /// Tokens that a refresh has received, and that could not be verified yet. It
    /// is set only in a store, where any machine can go on. The access token
    /// is the one of before then, and there is no refresh token.
    #[serde(serialize_with = "expose_some")]
    pending: Option<SecretString>,
    /// What is sealed in addition, by [`format`](super::format).
    #[serde(skip)]
    pub(crate) extra: Arc<Extra>,
    /// The ids of its records, if it is in a store. It is in the cookie.
    #[serde(skip)]
    pub(crate) ticket: Option<Arc<Ticket>>,
    /// Whether a response has written its cookies, after it was refreshed here.
    #[serde(skip)]
    was_sent: Arc<AtomicBool>,
}

/// Where a session was created.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub(crate) struct Origin {
    pub(crate) process: Uuid,
    pub(crate) sequence: u64,
}

/// Content of the session cookie if the session is in a store: the ids of all
/// records that a request needs, so that they are loaded at once.
///
/// It is written by the login and never changes.
#[derive(Debug, Deserialize, Eq, PartialEq, Serialize)]
pub(crate) struct Ticket {
    pub(crate) id: Uuid,
    pub(crate) user: Uuid,
    /// The record with the session itself.
    pub(crate) session_record: Uuid,
    /// The record that the session exists by: only the login creates it.
    pub(crate) own_record: Uuid,
    /// The record of the user's epoch, and the epoch at the login.
    pub(crate) epoch_record: Uuid,
    pub(crate) epoch: Uuid,
}

impl Ticket {
    /// Returns whether the session is valid, given the contents of its own
    /// record and of its user's epoch record. One that is missing revokes it.
    pub(crate) fn is_valid(&self, own: Option<Uuid>, epoch: Option<Uuid>) -> bool {
        own == Some(self.id) && epoch == Some(self.epoch)
    }
}

/// Whether a session is within its times.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Age {
    Current,
    Expired,
    /// It comes from the future: a clock is wrong.
    Future,
}

impl Session {
    /// Creates a session with a random id. It keeps the refresh token only if
    /// tokens are refreshed.
    pub(crate) fn new(
        config: SessionConfig,
        tokens: &FiefTokenResponse,
        info: &FiefAccessTokenInfo,
        origin: Origin,
        now: u64,
    ) -> Result<Self, Error> {
        Ok(Self {
            id: random_id()?,
            generation: 0,
            user: info.id(),
            access_token: tokens.access_token().into(),
            refresh_token: refresh_token_of(tokens).filter(|_| config.refresh),
            auth_time: info.auth_time().map(unix_seconds),
            expires_at: unix_seconds(info.expires_at()),
            refreshed_at: now,
            created_at: now,
            origin,
            pending: None,
            extra: Arc::default(),
            ticket: None,
            was_sent: Arc::default(),
        })
    }

    /// Returns the session with new tokens.
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
            origin,
            pending: _,
            ref extra,
            ref ticket,
            was_sent: _,
        } = *self;
        Self {
            id,
            generation: generation.saturating_add(1),
            user,
            access_token: tokens.access_token().into(),
            refresh_token: refresh_token_of(tokens),
            auth_time,
            expires_at: unix_seconds(info.expires_at()),
            refreshed_at: now,
            created_at,
            origin,
            pending: None,
            extra: Arc::clone(extra),
            ticket: ticket.clone(),
            was_sent: Arc::default(),
        }
    }

    /// Returns the session with tokens that cannot be verified yet.
    pub(crate) fn with_pending(&self, pending: SecretString) -> Self {
        let mut session = self.clone();
        session.generation = self.generation.saturating_add(1);
        session.refresh_token = None;
        session.pending = Some(pending);
        session
    }

    /// Returns the session with what is sealed in addition.
    pub(crate) fn with_extra(mut self, extra: Extra) -> Self {
        self.extra = Arc::new(extra);
        self
    }

    /// Returns the session without its tokens. `None` if there are tokens that are not
    /// verified yet: without them, it would not be known that it is to be refreshed.
    pub(super) fn without_tokens(&self) -> Option<Self> {
        if self.pending.is_some() {
            return None;
        }
        let mut session = self.clone();
        session.access_token = SecretString::default();
        session.refresh_token = None;
        Some(session)
    }

    /// Returns the session with the ids of its records.
    pub(crate) fn with_ticket(mut self, ticket: Arc<Ticket>) -> Self {
        self.ticket = Some(ticket);
        self
    }

    /// Returns when it was created by a login.
    pub(crate) fn created_at(&self) -> SystemTime {
        let since = Duration::from_secs(self.created_at);
        // Only a clock that is set wrong is further from the epoch.
        UNIX_EPOCH.checked_add(since).unwrap_or(UNIX_EPOCH)
    }

    pub(crate) fn access_token(&self) -> &str {
        self.access_token.expose_secret()
    }

    pub(crate) fn refresh_token(&self) -> Option<&str> {
        self.refresh_token.as_ref().map(ExposeSecret::expose_secret)
    }

    /// Returns the tokens that were not verified yet.
    pub(crate) fn pending(&self) -> Option<&str> {
        self.pending.as_ref().map(ExposeSecret::expose_secret)
    }

    /// Returns what the response to a refresh must match: the user and the time
    /// of the login.
    pub(crate) fn refresh_params(&self) -> RefreshParams {
        let params = RefreshParams::new().user(self.user);
        let auth_time = self
            .auth_time
            .and_then(|at| UNIX_EPOCH.checked_add(Duration::from_secs(at)));
        match auth_time {
            Some(at) => params.auth_time(at),
            None => params,
        }
    }

    /// Returns whether the tokens should be refreshed.
    ///
    /// They are refreshed before they expire, with a jitter so that sessions of
    /// the same time do not refresh at once; or at the age that is set.
    pub(crate) fn needs_refresh(&self, config: SessionConfig, now: u64) -> bool {
        let lifetime = self.expires_at.saturating_sub(self.refreshed_at);
        let (_, random) = self.id.as_u64_pair();
        let early = (REFRESH_MARGIN + random % JITTER).min(lifetime / 2);
        let due = self.expires_at.saturating_sub(early);
        let sooner = config.refresh_after.unwrap_or(u64::MAX);
        self.pending.is_some() || now >= due.min(self.refreshed_at.saturating_add(sooner))
    }

    /// Returns whether the tokens can be refreshed, or such a refresh completed: to
    /// withstand clocks that differ, never right after the last refresh.
    pub(crate) fn can_refresh(&self, config: SessionConfig, now: u64) -> bool {
        let may_send = self.refresh_token.is_some()
            && now >= self.refreshed_at.saturating_add(MIN_REFRESH_INTERVAL);
        config.refresh && (self.pending.is_some() || may_send)
    }

    /// Returns whether the tokens can be refreshed once more right after the last
    /// refresh.
    pub(crate) fn can_refresh_again(&self, config: SessionConfig) -> bool {
        config.refresh && self.refresh_token.is_some()
    }

    /// Returns whether Fief must confirm the session before it is accepted,
    /// since its last login or refresh was too long ago: the user may be deleted.
    pub(crate) fn needs_proof(&self, now: u64) -> bool {
        !is_within(self.refreshed_at, PROOF_LIFETIME, now)
    }

    /// Returns until when the session may be used without a refresh: until its
    /// access token expires, or Fief must confirm it.
    pub(crate) fn usable_until(&self) -> u64 {
        let proven_until = self.refreshed_at.saturating_add(PROOF_LIFETIME);
        self.expires_at.min(proven_until)
    }

    /// Returns whether the session is within its idle timeout and its lifetime.
    /// `seen_at` is when it was last used, if that is known.
    pub(crate) fn age(&self, config: SessionConfig, seen_at: Option<u64>, now: u64) -> Age {
        let last_write = self.refreshed_at.max(self.created_at);
        if last_write > now.saturating_add(SKEW) {
            return Age::Future;
        }
        // Seen in the future counts as now: it never ends a session.
        let seen_at = seen_at.unwrap_or(0).max(last_write).min(now);
        let is_remembered = self.extra.is_remembered;
        let is_current = is_within(self.created_at, config.lifetime(is_remembered), now)
            && is_within(seen_at, config.idle(is_remembered), now);
        if is_current {
            Age::Current
        } else {
            Age::Expired
        }
    }

    /// Returns when its lifetime ends.
    pub(crate) fn ends_at(&self, config: SessionConfig) -> u64 {
        let lifetime = config.lifetime(self.extra.is_remembered);
        self.created_at.saturating_add(lifetime)
    }

    /// Remembers that a response has written the session's cookies.
    pub(crate) fn mark_sent(&self) {
        self.was_sent.store(true, Ordering::Relaxed);
    }

    /// Returns whether a response has written the session's cookies.
    pub(crate) fn was_sent(&self) -> bool {
        self.was_sent.load(Ordering::Relaxed)
    }

    /// Returns when the session was last written.
    pub(crate) fn written_at(&self) -> u64 {
        self.refreshed_at
    }
}

/// Returns a random id.
pub(crate) fn random_id() -> Result<Uuid, Error> {
    let mut id = [0; 16];
    aws_lc_rs::rand::fill(&mut id).map_err(|_| {
        Error::Configuration("the operating system provides no random numbers".into())
    })?;
    Ok(Uuid::from_bytes(id))
}

/// Returns whether less than `limit` has passed since `since`, which may be in
/// the future by the skew of the clocks. All are in seconds.
pub(crate) fn is_within(since: u64, limit: u64, now: u64) -> bool {
    now.saturating_add(SKEW)
        .checked_sub(since)
        .is_some_and(|age| age < limit.saturating_add(SKEW))
}

/// Returns the refresh token of a token response, if there is one.
fn refresh_token_of(tokens: &FiefTokenResponse) -> Option<SecretString> {
    tokens.refresh_token().map(SecretString::from)
}

/// How long before its expiry a token is refreshed, in seconds.
const REFRESH_MARGIN: u64 = 60;
/// What is added to the margin at most, in seconds.
const JITTER: u64 = 30;
/// In seconds.
const MIN_REFRESH_INTERVAL: u64 = 5;
/// How far the clocks of machines may differ, in seconds.
pub(crate) const SKEW: u64 = 60;

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{Session, Uuid};

    #[test]
    fn nothing_is_kept_of_tokens() -> serde_json::Result<()> {
        let session: Session = serde_json::from_value(json!({
            "id": Uuid::nil(), "generation": 1, "user": Uuid::nil(), "access_token": "a.b.c", "refresh_token": "r",
            "auth_time": 1, "expires_at": 2, "refreshed_at": 1, "created_at": 1,
            "origin": {"process": Uuid::nil(), "sequence": 1}, "pending": null,
        }))?;
        let kept = session.without_tokens();
        let tokens = kept
            .as_ref()
            .map(|kept| (kept.access_token(), kept.refresh_token()));
        assert_eq!(tokens, Some(("", None)));
        assert!(session.with_pending("{}".into()).without_tokens().is_none());
        Ok(())
    }
}
