use std::{
    collections::HashMap,
    sync::{PoisonError, RwLock},
};

use tokio::sync::watch;
use uuid::Uuid;

use crate::session::Session;

/// What was ended in this process, so that no copy of it counts any more.
#[derive(Debug)]
pub(crate) struct Ended {
    sessions: Expiring<()>,
    /// Since when a user's sessions are void.
    users: Expiring<u64>,
    changed: watch::Sender<()>,
}

impl Ended {
    pub(crate) fn new() -> Self {
        Self {
            sessions: Expiring::default(),
            users: Expiring::default(),
            changed: watch::Sender::new(()),
        }
    }

    /// Ends one session. None can last longer than `lifetime`, so then it is forgotten.
    pub(crate) fn session(&self, id: Uuid, lifetime: u64, now: u64) {
        self.sessions
            .insert(id, (), now.saturating_add(lifetime), now);
        self.changed.send_replace(());
    }

    /// Ends all sessions that a user has.
    pub(crate) fn user(&self, user: Uuid, lifetime: u64, now: u64) {
        self.users
            .insert(user, now, now.saturating_add(lifetime), now);
        self.changed.send_replace(());
    }

    pub(crate) fn has(&self, session: &Session) -> bool {
        self.sessions.get(session.id).is_some()
            || self
                .users
                .get(session.user)
                .is_some_and(|since| session.created_at <= since)
    }

    /// Tells of every session that ends from now on.
    pub(crate) fn changes(&self) -> watch::Receiver<()> {
        self.changed.subscribe()
    }
}

/// A map that forgets what is over, at the latest when it is full.
#[derive(Debug)]
struct Expiring<V> {
    entries: RwLock<HashMap<Uuid, (V, u64)>>,
}

impl<V: Copy> Expiring<V> {
    fn get(&self, key: Uuid) -> Option<V> {
        let entries = self.entries.read().unwrap_or_else(PoisonError::into_inner);
        entries.get(&key).map(|(value, _)| *value)
    }

    fn insert(&self, key: Uuid, value: V, until: u64, now: u64) {
        let mut entries = self.entries.write().unwrap_or_else(PoisonError::into_inner);
        // When it would grow, so that the work is a share of each insertion's.
        if entries.len() == entries.capacity() || entries.len() >= MAX {
            entries.retain(|_, (_, until)| *until > now);
            let room = entries.len();
            entries.reserve(room);
        }
        if entries.len() >= MAX {
            let first = entries.iter().min_by_key(|(_, (_, until))| *until);
            let first = first.map(|(key, _)| *key);
            first.map(|first| entries.remove(&first));
        }
        entries.insert(key, (value, until));
    }
}

impl<V> Default for Expiring<V> {
    fn default() -> Self {
        Self {
            entries: RwLock::default(),
        }
    }
}

const MAX: usize = 100_000;
