use crate::Error;

/// Settings of sessions. The setters of the builder change them, and
/// [`validate`](Self::validate) checks them. All times are in seconds.
#[derive(Clone, Copy, Debug)]
pub(crate) struct SessionConfig {
    /// How long a session lasts without a request, if that is set.
    pub(crate) idle: Option<u64>,
    /// How long a session lasts after its login.
    pub(crate) absolute: u64,
    /// Whether tokens are refreshed.
    pub(crate) refresh: bool,
    /// The age at which a token is refreshed, if that is before it is about to
    /// expire.
    pub(crate) refresh_after: Option<u64>,
}

impl SessionConfig {
    pub(crate) fn new() -> Self {
        Self {
            idle: None,
            absolute: PROOF_LIFETIME,
            refresh: false,
            refresh_after: None,
        }
    }

    /// Returns how long a session lasts without a request.
    pub(crate) fn idle(&self) -> u64 {
        self.idle.unwrap_or(DEFAULT_IDLE).min(self.absolute)
    }

    pub(crate) fn validate(&self) -> Result<(), Error> {
        let Self {
            idle,
            absolute,
            refresh,
            refresh_after,
        } = *self;
        if idle == Some(0) {
            return Err(Error::config("idle_timeout must be at least 1 second"));
        }
        if absolute == 0 || absolute > MAX_LIFETIME {
            return Err(Error::config(
                "session_lifetime must be between 1 second and 30 days",
            ));
        }
        if absolute > PROOF_LIFETIME && !refresh {
            return Err(Error::config(
                "session_lifetime must be at most 24 hours without offline_access",
            ));
        }
        if idle.is_some_and(|idle| idle > absolute) {
            return Err(Error::config(
                "idle_timeout must be at most session_lifetime, or it has no effect",
            ));
        }
        if refresh_after.is_some_and(|after| after < 5) {
            return Err(Error::config("refresh_after must be at least 5 seconds"));
        }
        if refresh_after.is_some() && !refresh {
            return Err(Error::config("refresh_after needs offline_access"));
        }
        Ok(())
    }
}

/// How long a login or a refresh proves that the user exists, in seconds.
pub(super) const PROOF_LIFETIME: u64 = 24 * 3600;
/// 1 hour.
const DEFAULT_IDLE: u64 = 3600;
/// 30 days.
const MAX_LIFETIME: u64 = 30 * 24 * 3600;
