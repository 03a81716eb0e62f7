use std::{sync::Arc, time::Duration};

use fief_client::Fief;
use url::Url;

use crate::{
    Error, SessionKey,
    cookie::{CookieConfig, Keys},
    session::{RecordStore, Refresh, Refreshes, RevocationList, SessionConfig, Sessions, Store},
    user::Users,
};

/// Settings of sessions, not validated yet.
pub(super) struct SessionSettings {
    pub(super) previous_keys: Vec<SessionKey>,
    /// The time after which an unused session ends.
    pub(super) idle: Duration,
    /// The time after which any session ends.
    pub(super) absolute: Duration,
    /// Whether tokens are refreshed.
    pub(super) refresh: bool,
    pub(super) refresh_after: Option<Duration>,
    /// `None` keeps sessions in cookies.
    pub(super) store: Option<Box<dyn RecordStore>>,
}

impl SessionSettings {
    pub(super) fn new() -> Self {
        Self {
            previous_keys: Vec::new(),
            idle: Duration::from_secs(3600),
            absolute: MAX_LIFETIME,
            refresh: false,
            refresh_after: None,
            store: None,
        }
    }

    /// Validates the settings and derives the keys of `key` and of the
    /// previous keys.
    pub(super) fn build(
        self,
        fief: &Fief,
        users: &Arc<Users>,
        app_url: &Url,
        key: SessionKey,
    ) -> Result<Arc<Sessions>, Error> {
        let config = self.config()?;
        let Self {
            previous_keys,
            idle: _,
            absolute: _,
            refresh: _,
            refresh_after: _,
            store,
        } = self;
        let keys = Arc::new(Keys::new(key, previous_keys, fief.client_id())?);
        let is_secure = app_url.scheme() == "https";
        if !is_secure {
            tracing::warn!("app_url is http: cookies are not Secure, use https in production");
        }
        let store = store.map(|records| Store::new(records, Arc::clone(&keys), config.absolute));
        Ok(Arc::new(Sessions {
            fief: fief.clone(),
            users: Arc::clone(users),
            cookies: CookieConfig { is_secure, keys },
            config,
            refreshes: Refreshes::new(),
            revoked: RevocationList::new(),
            store,
        }))
    }

    fn config(&self) -> Result<SessionConfig, Error> {
        let (idle, absolute) = (self.idle.as_secs(), self.absolute.as_secs());
        if idle == 0 {
            return Err(Error::config("idle_timeout must be at least 1 second"));
        }
        if absolute == 0 || self.absolute > MAX_LIFETIME {
            return Err(Error::config(
                "session_lifetime must be between 1 second and 24 hours",
            ));
        }
        let after = self.refresh_after.map(|after| after.as_secs());
        if after.is_some_and(|after| after < 5) {
            return Err(Error::config("refresh_after must be at least 5 seconds"));
        }
        if after.is_some() && !self.refresh {
            return Err(Error::config("refresh_after needs offline_access"));
        }
        Ok(SessionConfig {
            idle,
            absolute,
            refresh: self.refresh.then_some(Refresh { after }),
        })
    }
}

/// Bounds how long the session of a deleted user lasts.
const MAX_LIFETIME: Duration = Duration::from_secs(24 * 3600);
