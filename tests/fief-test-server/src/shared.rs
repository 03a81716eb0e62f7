use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::{clock::Clock, state::State, traffic::Traffic};

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

    pub(crate) fn traffic(&self) -> MutexGuard<'_, Traffic> {
        self.traffic.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
