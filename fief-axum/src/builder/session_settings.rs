use super::check;
use crate::{
    Error, SessionKey,
    session::{RecordStore, SessionConfig},
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
    pub(super) refresh: bool,
    pub(super) refresh_after: Option<u64>,
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
            refresh,
            refresh_after,
        } = self;
        check::first_set(&[
            ("previous_session_key", !previous_keys.is_empty()),
            ("cookie_name", cookie_name.is_some()),
            ("session_store", store.is_some()),
            ("idle_timeout", idle.is_some()),
            ("session_lifetime", lifetime.is_some()),
            ("offline_access", *refresh),
            ("refresh_after", refresh_after.is_some()),
        ])
    }

    /// Validates the times.
    pub(super) fn config(&self) -> Result<SessionConfig, Error> {
        let default = SessionConfig::new();
        let config = SessionConfig {
            idle: self.idle,
            absolute: self.lifetime.unwrap_or(default.absolute),
            refresh: self.refresh,
            refresh_after: self.refresh_after,
        };
        config.validate()?;
        Ok(config)
    }
}
