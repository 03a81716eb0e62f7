use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};

use tokio::sync::watch;
use uuid::Uuid;

use super::{
    data::{Origin, SKEW, Session},
    epoch::Epochs,
    expiring_map::ExpiringMap,
};

/// Sessions that were revoked in this process.
///
/// A session in cookies cannot be deleted, so it is rejected because of this
/// list. Entries are kept as long as a session can last.
///
/// Sessions and revocations of this process are ordered by a counter, since
/// clocks have whole seconds and may be set back.
#[derive(Debug)]
pub(crate) struct RevocationList {
    process: Uuid,
    /// How many sessions and revocations there were.
    sequence: AtomicU64,
    /// Revoked sessions, by their ids.
    sessions: ExpiringMap<Uuid, ()>,
    /// Revocations of all sessions of a user.
    users: ExpiringMap<Uuid, UserRevocation>,
    changed: watch::Sender<()>,
}

/// Revocation of all sessions of a user.
#[derive(Clone, Debug)]
struct UserRevocation {
    /// Sessions of this process with a lower one are revoked.
    sequence: u64,
    /// Sessions of other processes that were created until then are revoked.
    others_until: u64,
    /// Whether the store has it, if there is one.
    is_stored: bool,
    /// The epochs that it replaces in the store, once they are known.
    epochs: Option<Arc<Epochs>>,
}

/// Revocation of all sessions of a user that the store does not have yet.
pub(crate) struct PendingRevocation {
    sequence: u64,
    /// The epochs to replace, once they are known.
    pub(crate) epochs: Option<Arc<Epochs>>,
}

impl RevocationList {
    /// `process` is a random id of this process.
    pub(crate) fn new(process: Uuid) -> Self {
        Self {
            process,
            sequence: AtomicU64::new(0),
            sessions: ExpiringMap::default(),
            users: ExpiringMap::default(),
            changed: watch::Sender::new(()),
        }
    }

    pub(crate) fn process(&self) -> Uuid {
        self.process
    }

    /// Returns the origin of a session that is created now.
    pub(crate) fn next_origin(&self) -> Origin {
        Origin {
            process: self.process,
            sequence: self.next_sequence(),
        }
    }

    /// Revokes one session. `lifetime` is that of sessions, in seconds.
    pub(crate) fn revoke_session(&self, id: Uuid, lifetime: u64, now: u64) {
        let is_new = self.sessions.get(id).is_none();
        self.sessions
            .insert(id, (), now.saturating_add(lifetime + SKEW), now);
        if is_new {
            self.changed.send_replace(());
        }
    }

    /// Revokes all sessions that a user has now.
    ///
    /// Sessions of other processes are ordered by time, whose clocks may
    /// differ. With a store, all of them are void until the store has the
    /// revocation.
    pub(crate) fn revoke_user(&self, user: Uuid, has_store: bool, lifetime: u64, now: u64) {
        let revocation = UserRevocation {
            sequence: self.next_sequence(),
            others_until: if has_store {
                u64::MAX
            } else {
                now.saturating_add(SKEW)
            },
            is_stored: !has_store,
            epochs: None,
        };
        self.users
            .insert(user, revocation, now.saturating_add(lifetime + SKEW), now);
        self.changed.send_replace(());
    }

    /// Returns the revocation of a user that the store does not have yet. There
    /// is one at most: a later one includes it.
    pub(crate) fn pending(&self, user: Uuid) -> Option<PendingRevocation> {
        let revocation = self.users.get(user)?;
        (!revocation.is_stored).then_some(PendingRevocation {
            sequence: revocation.sequence,
            epochs: revocation.epochs,
        })
    }

    /// Remembers which epochs a revocation replaces, unless there was another
    /// one since.
    pub(crate) fn set_epochs(&self, user: Uuid, pending: &PendingRevocation, epochs: Arc<Epochs>) {
        self.users.update(user, |revocation| {
            if revocation.sequence == pending.sequence {
                revocation.epochs = Some(epochs);
            }
        });
    }

    /// Leaves sessions of other processes to the store, which has the revocation
    /// now, unless there was another one since. Sessions of this process that
    /// are in use stay void.
    pub(crate) fn complete(&self, user: Uuid, pending: &PendingRevocation) {
        self.users.update(user, |revocation| {
            if revocation.sequence == pending.sequence {
                revocation.others_until = 0;
                revocation.is_stored = true;
            }
        });
    }

    /// Returns whether a session was revoked, alone or with all of its user.
    pub(crate) fn contains(&self, session: &Session) -> bool {
        self.sessions.get(session.id).is_some()
            || self.users.get(session.user).is_some_and(|revocation| {
                if session.origin.process == self.process {
                    session.origin.sequence < revocation.sequence
                } else {
                    session.created_at <= revocation.others_until
                }
            })
    }

    /// Returns a receiver that is notified of each revocation.
    pub(crate) fn subscribe(&self) -> watch::Receiver<()> {
        self.changed.subscribe()
    }

    fn next_sequence(&self) -> u64 {
        self.sequence.fetch_add(1, Ordering::Relaxed)
    }
}
