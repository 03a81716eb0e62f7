use std::sync::Arc;

use uuid::Uuid;

use super::{data::Session, expiring::Expiring};
use crate::flight::{Joined, Lost, SingleFlight};

/// The refreshes that are under way or were lately, one for each session and generation of it.
pub(crate) struct Refreshes {
    flights: SingleFlight<Key, Outcome>,
    landed: Expiring<Key, Landed>,
}

type Key = (Uuid, u64);

#[derive(Clone, Debug)]
struct Landed {
    outcome: Outcome,
    /// Seconds of Unix time.
    from: u64,
    until: u64,
}

/// What a refresh led to.
#[derive(Clone, Debug)]
pub(crate) enum Outcome {
    /// The user may not come in any more.
    Ended,
    /// Fief is away; another try may help.
    Failed,
    /// The session with its new tokens.
    Refreshed(Arc<Session>),
    /// The refresh token is of no use any more.
    Refused,
}

impl Outcome {
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
            Self::Refreshed(_) | Self::Ended => GRACE,
            Self::Failed => PAUSE,
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
            landed: Expiring::default(),
        }
    }

    /// Joins the refresh of this session that is under way, or was a moment ago, or starts it with `work`, which says
    /// by [`insert`](Self::insert) what it led to.
    pub(crate) async fn join<F>(&self, session: &Session, now: u64, work: impl Fn() -> F) -> Outcome
    where
        F: Future<Output = Outcome> + Send + 'static,
    {
        let known = || self.landed(session, now);
        match self.flights.join(key(session), known, work).await {
            Ok(Joined { result, is_own: _ }) => result,
            Err(Lost) => Outcome::Failed,
        }
    }

    /// Remembers what the refresh of this session led to.
    pub(crate) fn insert(&self, session: &Session, outcome: Outcome, now: u64) {
        let until = now.saturating_add(outcome.lifetime());
        let landed = Landed {
            outcome,
            from: now,
            until,
        };
        self.landed.insert(key(session), landed, until, now);
    }

    /// What a refresh of this session led to a moment ago.
    pub(crate) fn landed(&self, session: &Session, now: u64) -> Option<Outcome> {
        let landed = self.landed.get(key(session))?;
        landed.counts(now).then_some(landed.outcome)
    }

    /// Whether this session has new tokens, or will have, so that its cookies are not to be written any more.
    pub(crate) fn has_superseded(&self, session: &Session) -> bool {
        let key = key(session);
        // In this order, since a flight that ends is in the other before.
        self.flights.contains(&key)
            || self
                .landed
                .get(key)
                .is_some_and(|landed| match landed.outcome {
                    Outcome::Ended | Outcome::Refreshed(_) => true,
                    Outcome::Failed | Outcome::Refused => false,
                })
    }
}

impl Landed {
    /// Whoever asks may have looked at the clock before it landed. One that went back further ends it.
    fn counts(&self, now: u64) -> bool {
        (self.from.saturating_sub(GRACE)..self.until).contains(&now)
    }
}

fn key(session: &Session) -> Key {
    (session.id, session.generation)
}

/// Seconds: for how long the old session stands for the new one, and between two tries.
const GRACE: u64 = 30;
const PAUSE: u64 = 5;
