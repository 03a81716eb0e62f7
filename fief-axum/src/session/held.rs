use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError, Weak},
};

use uuid::Uuid;

use super::data::Session;

/// Sessions that handlers and streams hold, each with its newest generation in
/// this process: other requests may refresh it meanwhile.
#[derive(Default)]
pub(crate) struct HeldSessions {
    sessions: Mutex<HashMap<Uuid, Weak<Mutex<Arc<Session>>>>>,
}

/// Session that is held.
#[derive(Clone)]
pub(crate) struct HeldSession {
    newest: Arc<Mutex<Arc<Session>>>,
}

impl HeldSessions {
    /// Returns a session for as long as something holds it.
    pub(crate) fn hold(&self, session: &Arc<Session>) -> HeldSession {
        let mut sessions = self.sessions.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(newest) = sessions.get(&session.id).and_then(Weak::upgrade) {
            let held = HeldSession { newest };
            held.update(session);
            return held;
        }
        // Only if it would grow: the amortized cost is constant.
        if sessions.len() == sessions.capacity() {
            sessions.retain(|_, session| session.strong_count() > 0);
            let room = sessions.len();
            sessions.reserve(room);
        }
        let newest = Arc::new(Mutex::new(Arc::clone(session)));
        sessions.insert(session.id, Arc::downgrade(&newest));
        HeldSession { newest }
    }

    /// Updates a session that was refreshed.
    pub(crate) fn update(&self, newer: &Arc<Session>) {
        let sessions = self.sessions.lock().unwrap_or_else(PoisonError::into_inner);
        let newest = sessions.get(&newer.id).and_then(Weak::upgrade);
        drop(sessions);
        if let Some(newest) = newest {
            HeldSession { newest }.update(newer);
        }
    }
}

impl HeldSession {
    /// Returns the newest generation.
    pub(crate) fn newest(&self) -> Arc<Session> {
        let newest = self.newest.lock().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(&newest)
    }

    /// Updates the session, if this is a newer generation.
    pub(crate) fn update(&self, newer: &Arc<Session>) {
        let mut newest = self.newest.lock().unwrap_or_else(PoisonError::into_inner);
        if newer.generation > newest.generation {
            *newest = Arc::clone(newer);
        }
    }
}
