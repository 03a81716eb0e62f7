use std::time::Duration;

use crate::{
    Error, FiefAuthBuilder, SessionKey,
    session::{Refresh, Store},
    site::bad,
};

/// How sessions are kept, as the builder was told.
pub(crate) struct Settings {
    pub(crate) previous_keys: Vec<SessionKey>,
    idle: Duration,
    absolute: Duration,
    pub(crate) refresh: bool,
    refresh_after: Option<Duration>,
    pub(crate) store: Option<Store>,
}

/// How long and where sessions are kept.
impl FiefAuthBuilder {
    /// Accepts sessions that were sealed with a former key. New ones are sealed with the key given to
    /// [`login`](Self::login). Default: none.
    pub fn previous_session_key(mut self, key: SessionKey) -> Self {
        self.session.previous_keys.push(key);
        self
    }

    /// Sets after which time without a request a session is over (whole seconds). Default: 1 hour.
    pub fn idle_timeout(mut self, idle: Duration) -> Self {
        self.session.idle = idle;
        self
    }

    /// Sets how long a session lasts at most (whole seconds). Default and maximum: 24 hours.
    pub fn session_lifetime(mut self, lifetime: Duration) -> Self {
        self.session.absolute = lifetime;
        self
    }

    /// Asks for the scope `offline_access` and refreshes access tokens a minute before they are over. Default: a
    /// session lasts as long as the access token of its login.
    ///
    /// A refresh happens within a request that needs the token, and once for all requests of a session. Fief changes
    /// the refresh token each time. In cookies the new one is lost when the browser hangs up before the answer and
    /// does not come back to this process within 30 seconds, and when it comes back to another process: then the
    /// session lasts until its access token is over. With a [session store](#method.session_store) nothing is lost.
    ///
    /// A refreshed token has ACR [`LevelZero`](fief_client::FiefAcr::LevelZero), so a guard that requires more asks for
    /// a login again.
    pub fn offline_access(mut self) -> Self {
        self.session.refresh = true;
        self
    }

    /// Refreshes tokens that are older than this (whole seconds, at least 5), so that changed permissions count
    /// sooner. Needs [`offline_access`](Self::offline_access). Default: only when they are about to expire.
    pub fn refresh_after(mut self, age: Duration) -> Self {
        self.session.refresh_after = Some(age);
        self
    }

    /// Keeps sessions in a store of [`tower-sessions`](https://docs.rs/tower-sessions-core), such as Redis or a
    /// database, and gives browsers a random id only. Default: the sealed session itself is in the browser's cookies.
    ///
    /// With a store sessions can be ended on all machines at once ([`end_sessions`](crate::FiefAuth::end_sessions)),
    /// and may be larger than 8 KB. What is stored is sealed with the session key.
    #[cfg(feature = "tower-sessions")]
    pub fn session_store(mut self, store: impl tower_sessions_core::SessionStore) -> Self {
        let records = Box::new(super::tower_sessions::TowerSessions(store));
        self.session.store = Some(Store::new(records));
        self
    }
}

impl Settings {
    pub(crate) fn new() -> Self {
        Self {
            previous_keys: Vec::new(),
            idle: Duration::from_secs(3600),
            absolute: MAX_LIFETIME,
            refresh: false,
            refresh_after: None,
            store: None,
        }
    }

    /// Idle and absolute lifetime in seconds.
    pub(crate) fn lifetimes(&self) -> Result<(u64, u64), Error> {
        let (idle, absolute) = (self.idle.as_secs(), self.absolute.as_secs());
        if idle == 0 || absolute == 0 || self.absolute > MAX_LIFETIME {
            return Err(bad(
                "idle_timeout, session_lifetime: from 1 second to 24 hours",
            ));
        }
        Ok((idle, absolute))
    }

    pub(crate) fn refresh(&self) -> Result<Option<Refresh>, Error> {
        let after = self.refresh_after.map(|after| after.as_secs());
        if after.is_some_and(|after| after < 5) {
            return Err(bad("refresh_after: at least 5 seconds"));
        }
        if after.is_some() && !self.refresh {
            return Err(bad("refresh_after: needs offline_access"));
        }
        Ok(self.refresh.then_some(Refresh { after }))
    }
}

const MAX_LIFETIME: Duration = Duration::from_secs(24 * 3600);
