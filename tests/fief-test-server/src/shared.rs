use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::{clock::Clock, state::State, traffic::Traffic};

/// What the handle and the server's thread have in common.
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
    /// The issuer of a tenant: always https, whatever address the server has.
    pub(crate) fn issuer(&self, slug: &str) -> String {
        match slug {
            "" => format!("https://{}", self.domain),
            slug => format!("https://{}/{slug}", self.domain),
        }
    }

    /// Never held across an await, nor while a token is minted.
    pub(crate) fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn traffic(&self) -> MutexGuard<'_, Traffic> {
        self.traffic.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
