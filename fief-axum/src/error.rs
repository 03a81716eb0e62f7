use std::{error, sync::Arc};

use fief_client::FiefError;

/// What is wrong with how [`FiefAuth`](crate::FiefAuth) is set up, or with what it stands on.
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The application's URL, a path or a lifetime cannot be used.
    #[error("bad configuration: {0}")]
    Configuration(String),
    /// The client of Fief says so.
    #[error(transparent)]
    Fief(#[from] FiefError),
    /// The session key is too short or not readable.
    #[error("bad session key: {0}")]
    SessionKey(&'static str),
    /// The session store does not do what it is authentication.
    #[error("the session store failed")]
    SessionStore(#[source] Arc<dyn error::Error + Send + Sync>),
}

impl Error {
    pub(crate) fn config(why: impl Into<String>) -> Self {
        Self::Configuration(why.into())
    }
}
