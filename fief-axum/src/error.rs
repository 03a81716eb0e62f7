use std::{error, sync::Arc};

use fief_client::FiefError;

/// Error of building a [`FiefAuth`](crate::FiefAuth), of reading a
/// [`SessionKey`](crate::SessionKey), and of revoking sessions.
///
/// Requests do not fail with it: they are rejected with a
/// [`Rejection`](crate::Rejection), and the error is logged.
///
/// The text of an error does not include its cause. Print the chain of
/// [`source`](error::Error::source)s to see it, as `anyhow` and `eyre` do.
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A setting is invalid, or one that is needed is missing. The text names
    /// the setting and says what to change.
    #[error("invalid configuration: {0}")]
    Configuration(String),
    /// An error of [`fief_client`].
    ///
    /// If it is a [`FiefError::Transport`], Fief is unreachable and trying
    /// again later may help.
    #[error(transparent)]
    Fief(#[from] FiefError),
    /// The session key is too short, or cannot be read or generated. The text
    /// says why and does not contain the key.
    #[error("invalid session key: {0}")]
    SessionKey(&'static str),
    /// The session store failed, or did not respond within 5 seconds.
    ///
    /// The source is the store's own error.
    #[error("the session store failed")]
    SessionStore(#[source] Arc<dyn error::Error + Send + Sync>),
}

impl Error {
    pub(crate) fn config(why: impl Into<String>) -> Self {
        Self::Configuration(why.into())
    }
}
