use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::{clock::Clock, state::State, traffic::Traffic};

/// What the handle and the server's thread share.
#[derive(Debug)]
pub(crate) struct Shared {
    pub(crate) url: String,
    pub(crate) authority: String,
    pub(crate) domain: String,
    pub(crate) clock: Clock,
    pub(crate) state: Mutex<State>,
    pub(crate) traffic: Mutex<Traffic>,
}

impl Shared {
    /// Returns the issuer of a tenant, which is https whatever the address of the server.
    pub(crate) fn issuer(&self, slug: &str) -> String {
        match slug {
            "" => format!("https://{}", self.domain),
            slug => format!("https://{}/{slug}", self.domain),
        }
    }

    /// Locks the state. Never held across an `.await`.
    pub(crate) fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn traffic(&self) -> MutexGuard<'_, Traffic> {
        self.traffic.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
