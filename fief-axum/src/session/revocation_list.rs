use tokio::sync::watch;
use uuid::Uuid;

use super::{data::Session, expiring_map::ExpiringMap};

/// What was ended in this process, so that no copy of it counts any more.
#[derive(Debug)]
pub(crate) struct RevocationList {
    sessions: ExpiringMap<Uuid, ()>,
    /// Since when a user's sessions are void.
    users: ExpiringMap<Uuid, u64>,
    changed: watch::Sender<()>,
}

impl RevocationList {
    pub(crate) fn new() -> Self {
        Self {
            sessions: ExpiringMap::default(),
            users: ExpiringMap::default(),
            changed: watch::Sender::new(()),
        }
    }

    /// Ends one session. None can last longer than `lifetime`, so then it is forgotten.
    pub(crate) fn revoke_session(&self, id: Uuid, lifetime: u64, now: u64) {
        self.sessions
            .insert(id, (), now.saturating_add(lifetime), now);
        self.changed.send_replace(());
    }

    /// Ends all sessions that a user has.
    pub(crate) fn revoke_user(&self, user: Uuid, lifetime: u64, now: u64) {
        self.users
            .insert(user, now, now.saturating_add(lifetime), now);
        self.changed.send_replace(());
    }

    pub(crate) fn contains(&self, session: &Session) -> bool {
        self.sessions.get(session.id).is_some()
            || self
                .users
                .get(session.user)
                .is_some_and(|since| session.created_at <= since)
    }

    /// Tells of every session that ends from now on.
    pub(crate) fn subscribe(&self) -> watch::Receiver<()> {
        self.changed.subscribe()
    }
}
