use std::{sync::Arc, time::Duration};

use fief_client::PendingTokens;
use uuid::Uuid;

use super::{data::Session, expiring_map::ExpiringMap};
use crate::flight::{FlightError, Joined, SingleFlight};

/// Refreshes that are in flight or were recently completed, one for each
/// session and generation: the number of times that the session was refreshed.
///
/// Requests may arrive with a session that was refreshed a moment ago, since
/// they were sent before its new cookies arrived. They get the outcome of that
/// refresh.
pub(crate) struct Refreshes {
    flights: SingleFlight<Key, RefreshOutcome>,
    completed: ExpiringMap<Key, Completed>,
    /// Refresh tokens that were used, and whether that refreshed the session.
    /// They are remembered for long, after their outcomes.
    used: ExpiringMap<Key, bool>,
    /// What refreshes have received, and could not complete yet. A refresh token
    /// can be used once, so the next attempt goes on from here.
    unfinished: ExpiringMap<Key, Unfinished>,
}

/// Id and generation of a session.
type Key = (Uuid, u64);

/// Completed refresh.
#[derive(Clone, Debug)]
struct Completed {
    outcome: RefreshOutcome,
    /// Unix timestamps, in seconds.
    finished_at: u64,
    expires_at: u64,
}

/// What a refresh has received from Fief, and could not complete yet.
#[derive(Clone, Debug)]
pub(crate) enum Unfinished {
    /// The refreshed session, which the store does not have.
    Unsaved(Arc<Session>),
    /// The new tokens, without a store: Fief's keys could not be fetched.
    Unverified(PendingTokens),
}

/// Outcome of a refresh.
#[derive(Clone, Debug)]
pub(crate) enum RefreshOutcome {
    /// The session was revoked, or its user is inactive.
    Ended,
    /// Fief or the store is unreachable or failed, or the refresh could not be
    /// run or awaited: a later one may succeed.
    Failed,
    /// The tokens were refreshed: the session with the new ones.
    Refreshed(Arc<Session>),
    /// The refresh token is unusable: the session lasts as long as its access
    /// token.
    Rejected,
}

impl RefreshOutcome {
    /// Returns the label for metrics.
    pub(crate) fn label(&self) -> &'static str {
        match self {
            Self::Ended => "ended",
            Self::Failed => "failed",
            Self::Refreshed(_) => "refreshed",
            Self::Rejected => "rejected",
        }
    }

    /// Returns how long, in seconds, this outcome is served to requests with the
    /// same session and generation.
    fn lifetime(&self) -> u64 {
        match self {
            Self::Ended | Self::Refreshed(_) | Self::Rejected => GRACE_PERIOD,
            Self::Failed => RETRY_PAUSE,
        }
    }
}

impl Refreshes {
    pub(crate) fn new(wait_timeout: Duration) -> Self {
        Self {
            // A refresh token is single-use.
            flights: SingleFlight::new(false, wait_timeout),
            completed: ExpiringMap::default(),
            used: ExpiringMap::default(),
            unfinished: ExpiringMap::default(),
        }
    }

    /// Returns the outcome of a session's refresh. Uses a recent outcome, joins
    /// the refresh in flight, or spawns `work`.
    ///
    /// `work` must [`insert`](Self::insert) its outcome before it returns.
    pub(crate) async fn join<F>(
        &self,
        session: &Session,
        now: u64,
        work: impl Fn() -> F,
    ) -> RefreshOutcome
    where
        F: Future<Output = RefreshOutcome> + Send + 'static,
    {
        let cached = || self.completed(session, now);
        match self.flights.join(key(session), cached, work).await {
            Ok(Joined {
                result,
                started_here: _,
            }) => result,
            Err(FlightError) => RefreshOutcome::Failed,
        }
    }

    /// Stores the outcome of the refresh of a session.
    pub(crate) fn insert(&self, session: &Session, outcome: RefreshOutcome, now: u64) {
        let expires_at = now.saturating_add(outcome.lifetime());
        let completed = Completed {
            outcome,
            finished_at: now,
            expires_at,
        };
        let refreshes = match completed.outcome {
            RefreshOutcome::Failed => None,
            RefreshOutcome::Refreshed(_) => Some(true),
            RefreshOutcome::Ended | RefreshOutcome::Rejected => Some(false),
        };
        if let Some(refreshes) = refreshes {
            let until = now.saturating_add(USED_LIFETIME);
            self.used.insert(key(session), refreshes, until, now);
        }
        match completed.outcome {
            // That the refresh token was used says the same.
            RefreshOutcome::Rejected => {}
            RefreshOutcome::Ended | RefreshOutcome::Failed | RefreshOutcome::Refreshed(_) => {
                self.completed
                    .insert(key(session), completed, expires_at, now);
            }
        }
    }

    /// Returns the outcome of a recently completed refresh of a session. Later,
    /// its refresh token is known to be used.
    ///
    /// Returns `None` if there was no refresh, or one that can go on.
    pub(crate) fn completed(&self, session: &Session, now: u64) -> Option<RefreshOutcome> {
        let key = key(session);
        let completed = self.completed.get(key);
        if let Some(completed) = completed.filter(|completed| completed.is_current(now)) {
            return Some(completed.outcome);
        }
        let is_used = self.used.get(key).is_some() && self.unfinished(session, now).is_none();
        is_used.then_some(RefreshOutcome::Rejected)
    }

    /// Keeps what a refresh has received, until 10 minutes after it was.
    pub(crate) fn keep(&self, session: &Session, unfinished: Unfinished, now: u64) {
        let key = key(session);
        let kept = self.unfinished.get_with_time(key);
        let until = kept.map_or(now.saturating_add(UNFINISHED_LIFETIME), |(_, until)| until);
        self.unfinished.insert(key, unfinished, until, now);
        // Its refresh token was sent, unless its record has the response.
        if session.pending().is_none() {
            let used_until = now.saturating_add(USED_LIFETIME);
            self.used.insert(key, false, used_until, now);
        }
    }

    /// Returns what a refresh has received and could not complete.
    pub(crate) fn unfinished(&self, session: &Session, now: u64) -> Option<Unfinished> {
        let (unfinished, until) = self.unfinished.get_with_time(key(session))?;
        (now < until).then_some(unfinished)
    }

    /// Removes what a refresh has received, since it is complete.
    pub(crate) fn finish(&self, session: &Session) {
        self.unfinished.remove(key(session));
    }

    /// Returns whether a session is known to have been refreshed: there is a newer
    /// one.
    pub(super) fn has_newer(&self, session: &Session) -> bool {
        self.used.get(key(session)) == Some(true)
    }

    /// Returns whether another refresh may be started: what it receives can be
    /// kept.
    pub(crate) fn has_room(&self, now: u64) -> bool {
        self.unfinished.has_room(MAX_UNFINISHED, now)
    }

    /// Returns whether a session has ended or has been refreshed, or is being
    /// refreshed. Its cookies must not be written: they would replace newer
    /// ones. An outcome that is no longer served counts as well, since it makes
    /// the cookies no newer.
    pub(crate) fn are_cookies_outdated(&self, session: &Session) -> bool {
        let key = key(session);
        // In this order: a refresh is inserted before it is no longer in flight.
        self.flights.contains(&key)
            || self.used.get(key) == Some(true)
            || self
                .completed
                .get(key)
                .is_some_and(|completed| match completed.outcome {
                    RefreshOutcome::Ended | RefreshOutcome::Refreshed(_) => true,
                    RefreshOutcome::Failed | RefreshOutcome::Rejected => false,
                })
    }
}

impl Completed {
    /// Returns whether the outcome still applies.
    ///
    /// `now` may be before the completion, if the request waited for it. If it
    /// is long before, the clock was set back and the outcome is outdated.
    fn is_current(&self, now: u64) -> bool {
        (self.finished_at.saturating_sub(GRACE_PERIOD)..self.expires_at).contains(&now)
    }
}

fn key(session: &Session) -> Key {
    (session.id, session.generation)
}

/// How long the previous session is accepted, in seconds.
const GRACE_PERIOD: u64 = 30;
/// The time between two refresh attempts, in seconds.
const RETRY_PAUSE: u64 = 5;
/// How long a refresh token is known to be used, in seconds: as long as Fief's
/// access tokens are valid by default. The session ends with its own.
const USED_LIFETIME: u64 = 24 * 3600;
/// How long an unfinished refresh is kept, in seconds.
pub(super) const UNFINISHED_LIFETIME: u64 = 600;
/// How many unfinished refreshes are kept.
const MAX_UNFINISHED: usize = 10_000;
