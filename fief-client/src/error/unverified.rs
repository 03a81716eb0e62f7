use crate::FiefError;

/// Why a token was not verified.
#[derive(Debug)]
pub(crate) enum Unverified {
    /// The keys cannot be fetched at the moment. Nothing is known about the token.
    NoKeys(FiefError),
    /// The token is invalid, and remains so.
    Rejected(FiefError),
    /// The keys that were fetched lack that of the token. A later set may have it.
    UnknownKey(FiefError),
}

impl Unverified {
    pub(crate) fn error(&self) -> &FiefError {
        match self {
            Self::NoKeys(error) | Self::Rejected(error) | Self::UnknownKey(error) => error,
        }
    }

    pub(crate) fn into_error(self) -> FiefError {
        match self {
            Self::NoKeys(error) | Self::Rejected(error) | Self::UnknownKey(error) => error,
        }
    }
}
