use std::{
    fmt,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use crate::{Notice, clock::Clock, state::State, traffic::Traffic};

/// State that the handle and the server's thread share.
#[derive(Debug)]
pub(crate) struct Shared {
    pub(crate) url: String,
    /// Address and port.
    pub(crate) authority: String,
    /// Domain of the issuers.
    pub(crate) domain: String,
    pub(crate) clock: Clock,
    pub(crate) state: Mutex<State>,
    pub(crate) traffic: Mutex<Traffic>,
    pub(crate) on_notice: NoticeHandler,
}

/// Function that is called with each notice. By default it does nothing.
#[derive(Clone)]
pub(crate) struct NoticeHandler(pub(crate) Arc<dyn Fn(&Notice) + Send + Sync>);

impl Default for NoticeHandler {
    fn default() -> Self {
        Self(Arc::new(|_| {}))
    }
}

impl fmt::Debug for NoticeHandler {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("NoticeHandler").finish_non_exhaustive()
    }
}

impl Shared {
    /// Returns the issuer of a tenant. As in Fief, it is always https.
    pub(crate) fn issuer(&self, slug: &str) -> String {
        match slug {
            "" => format!("https://{}", self.domain),
            slug => format!("https://{}/{slug}", self.domain),
        }
    }

    /// Locks the state. The guard must not be held across an `.await`.
    pub(crate) fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Passes a notice on. The state must not be locked.
    pub(crate) fn notify(&self, notice: &Notice) {
        (self.on_notice.0)(notice);
    }

    pub(crate) fn traffic(&self) -> MutexGuard<'_, Traffic> {
        self.traffic.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
