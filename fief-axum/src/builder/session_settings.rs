use std::time::Duration;

use fief_client::Fief;

use super::check;
use crate::{
    Error, SessionKey,
    session::{OnRefresh, REFRESH_HOOK_TIMEOUT, RecordStore, SessionConfig},
};

/// Settings of sessions, not validated yet. All times are in seconds.
#[derive(Default)]
pub(super) struct SessionSettings {
    pub(super) previous_keys: Vec<SessionKey>,
    pub(super) cookie_name: Option<String>,
    /// `None` keeps sessions in cookies.
    pub(super) store: Option<Box<dyn RecordStore>>,
    pub(super) idle: Option<u64>,
    pub(super) lifetime: Option<u64>,
    pub(super) remember: Option<u64>,
    pub(super) refresh: bool,
    pub(super) refresh_after: Option<u64>,
    pub(super) on_refresh: Option<OnRefresh>,
}

impl SessionSettings {
    /// Returns the name of a setting that was made.
    pub(super) fn first_set(&self) -> Option<&'static str> {
        let Self {
            previous_keys,
            cookie_name,
            store,
            idle,
            lifetime,
            remember,
            refresh,
            refresh_after,
            on_refresh,
        } = self;
        check::first_set(&[
            ("previous_session_key", !previous_keys.is_empty()),
            ("cookie_name", cookie_name.is_some()),
            ("session_store", store.is_some()),
            ("idle_timeout", idle.is_some()),
            ("session_lifetime", lifetime.is_some()),
            ("remember_me", remember.is_some()),
            ("offline_access", *refresh),
            ("refresh_after", refresh_after.is_some()),
            ("on_refresh", on_refresh.is_some()),
        ])
    }

    /// Returns how long requests wait for a refresh: also for its hook.
    pub(super) fn refresh_timeout(&self, fief: &Fief) -> Duration {
        let hook = self.on_refresh.as_ref();
        let hook_timeout = hook.map_or(Duration::ZERO, |_| REFRESH_HOOK_TIMEOUT);
        fief.wait_timeout().saturating_add(hook_timeout)
    }

    /// Validates the times.
    pub(super) fn config(&self) -> Result<SessionConfig, Error> {
        let default = SessionConfig::new();
        let config = SessionConfig {
            idle: self.idle,
            absolute: self.lifetime.unwrap_or(default.absolute),
            remember: self.remember,
            refresh: self.refresh,
            refresh_after: self.refresh_after,
        };
        config.validate()?;
        if self.on_refresh.is_some() && !config.refresh {
            return Err(check::without_effect("on_refresh", "offline_access"));
        }
        Ok(config)
    }
}
