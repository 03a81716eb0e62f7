/// What a request to Fief is for. Each kind of call has a policy of its own, see [`Load`](super::load::Load).
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Call {
    /// Fetch of the discovery document.
    Discovery,
    /// Exchange of a code. Anonymous clients can cause it.
    Exchange,
    /// Fetch of the signing keys.
    Keys,
    /// Exchange of a refresh token.
    Refresh,
    /// Request of a user about their own account.
    UserApi,
    /// Fetch of user info.
    UserInfo,
}

impl Call {
    /// Returns the name for the log.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Discovery => "discovery",
            Self::Exchange => "code exchange",
            Self::Keys => "keys",
            Self::Refresh => "refresh",
            Self::UserApi => "user API",
            Self::UserInfo => "user info",
        }
    }
}
