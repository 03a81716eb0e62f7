use std::{
    collections::HashMap,
    io,
    sync::{
        Arc, Mutex, PoisonError, RwLock,
        atomic::{AtomicU64, Ordering},
    },
};

use fief_client::{Fief, FiefAccessTokenInfo, internal::unix_seconds};
use quick_cache::sync::Cache;
use uuid::Uuid;

use super::{
    spread::ChangesForAll,
    user_mark::{Change, UserMark},
};
use crate::{
    Error,
    flight::SingleFlight,
    log::limited,
    session::{
        config::SessionConfig,
        data::{SKEW, Session},
        expiring_map::ExpiringMap,
        record_store::failed,
    },
    user::Users,
};

/// Settings of marks.
#[derive(Clone, Copy, Debug)]
pub(crate) struct MarkConfig {
    /// How long a denial is kept, in seconds.
    pub(crate) lifetime: u64,
    /// Whether marks are loaded from the store.
    pub(crate) is_shared: bool,
    /// Whether sessions that cannot be refreshed end if permissions change.
    pub(crate) ends_outdated: bool,
}

impl Default for MarkConfig {
    fn default() -> Self {
        Self {
            lifetime: 24 * 3600,
            is_shared: false,
            ends_outdated: false,
        }
    }
}

/// The marks that this process knows.
pub(crate) struct Marks {
    pub(super) fief: Fief,
    users: Arc<Users>,
    pub(super) config: MarkConfig,
    /// How often a mark has changed.
    generation: AtomicU64,
    /// Users whose tokens are denied, each with when that ends.
    denials: RwLock<HashMap<Uuid, (UserMark, u64)>>,
    /// Marks that deny nothing. The oldest ones may be forgotten.
    others: ExpiringMap<Uuid, UserMark>,
    /// Held while a mark changes.
    changes: Mutex<()>,
    for_all: RwLock<ChangesForAll>,
    /// When the mark for all was last loaded, by the id of its record.
    loaded_for_all: Mutex<HashMap<Uuid, u64>>,
    /// Sessions that were refreshed because of a change, with the generation.
    refreshed: ExpiringMap<Uuid, (Uuid, u64)>,
    /// When users of bearer tokens were last looked up, and whether that failed.
    pub(super) looked_up: Cache<Uuid, (u64, bool)>,
    pub(super) look_ups: SingleFlight<Uuid, Result<(), Error>>,
}

/// Whether a session has to be refreshed because permissions have changed.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Outdated {
    No,
    /// Before the next response.
    Now,
    /// If that is possible.
    Soon,
}

impl Marks {
    pub(crate) fn new(fief: Fief, users: Arc<Users>, config: MarkConfig) -> Self {
        Self {
            users,
            config,
            generation: AtomicU64::new(0),
            denials: RwLock::default(),
            others: ExpiringMap::default(),
            changes: Mutex::default(),
            for_all: RwLock::default(),
            loaded_for_all: Mutex::default(),
            refreshed: ExpiringMap::default(),
            looked_up: Cache::new(MAX_USERS),
            look_ups: SingleFlight::new(true, fief.wait_timeout()),
            fief,
        }
    }

    /// Returns whether marks are loaded from the store.
    pub(crate) fn is_shared(&self) -> bool {
        self.config.is_shared
    }

    /// Returns how often a mark has changed in this process: 0 means that none is
    /// known.
    pub(crate) fn generation(&self) -> u64 {
        self.generation.load(Ordering::Acquire)
    }

    pub(super) fn now(&self) -> u64 {
        unix_seconds(self.fief.now())
    }

    /// Returns what is known of a user.
    pub(crate) fn of_user(&self, user: Uuid) -> Option<UserMark> {
        let denials = self.denials.read().unwrap_or_else(PoisonError::into_inner);
        let denied = denials.get(&user).map(|(mark, _)| mark.clone());
        drop(denials);
        denied.or_else(|| self.others.get(user))
    }

    /// Adds what a mark says, drops the user info if it has changed, and returns
    /// what is known now.
    ///
    /// # Errors
    ///
    /// The user is denied, and too many others are.
    pub(crate) async fn observe(&self, user: Uuid, mark: &UserMark) -> Result<UserMark, Error> {
        let info = mark.info();
        if info.is_some() && info != self.of_user(user).and_then(|known| known.info()) {
            // First, so that no request at the same time finds the mark known and the
            // user info of before.
            self.users.invalidate(&self.fief, user).await;
        }
        self.merge(user, mark)
    }

    fn merge(&self, user: Uuid, newer: &UserMark) -> Result<UserMark, Error> {
        let _changes = self.changes.lock().unwrap_or_else(PoisonError::into_inner);
        let now = self.now();
        let known = self.of_user(user).unwrap_or_default();
        let mut mark = known.clone();
        mark.merge(newer);
        if mark == known {
            return Ok(mark);
        }
        let until = |since: u64| {
            let until = since.saturating_add(self.config.lifetime);
            until.saturating_add(SKEW)
        };
        if let Some(denied_at) = mark.denied_at(now) {
            // Other changes do not prolong it.
            self.deny(user, mark.clone(), until(denied_at), now)?;
        } else {
            let until = until(now);
            self.others.insert(user, mark.clone(), until, now);
            let mut denials = self.denials.write().unwrap_or_else(PoisonError::into_inner);
            denials.remove(&user);
        }
        self.generation.fetch_add(1, Ordering::AcqRel);
        Ok(mark)
    }

    fn deny(&self, user: Uuid, mark: UserMark, until: u64, now: u64) -> Result<(), Error> {
        let mut denials = self.denials.write().unwrap_or_else(PoisonError::into_inner);
        if denials.len() >= MAX_USERS && !denials.contains_key(&user) {
            denials.retain(|_, (_, until)| *until > now);
        }
        if denials.len() >= MAX_USERS && !denials.contains_key(&user) {
            limited!(
                error,
                &self.fief,
                "too many users are denied: tokens of another one are still accepted"
            );
            return Err(failed(io::Error::other("too many users are denied")));
        }
        denials.insert(user, (mark, until));
        Ok(())
    }

    /// Returns whether a token is denied, as far as this process knows.
    pub(super) fn denies(&self, token: &FiefAccessTokenInfo) -> bool {
        if self.generation() == 0 {
            return false;
        }
        let denials = self.denials.read().unwrap_or_else(PoisonError::into_inner);
        let denied = denials.get(&token.id());
        denied.is_some_and(|(mark, until)| *until > self.now() && mark.denies(token))
    }

    /// Returns whether the login that a token is of may create no session.
    pub(crate) fn denies_login(&self, token: &FiefAccessTokenInfo) -> bool {
        if self.generation() == 0 {
            return false;
        }
        let mark = self.of_user(token.id());
        mark.is_some_and(|mark| mark.denies_login(token))
    }

    /// Returns whether a session has to be refreshed because permissions have
    /// changed.
    pub(crate) fn outdated(&self, session: &Session, now: u64) -> Outdated {
        if self.generation() == 0 {
            return Outdated::No;
        }
        let refreshed_at = session.written_at();
        if let Some(change) = self.change_of(session.user)
            && refreshed_at <= change.at.saturating_add(SKEW)
        {
            if !self.was_refreshed(session, change) {
                return Outdated::Now;
            }
            // Once more, since clocks differ, and since Fief turns roles into
            // permissions after it has reported them.
            if now > change.at.saturating_add(SKEW) {
                return Outdated::Soon;
            }
        }
        if self.is_due_for_all(session, now) {
            Outdated::Soon
        } else {
            Outdated::No
        }
    }

    fn is_due_for_all(&self, session: &Session, now: u64) -> bool {
        let for_all = self.for_all.read().unwrap_or_else(PoisonError::into_inner);
        for_all.is_due(session.id, session.written_at(), now)
    }

    /// Returns whether a session that cannot be refreshed has ended.
    ///
    /// By the machines' clocks, without the minute by which they may differ: within
    /// that minute no login would last.
    pub(crate) fn ends(&self, session: &Session, config: SessionConfig, now: u64) -> bool {
        let can_refresh = config.refresh && session.refresh_token().is_some();
        let is_off = !self.config.ends_outdated || self.generation() == 0;
        if is_off || can_refresh || session.pending().is_some() {
            return false;
        }
        let change = self.change_of(session.user);
        change.is_some_and(|change| session.written_at() <= change.at)
            || self.is_due_for_all(session, now)
    }

    /// Returns whether a session ends if its refresh is rejected while it is outdated.
    pub(crate) fn ends_outdated(&self) -> bool {
        self.config.ends_outdated
    }

    /// Returns the latest change of a user's permissions.
    pub(crate) fn change_of(&self, user: Uuid) -> Option<Change> {
        if self.generation() == 0 {
            return None;
        }
        self.of_user(user)?.permissions()
    }

    /// Remembers that a session was refreshed after a change was known.
    pub(crate) fn record_refresh(&self, newer: &Session, change: Option<Change>, now: u64) {
        if let Some(change) = change {
            let until = now.saturating_add(REMEMBERED);
            let value = (change.id, newer.generation);
            self.refreshed.insert(newer.id, value, until, now);
        }
    }

    fn was_refreshed(&self, session: &Session, change: Change) -> bool {
        let refreshed = self.refreshed.get(session.id);
        refreshed
            .is_some_and(|(id, generation)| id == change.id && session.generation >= generation)
    }

    /// Adds changes of the permissions of any user.
    pub(super) fn observe_all(&self, changes: &ChangesForAll) {
        let now = self.now();
        let mut known = self.for_all.write().unwrap_or_else(PoisonError::into_inner);
        if known.merge(changes, now) {
            self.generation.fetch_add(1, Ordering::AcqRel);
        }
    }

    /// Returns whether the mark for all is to be loaded: once a second.
    pub(super) fn begin_load_for_all(&self, record: Uuid, now: u64) -> bool {
        let mut loaded = self
            .loaded_for_all
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        loaded.insert(record, now) != Some(now)
    }
}

/// How many users are denied, and looked up.
const MAX_USERS: usize = 100_000;
/// How long a refresh is remembered, in seconds: longer than a change is followed.
const REMEMBERED: u64 = 600;
