use std::time::Duration;

#[cfg(feature = "tower-sessions")]
use crate::session::TowerSessions;
use crate::{FiefAuthBuilder, SessionKey, UserCache};

/// Settings of sessions, which need [`login`](FiefAuthBuilder::login), and of
/// the cache of user info.
impl FiefAuthBuilder {
    /// Sets the beginning of all cookies' names, such as `shop` for
    /// `__Host-shop_session`. Default: `fief`, and a hash of the
    /// client and the application's URL at the end of each name, so that
    /// several applications on one host keep their cookies apart.
    ///
    /// It is needed only if two `FiefAuth` have the same client and URL, or if
    /// other software expects a certain name. The names have no hash then, so each
    /// application on the host needs a different one: `shop` and `shop_login` keep
    /// their cookies apart. ASCII letters, digits, `-` and `_`, 1 to 32 of them, and
    /// not `__` at the beginning.
    pub fn cookie_name(mut self, name: impl Into<String>) -> Self {
        self.session.cookie_name = Some(name.into());
        self
    }

    /// Accepts sessions that were sealed with a previous key. Default: no
    /// previous keys.
    ///
    /// New sessions are sealed with the key given to [`login`](Self::login).
    /// Use it to replace that key without logging users out, and remove the
    /// previous key after a [`session_lifetime`](Self::session_lifetime). If
    /// several processes run during the deployment, first give the new key to
    /// all of them as a previous one, so that each can read what others seal.
    ///
    /// A process that does not have the previous key any more cannot end sessions
    /// that were sealed with it. Processes that still have it accept them.
    ///
    /// # Example
    ///
    /// ```
    /// # use fief_axum::{FiefAuth, SessionKey};
    /// # use fief_client::Fief;
    /// # let fief = Fief::builder("https://fief.example.com", "CLIENT_ID").build()?;
    /// # let (new_key, old_key) = (SessionKey::generate()?, SessionKey::generate()?);
    /// let auth = FiefAuth::builder(fief)
    ///     .login("https://app.example.com", new_key)
    ///     .previous_session_key(old_key)
    ///     .build()?;
    /// # let _ = auth;
    /// # Ok::<(), fief_axum::Error>(())
    /// ```
    pub fn previous_session_key(mut self, key: SessionKey) -> Self {
        self.session.previous_keys.push(key);
        self
    }

    /// Sets how long a session lasts without a request, in whole seconds.
    /// Default: 1 hour, or the [`session_lifetime`](Self::session_lifetime) if that is shorter.
    ///
    /// It must be at least 1 second, and at most the lifetime: set both to the
    /// same to let sessions last without requests. The time of the last request is recorded
    /// at most once a minute, so with a shorter timeout sessions end even while
    /// they are in use.
    pub fn idle_timeout(mut self, timeout: Duration) -> Self {
        self.session.idle = Some(timeout.as_secs());
        self
    }

    /// Sets how long a session lasts after its login, even while it is in use,
    /// in whole seconds. Default: 24 hours. Maximum: 24 hours, or 30 days with
    /// [`offline_access`](Self::offline_access).
    ///
    /// Without [`offline_access`](Self::offline_access) a session also ends
    /// when the access token of its login expires. With it, Fief must confirm
    /// each day that the user still exists: a request that is more than 24
    /// hours after the login or the last refresh is accepted only once the
    /// tokens are refreshed. While Fief is unreachable, it is rejected with 503,
    /// and the session is kept.
    ///
    /// # Example
    ///
    /// ```
    /// use std::time::Duration;
    /// # use fief_axum::{FiefAuth, SessionKey};
    /// # use fief_client::Fief;
    ///
    /// # let fief = Fief::builder("https://fief.example.com", "CLIENT_ID").build()?;
    /// # let session_key = SessionKey::generate()?;
    /// let month = Duration::from_secs(30 * 24 * 3600);
    /// let auth = FiefAuth::builder(fief)
    ///     .login("https://app.example.com", session_key)
    ///     .offline_access()
    ///     .session_lifetime(month)
    ///     .idle_timeout(month)
    ///     .build()?;
    /// # let _ = auth;
    /// # Ok::<(), fief_axum::Error>(())
    /// ```
    pub fn session_lifetime(mut self, lifetime: Duration) -> Self {
        self.session.lifetime = Some(lifetime.as_secs());
        self
    }

    /// Lets a login say that its session is remembered, by the parameter `remember`
    /// of the login route: the session then lasts `lifetime`, in whole seconds, also
    /// without a request. Default: logins cannot say so.
    ///
    /// It must be at least the [`session_lifetime`](Self::session_lifetime), longer than
    /// the [`idle_timeout`](Self::idle_timeout), and at most 24 hours, or 30 days with
    /// [`offline_access`](Self::offline_access): then Fief confirms each day that the
    /// user still exists.
    ///
    /// The values `1`, `on` and `true` remember the session, `0`, `off` and `false` do
    /// not. Without the parameter, a login of the same user keeps what the browser's
    /// session has, so that a step-up does not end it.
    ///
    /// Anything that can link to the login route can set the parameter. It is for
    /// the user's convenience: where a session must be short, require a recent login
    /// with [`max_age`](crate::RequireLayer::max_age).
    ///
    /// # Example
    ///
    /// ```
    /// use std::time::Duration;
    /// # use fief_axum::{FiefAuth, SessionKey};
    /// # use fief_client::Fief;
    ///
    /// # let fief = Fief::builder("https://fief.example.com", "CLIENT_ID").build()?;
    /// # let session_key = SessionKey::generate()?;
    /// let auth = FiefAuth::builder(fief)
    ///     .login("https://app.example.com", session_key)
    ///     .offline_access()
    ///     .remember_me(Duration::from_secs(30 * 24 * 3600))
    ///     .build()?;
    ///
    /// let form = r#"
    ///     <form action="/login">
    ///       <label><input type="checkbox" name="remember"> Remember me</label>
    ///       <button>Log in</button>
    ///     </form>"#;
    /// # let _ = (auth, form);
    /// # Ok::<(), fief_axum::Error>(())
    /// ```
    #[doc(alias = "keep me logged in")]
    pub fn remember_me(mut self, lifetime: Duration) -> Self {
        self.session.remember = Some(lifetime.as_secs());
        self
    }

    /// Requests the scope `offline_access` at login and refreshes the access
    /// tokens of sessions about a minute before they expire. Default: a session
    /// ends when the access token of its login expires.
    ///
    /// Tokens are refreshed by the first request that needs them. Concurrent
    /// requests of the same session share one refresh.
    ///
    /// A refreshed access token has ACR
    /// [`LevelZero`](fief_client::FiefAcr::LevelZero), so a guard that requires
    /// a higher level makes the user log in again.
    ///
    /// # Lost refresh tokens
    ///
    /// Each refresh invalidates the previous refresh token. Without a session
    /// store, the new one is lost if the browser disconnects before the
    /// response arrives, and does not return to the same process within 30
    /// seconds. The session then ends when its access token expires. With a
    /// session store (`session_store`) it is lost only if the process ends
    /// between Fief's response and its write.
    ///
    /// # Example
    ///
    /// ```
    /// use std::time::Duration;
    /// # use fief_axum::{FiefAuth, SessionKey};
    /// # use fief_client::Fief;
    ///
    /// # let fief = Fief::builder("https://fief.example.com", "CLIENT_ID").build()?;
    /// # let session_key = SessionKey::generate()?;
    /// let auth = FiefAuth::builder(fief)
    ///     .login("https://app.example.com", session_key)
    ///     .offline_access()
    ///     .refresh_after(Duration::from_secs(5 * 60))
    ///     .build()?;
    /// # let _ = auth;
    /// # Ok::<(), fief_axum::Error>(())
    /// ```
    pub fn offline_access(mut self) -> Self {
        self.session.refresh = true;
        self
    }

    /// Refreshes access tokens that are older than `age`, in whole seconds.
    /// Default: only when they are about to expire.
    ///
    /// Permissions are part of the access token. Set an age to make changes of
    /// a user's permissions take effect sooner, at the cost of more requests to
    /// Fief. It must be at least 5 seconds, and needs
    /// [`offline_access`](Self::offline_access).
    pub fn refresh_after(mut self, age: Duration) -> Self {
        self.session.refresh_after = Some(age.as_secs());
        self
    }

    /// Keeps sessions in a store of
    /// [`tower-sessions`](https://docs.rs/tower-sessions-core), such as Redis or
    /// a database. Default: no store, the sealed session is in the browser's
    /// cookies.
    ///
    /// Use a store if
    /// - sessions must be revocable on all machines at once
    ///   ([`revoke_user_sessions`](crate::FiefAuth::revoke_user_sessions)),
    /// - tokens are refreshed and must not be lost
    ///   ([`offline_access`](Self::offline_access)), or
    /// - a session may be larger than 6.5 KB, because users have many
    ///   permissions. With a URL of the callback of more than 75 bytes, it is that
    ///   much less.
    ///
    /// The cookie then holds only sealed ids, and each request loads three
    /// records from the store at once, four with webhooks or
    /// [`shared_denials`](Self::shared_denials). Records are sealed with the session key,
    /// so tokens cannot be read from the store. If the store fails, requests
    /// with a session are rejected with 503.
    ///
    /// A login has a record of its own for 11 minutes, by which its code is sent
    /// to Fief once, and any machine can finish it if Fief's keys cannot be fetched
    /// for the moment.
    ///
    /// A session ends if one of its records is missing. So the store must not
    /// evict records to make room: set Redis' `maxmemory-policy` to
    /// `noeviction`, or users are logged out when memory is short.
    ///
    /// A store that caches records in the process, such as
    /// `CachingSessionStore`, does not notice revocations by other machines. If the
    /// store replaces a record that exists when another one is to be created, two
    /// simultaneous first logins of a user may end one of them. A login on one
    /// machine may be ended by
    /// [`revoke_user_sessions`](crate::FiefAuth::revoke_user_sessions) on another
    /// one at the same time.
    ///
    /// The store implements the trait `SessionStore` of tower-sessions-core 0.14, which is that of tower-sessions 0.14:
    /// `tower-sessions-redis-store` 0.16 and `tower-sessions-sqlx-store` 0.15 do. With another version the compiler says
    /// that the trait is not implemented. The [guide](https://docs.rs/fief-axum/latest/fief_axum/guide/machines/) sets up
    /// Redis.
    ///
    /// # Example
    ///
    /// ```
    /// # use fief_axum::{Error, FiefAuth, SessionKey};
    /// # use fief_client::Fief;
    /// use fief_axum::tower_sessions_core::SessionStore;
    ///
    /// fn auth(fief: Fief, key: SessionKey, store: impl SessionStore) -> Result<FiefAuth, Error> {
    ///     FiefAuth::builder(fief)
    ///         .login("https://app.example.com", key)
    ///         .session_store(store)
    ///         .build()
    /// }
    /// ```
    #[cfg(feature = "tower-sessions")]
    #[doc(alias = "redis")]
    #[doc(alias = "postgresql")]
    pub fn session_store(mut self, store: impl tower_sessions_core::SessionStore) -> Self {
        self.session.store = Some(Box::new(TowerSessions(store)));
        self
    }

    /// Keeps user info in a custom cache, such as a Redis that several machines
    /// share. Default: a cache in this process, of at most 10 000 users and
    /// 32 MiB.
    ///
    /// See [`UserCache`] for an example.
    #[doc(alias = "get_userinfo_cache")]
    #[doc(alias = "userInfoCache")]
    pub fn user_cache(mut self, cache: impl UserCache) -> Self {
        self.users.custom = Some(Box::new(cache));
        self
    }

    /// Sets how long user info is served from the cache before it is fetched
    /// again. Default: 5 minutes.
    ///
    /// With [`Duration::ZERO`] it is fetched from Fief by every request that
    /// needs it.
    ///
    /// If Fief fails, the user that this process fetched last is served on, for up
    /// to 24 hours after that. A deleted user is such a failure (500): its tokens
    /// stay valid until they expire. [`FreshUser`](crate::FreshUser) is rejected with
    /// 503 instead.
    pub fn user_cache_ttl(mut self, time_to_live: Duration) -> Self {
        self.users.time_to_live = time_to_live;
        self
    }
}
