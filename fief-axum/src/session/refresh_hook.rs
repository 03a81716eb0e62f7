use std::{
    fmt,
    pin::Pin,
    sync::Arc,
    time::{Duration, SystemTime},
};

use axum::BoxError;
use fief_client::{Fief, internal::Chain};
use serde::de::DeserializeOwned;
use tokio::time::timeout;
use uuid::Uuid;

use super::{data::Session, id::SessionId};
use crate::{catch_panic::catch_panic, log::limited};

/// The hook of `FiefAuthBuilder::on_refresh`.
pub(crate) type OnRefresh =
    Arc<dyn Fn(SessionRefresh) -> Pin<Box<dyn Future<Output = Decision> + Send>> + Send + Sync>;

/// What the hook returns.
type Decision = Result<bool, BoxError>;

/// What [`on_refresh`](crate::FiefAuthBuilder::on_refresh) returns: a `bool`, or a `Result` of one if it may fail.
pub trait RefreshDecision: private::Sealed {
    #[doc(hidden)]
    fn into_decision(self) -> Result<bool, BoxError>;
}

impl RefreshDecision for bool {
    fn into_decision(self) -> Decision {
        Ok(self)
    }
}

impl<E: Into<BoxError>> RefreshDecision for Result<bool, E> {
    fn into_decision(self) -> Decision {
        self.map_err(Into::into)
    }
}

mod private {
    pub trait Sealed {}

    impl Sealed for bool {}
    impl<E> Sealed for Result<bool, E> {}
}

/// Session whose tokens are about to be refreshed: the argument of
/// [`on_refresh`](crate::FiefAuthBuilder::on_refresh).
pub struct SessionRefresh {
    session: Arc<Session>,
}

impl SessionRefresh {
    /// Returns the user's id.
    #[must_use]
    pub fn user_id(&self) -> Uuid {
        self.session.user
    }

    /// Returns the session's id, which is not a secret.
    #[must_use]
    pub fn session_id(&self) -> SessionId {
        self.session.id.into()
    }

    /// Returns when the session was created by a login.
    #[must_use]
    pub fn created_at(&self) -> SystemTime {
        self.session.created_at()
    }

    /// Returns the value that [`on_login`](crate::FiefAuthBuilder::on_login) has put
    /// into the session. `None` if there is none.
    ///
    /// # Errors
    ///
    /// An error of JSON if the value is not of this type.
    pub fn data<T: DeserializeOwned>(&self) -> Result<Option<T>, serde_json::Error> {
        self.session.extra.data()
    }
}

impl fmt::Debug for SessionRefresh {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SessionRefresh")
            .field("user_id", &self.user_id())
            .field("session_id", &self.session_id())
            .finish_non_exhaustive()
    }
}

/// What the application says of a session that is to be refreshed.
pub(super) enum Verdict {
    Continue,
    End,
    /// The hook failed, panicked or took too long, which was logged.
    Failed,
}

/// Calls the application's hook, if there is one. Nothing was sent to Fief, so
/// nothing is lost if it fails.
pub(super) async fn call(hook: Option<&OnRefresh>, session: &Arc<Session>, fief: &Fief) -> Verdict {
    let Some(hook) = hook else {
        return Verdict::Continue;
    };
    let session = Arc::clone(session);
    let call = async { hook(SessionRefresh { session }).await };
    let called = timeout(REFRESH_HOOK_TIMEOUT, catch_panic(call)).await;
    match called.map(|decision| decision.unwrap_or_else(|panicked| Err(panicked.into()))) {
        Ok(Ok(true)) => Verdict::Continue,
        Ok(Ok(false)) => Verdict::End,
        Ok(Err(error)) => {
            let error = Chain(&*error);
            limited!(error, fief, error = %error, "`on_refresh` failed: no token is refreshed");
            Verdict::Failed
        }
        Err(_) => {
            limited!(
                error,
                fief,
                "`on_refresh` takes longer than 5 seconds: no token is refreshed"
            );
            Verdict::Failed
        }
    }
}

/// How long the hook may take, for which requests of the session wait.
pub(crate) const REFRESH_HOOK_TIMEOUT: Duration = Duration::from_secs(5);
