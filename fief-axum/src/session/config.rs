/// Validated settings of sessions. All times are in seconds.
#[derive(Clone, Copy, Debug)]
pub(crate) struct SessionConfig {
    /// How long a session lasts without a request.
    pub(crate) idle: u64,
    /// How long a session lasts after its login.
    pub(crate) absolute: u64,
    /// `None` if tokens are not refreshed.
    pub(crate) refresh: Option<Refresh>,
}

/// Settings of the refresh of tokens.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Refresh {
    /// The age at which a token is refreshed, if that is before it is about to
    /// expire.
    pub(crate) after: Option<u64>,
}
