use std::sync::Arc;

use uuid::Uuid;

use super::{data::Session, expiring_map::ExpiringMap};
use crate::flight::{FlightError, Joined, SingleFlight};

/// The refreshes that are under way or were lately, one for each session and generation of it.
pub(crate) struct Refreshes {
    flights: SingleFlight<Key, RefreshOutcome>,
    completed: ExpiringMap<Key, Completed>,
}

type Key = (Uuid, u64);

#[derive(Clone, Debug)]
struct Completed {
    outcome: RefreshOutcome,
    /// Seconds of Unix time.
    finished_at: u64,
    expires_at: u64,
}

/// What a refresh led to.
#[derive(Clone, Debug)]
pub(crate) enum RefreshOutcome {
    /// The user may not come in any more.
    Ended,
    /// Fief is away; another try may help.
    Failed,
    /// The session with its new tokens.
    Refreshed(Arc<Session>),
    /// The refresh token is of no use any more.
    Refused,
}

impl RefreshOutcome {
    pub(crate) fn name(&self) -> &'static str {
        match self {
            Self::Ended => "ended",
            Self::Failed => "failed",
            Self::Refreshed(_) => "refreshed",
            Self::Refused => "refused",
        }
    }

    /// Seconds for which it counts for those who still have the old session.
    fn lifetime(&self) -> u64 {
        match self {
            Self::Refreshed(_) | Self::Ended => GRACE_PERIOD,
            Self::Failed => RETRY_PAUSE,
            // For as long as any session lasts.
            Self::Refused => 24 * 3600,
        }
    }
}

impl Refreshes {
    pub(crate) fn new() -> Self {
        Self {
            // A refresh token is good for one request.
            flights: SingleFlight::new(false),
            completed: ExpiringMap::default(),
        }
    }

    /// Joins the refresh of this session that is under way, or was a moment ago, or starts it with `work`, which says
    /// by [`insert`](Self::insert) what it led to.
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
            Ok(Joined { result, is_own: _ }) => result,
            Err(FlightError) => RefreshOutcome::Failed,
        }
    }

    /// Remembers what the refresh of this session led to.
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

    /// What a refresh of this session led to a moment ago.
    pub(crate) fn completed(&self, session: &Session, now: u64) -> Option<RefreshOutcome> {
        let completed = self.completed.get(key(session))?;
        completed.is_current(now).then_some(completed.outcome)
    }

    /// Whether this session has new tokens, or will have, so that its cookies are not to be written any more.
    pub(crate) fn has_superseded(&self, session: &Session) -> bool {
        let key = key(session);
        // In this order, since a flight that ends is in the other before.
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
    /// Whoever asks may have looked at the clock before it completed. One that went back further ends it.
    fn is_current(&self, now: u64) -> bool {
        (self.finished_at.saturating_sub(GRACE_PERIOD)..self.expires_at).contains(&now)
    }
}

fn key(session: &Session) -> Key {
    (session.id, session.generation)
}

/// Seconds: for how long the old session stands for the new one, and between two tries.
const GRACE_PERIOD: u64 = 30;
const RETRY_PAUSE: u64 = 5;
