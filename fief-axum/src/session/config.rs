use crate::Error;

/// Settings of sessions. The setters of the builder change them, and
/// [`validate`](Self::validate) checks them. All times are in seconds.
#[derive(Clone, Copy, Debug)]
pub(crate) struct SessionConfig {
    /// How long a session lasts without a request.
    pub(crate) idle: u64,
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
            idle: 3600,
            absolute: MAX_LIFETIME,
            refresh: false,
            refresh_after: None,
        }
    }

    pub(crate) fn validate(&self) -> Result<(), Error> {
        let Self {
            idle,
            absolute,
            refresh,
            refresh_after,
        } = *self;
        if idle == 0 {
            return Err(Error::config("idle_timeout must be at least 1 second"));
        }
        if absolute == 0 || absolute > MAX_LIFETIME {
            return Err(Error::config(
                "session_lifetime must be between 1 second and 24 hours",
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

/// Bounds how long the session of a deleted user lasts.
const MAX_LIFETIME: u64 = 24 * 3600;
