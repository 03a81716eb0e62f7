use std::{sync::Arc, time::Duration};

use fief_client::Fief;

use super::check;
use crate::{
    Error,
    session::{MarkConfig, Marks},
    user::Users,
};

/// Settings of denials and of what webhooks change, not validated yet.
#[derive(Default)]
pub(super) struct MarkSettings {
    pub(super) denial_lifetime: Option<Duration>,
    pub(super) is_shared: bool,
    pub(super) ends_outdated: bool,
}

impl MarkSettings {
    /// Returns the name of a setting that needs webhooks.
    #[cfg(feature = "webhooks")]
    pub(super) fn first_of_webhooks(&self) -> Option<&'static str> {
        check::first_set(&[("end_outdated_sessions", self.ends_outdated)])
    }

    /// Validates the settings.
    pub(super) fn build(
        &self,
        fief: &Fief,
        users: &Arc<Users>,
        has_store: bool,
        has_webhooks: bool,
    ) -> Result<Arc<Marks>, Error> {
        let Self {
            denial_lifetime,
            is_shared,
            ends_outdated,
        } = *self;
        if is_shared && !has_store {
            return Err(check::without_effect("shared_denials", "session_store"));
        }
        let default = MarkConfig::default();
        let lifetime = denial_lifetime.map_or(default.lifetime, |lifetime| lifetime.as_secs());
        if lifetime == 0 || lifetime > MAX_LIFETIME {
            return Err(Error::config(
                "denial_lifetime must be between 1 second and 400 days",
            ));
        }
        let config = MarkConfig {
            lifetime,
            is_shared: has_store && (is_shared || has_webhooks),
            ends_outdated,
        };
        let marks = Marks::new(fief.clone(), Arc::clone(users), config);
        Ok(Arc::new(marks))
    }
}

/// 400 days, in seconds.
const MAX_LIFETIME: u64 = 400 * 24 * 3600;
