use std::sync::Arc;

use fief_client::{FiefError, PendingTokens};

use super::login_hook::BufferedResponse;
use crate::{Error, session::Created};

/// Outcome of a callback.
#[derive(Clone)]
pub(super) enum Outcome {
    /// The application has rejected the login.
    Denied(Arc<BufferedResponse>),
    /// The application's hook failed, which was logged.
    HookFailed,
    LoggedIn(Arc<LoggedIn>),
    /// No token request was sent: the attempt can still be used.
    NotSent(FiefError),
    /// The same callback may succeed later: the tokens are kept, another machine
    /// exchanges the code, or there is no room for another exchange.
    NotYet,
    /// The attempt was used with another code.
    OtherCode,
    /// Fief rejected the code, or its tokens were rejected.
    Rejected(FiefError),
    /// The attempt was used by this callback before.
    Replayed,
    /// The session could not be created, and cannot be later.
    SessionFailed(Error),
}

/// Login that succeeded.
pub(super) struct LoggedIn {
    pub(super) created: Created,
    /// The page that the application has chosen, instead of the one that the login
    /// began with.
    pub(super) page: Option<String>,
}

/// How an exchange, or the completion of a kept one, ended.
pub(super) enum Ended {
    /// The attempt can still be used.
    Free(Outcome),
    Kept(PendingTokens),
    /// When the session was created, in seconds of Unix time.
    LoggedIn(Arc<LoggedIn>, u64),
    Used(Outcome),
}
