use std::time::Duration;

#[cfg(feature = "tower-sessions")]
use crate::session::TowerSessions;
use crate::{FiefAuthBuilder, SessionKey, UserCache, user};

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
    /// With a store sessions can be ended on all machines at once ([`revoke_user_sessions`](crate::FiefAuth::revoke_user_sessions)),
    /// and may be larger than 8 KB. What is stored is sealed with the session key.
    #[cfg(feature = "tower-sessions")]
    pub fn session_store(mut self, store: impl tower_sessions_core::SessionStore) -> Self {
        self.session.store = Some(Box::new(TowerSessions(store)));
        self
    }

    /// Keeps user info in a cache of the application's own. Default: in this process, 10 000 users and 32 MiB at most.
    pub fn user_cache(mut self, cache: impl UserCache) -> Self {
        self.users.store = user::Store::Custom(Box::new(cache));
        self
    }

    /// Sets for how long user info is taken from the cache. Default: 5 minutes. With zero, Fief is asked each time.
    pub fn user_cache_ttl(mut self, time_to_live: Duration) -> Self {
        self.users.time_to_live = time_to_live;
        self
    }
}
