/// How long sessions last, and whether their tokens are refreshed. All times are seconds.
#[derive(Clone, Copy, Debug)]
pub(crate) struct SessionConfig {
    pub(crate) idle: u64,
    pub(crate) absolute: u64,
    /// None where tokens are not refreshed.
    pub(crate) refresh: Option<Refresh>,
}

/// That tokens are refreshed, and when.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Refresh {
    /// Seconds after which they are even if they are good for longer.
    pub(crate) after: Option<u64>,
}
