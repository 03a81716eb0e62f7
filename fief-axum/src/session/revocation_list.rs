use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};

use uuid::Uuid;

use super::{
    data::{Origin, SKEW, Session},
    epoch::Epochs,
    expiring_map::ExpiringMap,
    wait::Waiters,
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
    waiters: Arc<Waiters>,
}

/// Revocation of all sessions of a user.
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
pub(super) struct UserRevocation {
    /// Sessions of this process with a lower one are revoked.
    sequence: u64,
    /// Sessions of other processes that were created until then are revoked.
    others_until: u64,
    /// Whether the store has it, if there is one.
    is_stored: bool,
    /// The epochs that it replaces in the store, once they are known.
    epochs: Option<Arc<Epochs>>,
}

impl UserRevocation {
    /// Revokes the sessions that exist now.
    ///
    /// Sessions of other processes are ordered by time, whose clocks may
    /// differ. With a store, all of them are void until the store has the
    /// revocation.
    pub(super) fn new(sequence: u64, has_store: bool, now: u64) -> Self {
        Self {
            sequence,
            others_until: if has_store {
                u64::MAX
            } else {
                now.saturating_add(SKEW)
            },
            is_stored: !has_store,
            epochs: None,
        }
    }

    /// Returns whether a session is revoked, in this process.
    pub(super) fn voids(&self, origin: Origin, created_at: u64, process: Uuid) -> bool {
        if origin.process == process {
            origin.sequence < self.sequence
        } else {
            created_at <= self.others_until
        }
    }

    /// Returns what the store does not have yet.
    pub(super) fn pending(&self) -> Option<PendingRevocation> {
        (!self.is_stored).then(|| PendingRevocation {
            sequence: self.sequence,
            epochs: self.epochs.clone(),
        })
    }

    /// Remembers the epochs to replace, unless there was another revocation since.
    pub(super) fn set_epochs(&mut self, pending: &PendingRevocation, epochs: Arc<Epochs>) {
        if self.sequence == pending.sequence {
            self.epochs = Some(epochs);
        }
    }

    /// Leaves sessions of other processes to the store, which has the revocation
    /// now, unless there was another one since. Sessions of this process that
    /// are in use stay void.
    pub(super) fn complete(&mut self, pending: &PendingRevocation) {
        if self.sequence == pending.sequence {
            self.others_until = 0;
            self.is_stored = true;
        }
    }
}

/// Revocation of all sessions of a user that the store does not have yet.
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
pub(crate) struct PendingRevocation {
    sequence: u64,
    /// The epochs to replace, once they are known.
    pub(crate) epochs: Option<Arc<Epochs>>,
}

impl RevocationList {
    /// `process` is a random id of this process. `waiters` are notified of
    /// revocations.
    pub(crate) fn new(process: Uuid, waiters: Arc<Waiters>) -> Self {
        Self {
            process,
            sequence: AtomicU64::new(0),
            sessions: ExpiringMap::default(),
            users: ExpiringMap::default(),
            waiters,
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
        self.sessions
            .insert(id, (), now.saturating_add(lifetime + SKEW), now);
        self.waiters.end_session(id);
    }

    /// Revokes all sessions that a user has now. `lifetime` is that of sessions,
    /// in seconds.
    pub(crate) fn revoke_user(&self, user: Uuid, has_store: bool, lifetime: u64, now: u64) {
        let revocation = UserRevocation::new(self.next_sequence(), has_store, now);
        self.users
            .insert(user, revocation, now.saturating_add(lifetime + SKEW), now);
        for session in self.waiters.sessions_of(user) {
            if self.contains(&session) {
                self.waiters.end_session(session.id);
            }
        }
    }

    /// Returns the revocation of a user that the store does not have yet. There
    /// is one at most: a later one includes it.
    pub(crate) fn pending(&self, user: Uuid) -> Option<PendingRevocation> {
        self.users.get(user)?.pending()
    }

    /// Remembers which epochs a revocation replaces.
    pub(crate) fn set_epochs(&self, user: Uuid, pending: &PendingRevocation, epochs: Arc<Epochs>) {
        self.users
            .update(user, |revocation| revocation.set_epochs(pending, epochs));
    }

    /// Marks a revocation as stored.
    pub(crate) fn complete(&self, user: Uuid, pending: &PendingRevocation) {
        self.users
            .update(user, |revocation| revocation.complete(pending));
    }

    /// Returns whether a session was revoked, alone or with all of its user.
    pub(crate) fn contains(&self, session: &Session) -> bool {
        self.sessions.get(session.id).is_some()
            || self.users.get(session.user).is_some_and(|revocation| {
                revocation.voids(session.origin, session.created_at, self.process)
            })
    }

    /// Returns whether a session was revoked. `checked_at` is the version of the list
    /// in which it was not, [`NEVER`](Self::NEVER) at first: it is looked up again
    /// only after another revocation.
    pub(crate) fn contains_since(&self, session: &Session, checked_at: &AtomicU64) -> bool {
        let version = self.version();
        if checked_at.load(Ordering::Relaxed) == version {
            return false;
        }
        let is_revoked = self.contains(session);
        if !is_revoked {
            checked_at.store(version, Ordering::Relaxed);
        }
        is_revoked
    }

    /// Returns how many revocations there were.
    fn version(&self) -> u64 {
        let users = self.users.insertions();
        self.sessions.insertions().saturating_add(users)
    }

    /// No version of the list.
    pub(crate) const NEVER: u64 = u64::MAX;

    fn next_sequence(&self) -> u64 {
        self.sequence.fetch_add(1, Ordering::Relaxed)
    }
}
