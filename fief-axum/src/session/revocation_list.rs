use tokio::sync::watch;
use uuid::Uuid;

use super::{data::Session, expiring_map::ExpiringMap};

/// Sessions that were revoked in this process.
///
/// A session in cookies cannot be deleted, so it is rejected because of this
/// list. Entries are kept as long as a session can last.
#[derive(Debug)]
pub(crate) struct RevocationList {
    /// Revoked sessions, by their ids.
    sessions: ExpiringMap<Uuid, ()>,
    /// By user, the time of the revocation: sessions created until then are
    /// revoked. In seconds of Unix time.
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

    /// Revokes one session. `lifetime` is that of sessions, in seconds.
    pub(crate) fn revoke_session(&self, id: Uuid, lifetime: u64, now: u64) {
        self.sessions
            .insert(id, (), now.saturating_add(lifetime), now);
        self.changed.send_replace(());
    }

    /// Revokes all sessions that a user has now.
    pub(crate) fn revoke_user(&self, user: Uuid, lifetime: u64, now: u64) {
        self.users
            .insert(user, now, now.saturating_add(lifetime), now);
        self.changed.send_replace(());
    }

    /// Returns whether a session was revoked, alone or with all of its user.
    pub(crate) fn contains(&self, session: &Session) -> bool {
        self.sessions.get(session.id).is_some()
            || self
                .users
                .get(session.user)
                .is_some_and(|since| session.created_at <= since)
    }

    /// Returns a receiver that is notified of each revocation.
    pub(crate) fn subscribe(&self) -> watch::Receiver<()> {
        self.changed.subscribe()
    }
}
