use std::{
    collections::{BTreeSet, HashMap, HashSet},
    fmt,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use tokio::runtime;
use uuid::Uuid;

use super::watch::{Signal, Step, Watch};
use crate::{Error, session::data::Session};

/// Registry of sessions and tokens that are waited for.
///
/// A session is in it once, however much waits for it, and only while something
/// does. It is found by its id, by its user, and by the time at which it has to
/// be checked, so nothing is done for it in the meantime. All times are in
/// seconds of Unix time.
///
/// Signals are sent without the lock, since wakers may do anything.
#[derive(Default)]
pub(crate) struct Waiters {
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    watches: HashMap<Key, Watch>,
    /// When each has to be checked.
    schedule: BTreeSet<(u64, Key)>,
    /// Users with the ids of their sessions.
    users: BTreeSet<(Uuid, Uuid)>,
    /// Sessions to load from the store, with the time since when.
    queue: BTreeSet<(u64, Uuid)>,
    /// How many tokens there were.
    tokens: u64,
    /// Runtimes with a task that advances the time.
    tickers: HashSet<runtime::Id>,
}

#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub(super) enum Key {
    Session(Uuid),
    /// A bearer token, each time that it is waited for.
    Token(u64),
}

impl Waiters {
    /// Adds one that waits for a session. `lifetime` is that of sessions, in
    /// seconds.
    pub(super) fn add_session(
        &self,
        session: &Arc<Session>,
        lifetime: u64,
        now: u64,
    ) -> (Key, Arc<Signal>) {
        let key = Key::Session(session.id);
        let new = || Watch::of_session(session, lifetime, now);
        (key, self.lock().add(key, new))
    }

    /// Adds one that waits until a token expires.
    pub(super) fn add_token(&self, expires_at: u64) -> (Key, Arc<Signal>) {
        let mut state = self.lock();
        state.tokens += 1;
        let key = Key::Token(state.tokens);
        (key, state.add(key, || Watch::of_token(expires_at)))
    }

    /// Removes one that waits for what has this signal.
    pub(super) fn remove(&self, key: Key, signal: &Arc<Signal>) {
        let mut state = self.lock();
        let watch = state.watches.get_mut(&key);
        // It may have ended, and something may wait for it again.
        if let Some(watch) = watch.filter(|watch| Arc::ptr_eq(&watch.signal, signal)) {
            watch.waiters = watch.waiters.saturating_sub(1);
            if watch.waiters == 0 {
                state.take(key);
            }
        }
    }

    /// Returns the sessions of a user that are waited for.
    pub(crate) fn sessions_of(&self, user: Uuid) -> Vec<Arc<Session>> {
        let state = self.lock();
        let ids = state.users.range((user, Uuid::nil())..=(user, Uuid::max()));
        ids.filter_map(|(_, id)| state.watches.get(&Key::Session(*id)))
            .filter_map(|watch| watch.session.clone())
            .collect()
    }

    /// Signals the end of a session.
    pub(crate) fn end_session(&self, id: Uuid) {
        let watch = self.lock().take(Key::Session(id));
        end(watch);
    }

    /// Goes on with a session that was refreshed.
    pub(super) fn renew(&self, newer: &Arc<Session>) {
        let key = Key::Session(newer.id);
        self.lock().reschedule(key, |watch| watch.renew(newer));
    }

    /// Returns the session to load from the store next, if there is one.
    pub(super) fn next_load(&self) -> Option<Arc<Session>> {
        let mut state = self.lock();
        let (_, id) = state.queue.pop_first()?;
        let watch = state.watches.get_mut(&Key::Session(id))?;
        if let Some(check) = &mut watch.check {
            check.queued_at = None;
        }
        watch.session.clone()
    }

    /// Goes on with what the store has of a session. `None` means that it is void.
    /// If the store failed, the access token decides.
    pub(super) fn loaded(&self, id: Uuid, stored: Result<Option<Session>, Error>, now: u64) {
        let is_void = matches!(stored, Ok(None));
        if let Ok(Some(stored)) = stored {
            self.renew(&Arc::new(stored));
        }
        let mut state = self.lock();
        let watch = state.watches.get(&Key::Session(id));
        let has_ended = watch.is_some_and(|watch| is_void || now >= watch.expires_at);
        let watch = has_ended.then(|| state.take(Key::Session(id))).flatten();
        drop(state);
        end(watch);
    }

    /// Checks what is due, and returns whether more may be due.
    pub(super) fn advance(&self, now: u64) -> bool {
        let mut state = self.lock();
        let due = state.schedule.iter().take_while(|(due, _)| *due <= now);
        let due: Vec<_> = due.map(|(_, key)| *key).take(MAX_CHECKED).collect();
        let ended: Vec<_> = due
            .iter()
            .filter_map(|key| state.check(*key, now))
            .collect();
        drop(state);
        end(ended);
        due.len() == MAX_CHECKED
    }

    /// Plans all checks again, after the clock was set back to `now`.
    pub(super) fn replan(&self, now: u64) {
        let mut state = self.lock();
        let keys: Vec<_> = state.watches.keys().copied().collect();
        let mut ended = Vec::new();
        for key in keys {
            let watch = state.watches.get(&key);
            if watch.is_some_and(|watch| watch.is_from_the_future(now)) {
                ended.extend(state.take(key));
            } else {
                state.reschedule(key, |watch| watch.plan(now));
            }
        }
        drop(state);
        end(ended);
    }

    /// Returns whether the caller is to advance the time from now on, with a task on
    /// this runtime.
    pub(super) fn begin_ticking(&self, runtime: runtime::Id) -> bool {
        self.lock().tickers.insert(runtime)
    }

    /// Stops the task of a runtime if nothing waits, and returns whether it did.
    pub(super) fn stop_if_idle(&self, runtime: runtime::Id) -> bool {
        let mut state = self.lock();
        let is_idle = state.watches.is_empty();
        if is_idle {
            state.tickers.remove(&runtime);
            // Releases the memory. The other collections do that when they are empty.
            state.watches = HashMap::new();
        }
        is_idle
    }

    /// Stops the task of a runtime, and returns the signals of all that waits.
    pub(super) fn stop(&self, runtime: runtime::Id) -> Vec<Arc<Signal>> {
        let mut state = self.lock();
        state.tickers.remove(&runtime);
        let watches = state.watches.values();
        watches.map(|watch| Arc::clone(&watch.signal)).collect()
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Waiters {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Waiters").finish_non_exhaustive()
    }
}

impl State {
    fn add(&mut self, key: Key, new: impl FnOnce() -> Watch) -> Arc<Signal> {
        let watch = self.watches.entry(key).or_insert_with(new);
        watch.waiters += 1;
        let signal = Arc::clone(&watch.signal);
        self.schedule.insert((watch.due, key));
        if let Some(session) = &watch.session {
            self.users.insert((session.user, session.id));
        }
        signal
    }

    fn take(&mut self, key: Key) -> Option<Watch> {
        let watch = self.watches.remove(&key)?;
        self.schedule.remove(&(watch.due, key));
        if let Some(session) = &watch.session {
            self.users.remove(&(session.user, session.id));
            if let Some(at) = watch.check.as_ref().and_then(|check| check.queued_at) {
                self.queue.remove(&(at, session.id));
            }
        }
        Some(watch)
    }

    /// Changes what is waited for, and when it is checked.
    fn reschedule(&mut self, key: Key, change: impl FnOnce(&mut Watch)) {
        if let Some(watch) = self.watches.get_mut(&key) {
            self.schedule.remove(&(watch.due, key));
            change(watch);
            watch.due = watch.next_due();
            self.schedule.insert((watch.due, key));
        }
    }

    /// Does what is due, and returns what has ended.
    fn check(&mut self, key: Key, now: u64) -> Option<Watch> {
        let mut step = Step::Wait;
        self.reschedule(key, |watch| step = watch.step(now));
        match step {
            Step::End => return self.take(key),
            Step::Load => self.enqueue(key, now),
            Step::Wait => {}
        }
        None
    }

    fn enqueue(&mut self, key: Key, now: u64) {
        if let Some(watch) = self.watches.get_mut(&key)
            && let (Some(session), Some(check)) = (&watch.session, &mut watch.check)
            && check.queued_at.is_none()
        {
            check.queued_at = Some(now);
            self.queue.insert((now, session.id));
        }
    }
}

/// Signals the end of what was taken from the registry.
fn end(watches: impl IntoIterator<Item = Watch>) {
    for watch in watches {
        watch.signal.end();
    }
}

/// How many are checked at once.
const MAX_CHECKED: usize = 1000;

#[cfg(test)]
mod tests {
    use serde_json::{from_value, json};

    use super::*;
    use crate::session::{data::Ticket, wait::waiter::Waiter};

    /// Returns a session in a store, whose access token expires at 1000.
    fn session(id: u128) -> Arc<Session> {
        let (id, user) = (Uuid::from_u128(id), Uuid::from_u128(id % 7));
        let session = json!({
            "id": id, "generation": 0, "user": user, "access_token": "", "auth_time": 0, "expires_at": 1000,
            "refreshed_at": 0, "created_at": 0, "origin": { "process": id, "sequence": 0 },
        });
        let ticket = Ticket {
            id,
            user,
            session_record: id,
            own_record: id,
            epoch_record: id,
            epoch: id,
        };
        let session: Session = from_value(session).unwrap_or_else(|error| panic!("{error}"));
        Arc::new(session.with_ticket(Arc::new(ticket)))
    }

    #[tokio::test]
    async fn nothing_is_left_of_what_no_longer_waits() {
        let waiters = Arc::new(Waiters::default());
        let sessions = (0..300).map(|i| Waiter::for_session(&waiters, &session(i % 100), 5000, 0));
        let tokens = (0..300).map(|_| Waiter::for_token(&waiters, 1000));
        let all: Vec<_> = sessions.chain(tokens).collect();
        let sizes = || {
            let state = waiters.lock();
            let (users, queue) = (state.users.len(), state.queue.len());
            (state.watches.len(), state.schedule.len(), users, queue)
        };
        assert_eq!(sizes(), (400, 400, 100, 0));
        assert!(!waiters.advance(30));
        assert!(!waiters.advance(60));
        assert_eq!(sizes(), (400, 400, 100, 100));

        drop(all);

        assert_eq!(sizes(), (0, 0, 0, 0));
        assert!(waiters.stop_if_idle(runtime::Handle::current().id()));
        assert_eq!(waiters.lock().watches.capacity(), 0);
    }
}
