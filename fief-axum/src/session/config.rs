use crate::Error;

/// Settings of sessions. The setters of the builder change them, and
/// [`validate`](Self::validate) checks them. All times are in seconds.
#[derive(Clone, Copy, Debug)]
pub(crate) struct SessionConfig {
    /// How long a session lasts without a request, if that is set.
    pub(crate) idle: Option<u64>,
    /// How long a session lasts after its login.
    pub(crate) absolute: u64,
    /// How long a remembered session lasts, also without a request, if logins may
    /// be remembered.
    pub(crate) remember: Option<u64>,
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
            remember: None,
            refresh: false,
            refresh_after: None,
        }
    }

    /// Returns how long a session lasts after its login.
    pub(crate) fn lifetime(&self, is_remembered: bool) -> u64 {
        let remember = self.remember.filter(|_| is_remembered);
        remember.unwrap_or(self.absolute)
    }

    /// Returns how long a session lasts without a request.
    pub(crate) fn idle(&self, is_remembered: bool) -> u64 {
        let remember = self.remember.filter(|_| is_remembered);
        remember.unwrap_or(self.idle.unwrap_or(DEFAULT_IDLE).min(self.absolute))
    }

    /// Returns how long any session may last after its login.
    pub(crate) fn max_lifetime(&self) -> u64 {
        self.remember.unwrap_or(self.absolute).max(self.absolute)
    }

    pub(crate) fn validate(&self) -> Result<(), Error> {
        let Self {
            idle,
            absolute,
            remember,
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
        if let Some(remember) = remember {
            self.validate_remember(remember)?;
        }
        if refresh_after.is_some_and(|after| after < 5) {
            return Err(Error::config("refresh_after must be at least 5 seconds"));
        }
        if refresh_after.is_some() && !refresh {
            return Err(Error::config("refresh_after needs offline_access"));
        }
        Ok(())
    }

    fn validate_remember(&self, remember: u64) -> Result<(), Error> {
        if remember > MAX_LIFETIME {
            return Err(Error::config("remember_me must be at most 30 days"));
        }
        if remember > PROOF_LIFETIME && !self.refresh {
            return Err(Error::config(
                "remember_me must be at most 24 hours without offline_access",
            ));
        }
        if remember < self.absolute || remember == self.idle(false) {
            return Err(Error::config(
                "remember_me must be at least session_lifetime and longer than idle_timeout, or it \
                 has no effect",
            ));
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
