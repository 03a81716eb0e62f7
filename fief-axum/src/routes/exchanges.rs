//! The memory of attempts whose code was, or is being, exchanged.

use std::{
    collections::{HashMap, VecDeque},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use fief_client::PendingTokens;
use uuid::Uuid;

use super::{
    callback_query::ExchangeKey,
    outcome::{Ended, LoggedIn, Outcome},
};
use crate::flight::SingleFlight;

/// Exchanges of codes: those in flight, and the memory of attempts that were
/// used, also for a client that ignores the removal of their cookies.
///
/// An attempt is remembered for as long as its code may be exchanged. At most
/// [`MAX_ATTEMPTS`] are remembered, and at most [`MAX_UNFINISHED`] are in flight
/// or kept: if there is no room, nothing is exchanged.
pub(crate) struct Exchanges {
    pub(super) flights: SingleFlight<ExchangeKey, Outcome>,
    attempts: Mutex<Attempts>,
}

/// Result of [`Exchanges::begin`].
pub(super) enum Begun {
    /// Nothing has to be done.
    Done(Outcome),
    /// There are too many.
    Full,
    /// The tokens were received before.
    Kept(PendingTokens),
    /// The code has to be exchanged.
    New,
}

#[derive(Default)]
struct Attempts {
    entries: HashMap<Uuid, Entry>,
    /// How many are in flight or kept.
    unfinished: usize,
    /// Those whose cookies are kept, in this order.
    finished: VecDeque<Uuid>,
    purged_at: u64,
}

struct Entry {
    code: Uuid,
    /// Until when it is remembered, in seconds of Unix time.
    until: u64,
    state: State,
}

enum State {
    /// The browser has logged out while the code is being exchanged.
    Discarded,
    Exchanging,
    Finished {
        login: Arc<LoggedIn>,
        at: u64,
    },
    Kept {
        pending: PendingTokens,
        until: u64,
    },
    Used,
}

impl Exchanges {
    pub(crate) fn new(wait_timeout: std::time::Duration) -> Self {
        Self {
            // A code can be used once.
            flights: SingleFlight::new(false, wait_timeout),
            attempts: Mutex::default(),
        }
    }

    /// Returns the outcome of a callback if nothing has to be done for it.
    pub(super) fn outcome(&self, key: ExchangeKey, now: u64) -> Option<Outcome> {
        self.lock().entries.get(&key.attempt)?.outcome(key, now)
    }

    /// Begins an exchange, or the completion of one whose tokens were kept. Only
    /// the flight of this key calls it.
    pub(super) fn begin(&self, key: ExchangeKey, now: u64) -> Begun {
        let mut attempts = self.lock();
        attempts.purge(now);
        if let Some(entry) = attempts.entries.get(&key.attempt) {
            return match (entry.outcome(key, now), &entry.state) {
                (Some(outcome), _) => Begun::Done(outcome),
                (None, State::Kept { pending, until: _ }) => Begun::Kept(pending.clone()),
                // Its flight was lost, after it may have sent the code.
                (
                    None,
                    State::Discarded | State::Exchanging | State::Finished { .. } | State::Used,
                ) => Begun::Done(Outcome::Replayed),
            };
        }
        if attempts.entries.len() >= MAX_ATTEMPTS || attempts.unfinished >= MAX_UNFINISHED {
            return Begun::Full;
        }
        attempts.unfinished += 1;
        let entry = Entry {
            code: key.code,
            until: now.saturating_add(ATTEMPT_LIFETIME),
            state: State::Exchanging,
        };
        attempts.entries.insert(key.attempt, entry);
        Begun::New
    }

    /// Keeps the tokens of an exchange, for ten minutes from when they were
    /// received.
    pub(super) fn keep(&self, key: ExchangeKey, pending: PendingTokens, now: u64) {
        let until = now.saturating_add(KEPT_LIFETIME);
        self.lock().end(key, Some(State::Kept { pending, until }));
    }

    /// Remembers how an exchange ended. Returns `None` if it was discarded
    /// meanwhile.
    pub(super) fn end(&self, key: ExchangeKey, ended: Ended, now: u64) -> Option<Outcome> {
        let (state, outcome) = match ended {
            Ended::Free(outcome) => (None, outcome),
            Ended::Kept(pending) => {
                let until = now.saturating_add(KEPT_LIFETIME);
                (Some(State::Kept { pending, until }), Outcome::NotYet)
            }
            Ended::LoggedIn(login, at) => {
                let outcome = Outcome::LoggedIn(Arc::clone(&login));
                (Some(State::Finished { login, at }), outcome)
            }
            Ended::Used(outcome) => (Some(State::Used), outcome),
        };
        self.lock().end(key, state).then_some(outcome)
    }

    /// Ends an exchange whose task was lost: the attempt is used if its code may
    /// have been sent.
    pub(super) fn abandon(&self, key: ExchangeKey, may_be_sent: bool) {
        let mut attempts = self.lock();
        let entry = attempts.entries.get(&key.attempt);
        if entry.is_some_and(|entry| entry.state.is_in_flight()) {
            attempts.end(key, may_be_sent.then_some(State::Used));
        }
    }

    /// Returns whether the tokens of an attempt are kept.
    pub(super) fn is_kept(&self, attempt: Uuid) -> bool {
        let attempts = self.lock();
        let entry = attempts.entries.get(&attempt);
        entry.is_some_and(|entry| matches!(entry.state, State::Kept { .. }))
    }

    /// Returns whether an attempt is being exchanged or completed in this process.
    pub(super) fn is_in_flight(&self, attempt: Uuid) -> bool {
        let code = self.lock().entries.get(&attempt).map(|entry| entry.code);
        // Without the lock, which the flights take under theirs.
        code.is_some_and(|code| self.flights.contains(&ExchangeKey { attempt, code }))
    }

    /// Forgets what is kept of an attempt, which counts as used.
    pub(super) fn discard_kept(&self, attempt: Uuid) {
        let mut attempts = self.lock();
        if let Some(entry) = attempts.entries.get_mut(&attempt)
            && matches!(entry.state, State::Kept { .. })
        {
            entry.state = State::Used;
            attempts.unfinished -= 1;
        }
    }

    /// Forgets an attempt of a browser that logs out, which counts as used. Returns the
    /// session that it has created: its response may still be on its way.
    pub(super) fn discard(&self, attempt: Uuid) -> Option<Uuid> {
        let attempts = &mut *self.lock();
        let entry = attempts.entries.get_mut(&attempt)?;
        let (state, session) = match &entry.state {
            // It has its place until its task ends.
            State::Exchanging => (State::Discarded, None),
            State::Finished { login, at: _ } => (State::Used, Some(login.created.session.id)),
            State::Kept { .. } => {
                attempts.unfinished -= 1;
                (State::Used, None)
            }
            State::Discarded | State::Used => return None,
        };
        entry.state = state;
        session
    }

    fn lock(&self) -> MutexGuard<'_, Attempts> {
        self.attempts.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Attempts {
    /// Sets the state of an unfinished attempt, or forgets it if that is `None`.
    /// Returns `false` if it was discarded, or its exchange is one of another code.
    fn end(&mut self, key: ExchangeKey, state: Option<State>) -> bool {
        let ExchangeKey { attempt, code } = key;
        let entry = self.entries.get_mut(&attempt);
        let is_own = |entry: &&mut Entry| entry.code == code && entry.state.is_unfinished();
        let Some(entry) = entry.filter(is_own) else {
            return false;
        };
        let is_discarded = matches!(entry.state, State::Discarded);
        self.unfinished -= 1;
        let Some(state) = state else {
            self.entries.remove(&attempt);
            return !is_discarded;
        };
        if is_discarded {
            entry.state = State::Used;
            return false;
        }
        self.unfinished += usize::from(state.is_unfinished());
        // The ten minutes of kept tokens begin once.
        let is_kept = |state: &State| matches!(state, State::Kept { .. });
        if !is_kept(&entry.state) || !is_kept(&state) {
            entry.state = state;
        }
        if matches!(entry.state, State::Finished { .. }) {
            self.finished.push_back(attempt);
        }
        if self.finished.len() > MAX_FINISHED {
            let oldest = self.finished.pop_front();
            let oldest = oldest.and_then(|oldest| self.entries.get_mut(&oldest));
            oldest.into_iter().for_each(Entry::forget_session);
        }
        true
    }

    /// Removes what has expired, at most once a second.
    fn purge(&mut self, now: u64) {
        if self.purged_at == now {
            return;
        }
        self.purged_at = now;
        self.entries.retain(|_, entry| {
            entry.expire(now);
            now < entry.until || entry.state.is_in_flight()
        });
        let entries = &self.entries;
        let states = entries.values().map(|entry| &entry.state);
        self.unfinished = states.filter(|state| state.is_unfinished()).count();
        self.finished.retain(|attempt| {
            let entry = entries.get(attempt);
            entry.is_some_and(|entry| matches!(entry.state, State::Finished { .. }))
        });
    }
}

impl Entry {
    /// Returns the outcome of a callback, or `None` if it is in flight or kept.
    fn outcome(&self, key: ExchangeKey, now: u64) -> Option<Outcome> {
        if key.code != self.code {
            return Some(Outcome::OtherCode);
        }
        match &self.state {
            State::Discarded | State::Exchanging => None,
            State::Kept { pending: _, until } if now < *until => None,
            State::Finished { login, at } if is_joinable(*at, now) => {
                Some(Outcome::LoggedIn(Arc::clone(login)))
            }
            State::Finished { .. } | State::Kept { .. } | State::Used => Some(Outcome::Replayed),
        }
    }

    fn expire(&mut self, now: u64) {
        let is_expired = match &self.state {
            State::Finished { login: _, at } => !is_joinable(*at, now),
            State::Kept { pending: _, until } => *until <= now,
            State::Discarded | State::Exchanging | State::Used => false,
        };
        if is_expired {
            self.state = State::Used;
        }
    }

    fn forget_session(&mut self) {
        if matches!(self.state, State::Finished { .. }) {
            self.state = State::Used;
        }
    }
}

impl State {
    fn is_in_flight(&self) -> bool {
        match self {
            Self::Discarded | Self::Exchanging => true,
            Self::Finished { .. } | Self::Kept { .. } | Self::Used => false,
        }
    }

    fn is_unfinished(&self) -> bool {
        match self {
            Self::Discarded | Self::Exchanging | Self::Kept { .. } => true,
            Self::Finished { .. } | Self::Used => false,
        }
    }
}

/// Returns whether a callback still gets the session that was created at a time.
/// If that is long in the future, the clock was set back.
pub(super) fn is_joinable(created_at: u64, now: u64) -> bool {
    (created_at.saturating_sub(SKEW)..created_at.saturating_add(JOIN_PERIOD)).contains(&now)
}

/// How long an attempt is remembered, in seconds: its code may be exchanged for
/// ten minutes, and it was created on another machine whose clock may differ by
/// one.
const ATTEMPT_LIFETIME: u64 = 660;
/// How long tokens are kept, in seconds.
pub(super) const KEPT_LIFETIME: u64 = 600;
/// How long a callback is given the session that it has created, in seconds.
const JOIN_PERIOD: u64 = 30;
/// How far the clocks of machines may differ, in seconds.
pub(super) const SKEW: u64 = 60;
/// How many attempts are remembered: about 8 MiB.
const MAX_ATTEMPTS: usize = 100_000;
/// How many attempts are in flight or kept.
const MAX_UNFINISHED: usize = 1000;
/// How many sessions are kept for callbacks that join. The oldest is dropped.
const MAX_FINISHED: usize = 1000;

#[cfg(test)]
mod tests {
    use super::*;

    fn key(attempt: u128) -> ExchangeKey {
        ExchangeKey {
            attempt: Uuid::from_u128(attempt),
            code: Uuid::nil(),
        }
    }

    fn use_up(exchanges: &Exchanges, attempt: u128, now: u64) -> bool {
        let is_new = matches!(exchanges.begin(key(attempt), now), Begun::New);
        if is_new {
            exchanges.end(key(attempt), Ended::Used(Outcome::Replayed), now);
        }
        is_new
    }

    #[test]
    fn a_full_memory_forgets_nothing_before_its_time() {
        let exchanges = Exchanges::new(std::time::Duration::from_secs(15));
        for attempt in 0..MAX_ATTEMPTS as u128 {
            assert!(use_up(&exchanges, attempt, 1000));
        }

        assert!(matches!(exchanges.begin(key(u128::MAX), 1659), Begun::Full));
        assert!(!use_up(&exchanges, 0, 1659));
        assert!(use_up(&exchanges, u128::MAX, 1660));
        assert_eq!(exchanges.lock().entries.len(), 1);
    }

    #[test]
    fn a_place_is_free_again_once_its_exchange_has_ended() {
        let exchanges = Exchanges::new(std::time::Duration::from_secs(15));
        for attempt in 0..MAX_UNFINISHED as u128 {
            assert!(matches!(exchanges.begin(key(attempt), 0), Begun::New));
        }
        assert!(matches!(exchanges.begin(key(u128::MAX), 0), Begun::Full));

        exchanges.abandon(key(0), true);
        exchanges.abandon(key(3), false);
        assert!(matches!(
            exchanges.begin(key(0), 0),
            Begun::Done(Outcome::Replayed)
        ));
        exchanges.end(key(1), Ended::Free(Outcome::NotYet), 0);
        exchanges.discard(key(2).attempt);
        let used = Ended::Used(Outcome::NotYet);
        assert!(exchanges.end(key(2), used, 0).is_none());

        assert!(matches!(exchanges.begin(key(1), 0), Begun::New));
        assert!(matches!(exchanges.begin(key(3), 0), Begun::New));
        assert!(use_up(&exchanges, u128::MAX, 0));
        assert!(matches!(
            exchanges.begin(key(2), 0),
            Begun::Done(Outcome::Replayed)
        ));
    }
}
