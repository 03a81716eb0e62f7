use std::sync::Arc;

use uuid::Uuid;

use super::{data::Session, expiring_map::ExpiringMap};
use crate::flight::{FlightError, Joined, SingleFlight};

/// Refreshes that are in flight or were recently completed, one for each
/// session and generation.
///
/// Requests may arrive with a session that was refreshed a moment ago, since
/// they were sent before its new cookies arrived. They get the outcome of that
/// refresh.
pub(crate) struct Refreshes {
    flights: SingleFlight<Key, RefreshOutcome>,
    completed: ExpiringMap<Key, Completed>,
}

/// Id and generation of a session.
type Key = (Uuid, u64);

/// Completed refresh.
#[derive(Clone, Debug)]
struct Completed {
    outcome: RefreshOutcome,
    /// In seconds of Unix time.
    finished_at: u64,
    expires_at: u64,
}

/// Outcome of a refresh.
#[derive(Clone, Debug)]
pub(crate) enum RefreshOutcome {
    /// The session was revoked, or its user is inactive.
    Ended,
    /// Fief is unreachable or failed: a later refresh may succeed.
    Failed,
    /// The tokens were refreshed: the session with the new ones.
    Refreshed(Arc<Session>),
    /// The refresh token is unusable: the session lasts as long as its access
    /// token.
    Refused,
}

impl RefreshOutcome {
    /// Returns the label for metrics.
    pub(crate) fn label(&self) -> &'static str {
        match self {
            Self::Ended => "ended",
            Self::Failed => "failed",
            Self::Refreshed(_) => "refreshed",
            Self::Refused => "refused",
        }
    }

    /// Returns for how many seconds requests with the previous session get this
    /// outcome.
    fn lifetime(&self) -> u64 {
        match self {
            Self::Refreshed(_) | Self::Ended => GRACE_PERIOD,
            Self::Failed => RETRY_PAUSE,
            // As long as any session lasts.
            Self::Refused => 24 * 3600,
        }
    }
}

impl Refreshes {
    pub(crate) fn new() -> Self {
        Self {
            // A refresh token is single-use.
            flights: SingleFlight::new(false),
            completed: ExpiringMap::default(),
        }
    }

    /// Returns the outcome of the refresh of a session that was recently
    /// completed or is in flight, or starts it by spawning `work`.
    ///
    /// `work` must [`insert`](Self::insert) its outcome.
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
        self.completed
            .insert(key(session), completed, expires_at, now);
    }

    /// Returns the outcome of a recently completed refresh of a session.
    pub(crate) fn completed(&self, session: &Session, now: u64) -> Option<RefreshOutcome> {
        let completed = self.completed.get(key(session))?;
        completed.is_current(now).then_some(completed.outcome)
    }

    /// Returns whether a session has ended or has been refreshed, or is being
    /// refreshed. Its cookies must not be written: they would replace newer
    /// ones.
    pub(crate) fn are_cookies_outdated(&self, session: &Session) -> bool {
        let key = key(session);
        // In this order: a refresh is inserted before it is no longer in flight.
        self.flights.contains(&key)
            || self
                .completed
                .get(key)
                .is_some_and(|completed| match completed.outcome {
                    RefreshOutcome::Ended | RefreshOutcome::Refreshed(_) => true,
                    RefreshOutcome::Failed | RefreshOutcome::Refused => false,
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
/// The time between two attempts to refresh, in seconds.
const RETRY_PAUSE: u64 = 5;
