//! Trades refresh tokens for new tokens, once each.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use fief_client::{ErrorClass, FiefError, FiefTokenResponse, FiefUserInfo, Requirements};
use tokio::{runtime::Handle, sync::watch, time::timeout};
use uuid::Uuid;

use crate::{
    FiefAuth, metrics,
    session::{Session, seconds},
    site::Site,
};

/// That tokens are refreshed, and when.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Refresh {
    /// Seconds after which they are even if they are good for longer.
    pub(crate) after: Option<u64>,
}

/// The refreshes that are under way or were lately, one for each session and generation of it.
#[derive(Debug)]
pub(crate) struct Refreshes {
    flights: Mutex<HashMap<Key, Flight>>,
}

type Key = (Uuid, u64);
type Flight = watch::Receiver<Option<Landed>>;

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
    fn name(&self) -> &'static str {
        match self {
            Self::Ended => "ended",
            Self::Failed => "failed",
            Self::Refreshed(_) => "refreshed",
            Self::Refused => "refused",
        }
    }
}

impl Refreshes {
    pub(crate) fn new() -> Self {
        Self {
            flights: Mutex::default(),
        }
    }

    /// Joins the refresh of this session that is under way, or was a moment ago, or starts it.
    ///
    /// It is spawned: whoever goes away takes nothing from the others, nor the tokens that Fief has already changed.
    pub(crate) async fn join(&self, auth: &FiefAuth, session: &Arc<Session>, now: u64) -> Outcome {
        let Some(mut flight) = self.start(auth, session, now) else {
            return Outcome::Failed;
        };
        let landing = flight.wait_for(Option::is_some);
        // The runtime that refreshes may be gone, or stand still.
        let landed = timeout(PATIENCE, landing).await;
        match landed.as_ref().map(Result::as_deref) {
            Ok(Ok(Some(landed))) => landed.outcome.clone(),
            Ok(Ok(None) | Err(_)) | Err(_) => Outcome::Failed,
        }
    }

    /// What a refresh of this session led to a moment ago.
    pub(crate) fn landed(&self, session: &Session, now: u64) -> Option<Outcome> {
        let flights = self.lock();
        let flight = flights.get(&key(session))?;
        let landed = flight.borrow();
        let landed = landed.as_ref().filter(|landed| landed.counts(now))?;
        Some(landed.outcome.clone())
    }

    /// Whether this session has new tokens, or will have, so that its cookies are not to be written any more.
    pub(crate) fn has_superseded(&self, session: &Session) -> bool {
        let flights = self.lock();
        flights.get(&key(session)).is_some_and(|flight| {
            let landed = flight.borrow();
            matches!(
                landed.as_ref().map(|landed| &landed.outcome),
                None | Some(Outcome::Refreshed(_) | Outcome::Ended)
            )
        })
    }

    fn start(&self, auth: &FiefAuth, session: &Arc<Session>, now: u64) -> Option<Flight> {
        let runtime = Handle::try_current().ok()?;
        let mut flights = self.lock();
        if let Some(flight) = flights.get(&key(session)).filter(|old| is_good(old, now)) {
            return Some(flight.clone());
        }
        // When it would grow, so that the work is a share of each insertion's.
        if flights.len() == flights.capacity() || flights.len() >= MAX {
            flights.retain(|_, flight| is_good(flight, now));
            let room = flights.len();
            flights.reserve(room);
        }
        if flights.len() >= MAX {
            // Forgetting that a token was refused costs no more than asking again.
            flights.retain(|_, flight| flight.borrow().as_ref().is_none_or(Landed::is_needed));
        }
        if flights.len() >= MAX {
            tracing::warn!("too many sessions are refreshed at once");
            return None;
        }
        let (sender, flight) = watch::channel(None);
        let (auth, session) = (auth.clone(), Arc::clone(session));
        flights.insert(key(&session), flight.clone());
        runtime.spawn(async move {
            let outcome = refresh(&auth, &session).await;
            metrics::refresh(outcome.name());
            let now = seconds(auth.fief().now());
            sender.send_replace(Some(Landed::new(outcome, now)));
        });
        Some(flight)
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<Key, Flight>> {
        self.flights.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Landed {
    fn new(outcome: Outcome, now: u64) -> Self {
        let until = match outcome {
            Outcome::Refreshed(_) | Outcome::Ended => now.saturating_add(GRACE),
            Outcome::Failed => now.saturating_add(PAUSE),
            // For as long as any session lasts.
            Outcome::Refused => now.saturating_add(24 * 3600),
        };
        Self {
            outcome,
            from: now,
            until,
        }
    }

    fn is_needed(&self) -> bool {
        matches!(self.outcome, Outcome::Refreshed(_) | Outcome::Ended)
    }

    /// Whoever asks may have looked at the clock before it landed. One that went back further ends it.
    fn counts(&self, now: u64) -> bool {
        (self.from.saturating_sub(GRACE)..self.until).contains(&now)
    }
}

/// Under way, or landed and still of use. One whose task is lost is neither.
fn is_good(flight: &Flight, now: u64) -> bool {
    match flight.borrow().as_ref() {
        Some(landed) => landed.counts(now),
        None => flight.has_changed().is_ok(),
    }
}

fn key(session: &Session) -> Key {
    (session.id, session.generation)
}

async fn refresh(auth: &FiefAuth, session: &Session) -> Outcome {
    let (Some(site), Some(refresh_token)) = (auth.site(), session.refresh_token()) else {
        return Outcome::Refused;
    };
    let fief = auth.fief();
    let params = session.refresh_params();
    match fief.auth_refresh_token(refresh_token, &params).await {
        Ok((tokens, user)) => adopt(auth, site, session, tokens, user).await,
        Err(error) => refused(auth, site, session, &error).await,
    }
}

/// Keeps the new tokens before anyone uses them.
async fn adopt(
    auth: &FiefAuth,
    site: &Site,
    session: &Session,
    tokens: FiefTokenResponse,
    user: FiefUserInfo,
) -> Outcome {
    let fief = auth.fief();
    // They were validated a moment ago; this looks the claims up.
    let valid = fief
        .validate_access_token(tokens.access_token(), &Requirements::new())
        .await;
    let Ok(info) = valid else {
        return Outcome::Refused;
    };
    let session = session.refreshed(&tokens, &info, seconds(fief.now()));
    let is_kept = match &site.store {
        Some(store) => store.keep(site, &session).await,
        None => true,
    };
    if !is_kept || site.ended.has(&session) {
        return Outcome::Ended;
    }
    auth.users().learn(fief, &user).await;
    Outcome::Refreshed(Arc::new(session))
}

async fn refused(auth: &FiefAuth, site: &Site, session: &Session, error: &FiefError) -> Outcome {
    match error.clone().into_class() {
        ErrorClass::Inactive => {
            tracing::debug!("a session ends, since its user is not active any more");
            super::visit::end_or_log(auth, site, session.id, Some(session.user)).await;
            Outcome::Ended
        }
        ErrorClass::Status(_, detail) if detail.code().as_deref() == Some("invalid_grant") => {
            // Another machine may have been faster.
            let newer = match &site.store {
                Some(store) => store.newer(site, session).await,
                None => None,
            };
            newer.map_or_else(
                || {
                    tracing::debug!("a refresh token is not good any more");
                    Outcome::Refused
                },
                |newer| Outcome::Refreshed(Arc::new(newer)),
            )
        }
        ErrorClass::IdToken | ErrorClass::Invalid => {
            tracing::error!(%error, "the tokens of a refresh were refused");
            Outcome::Refused
        }
        ErrorClass::Authorization(_)
        | ErrorClass::Callback
        | ErrorClass::Configuration
        | ErrorClass::Expired
        | ErrorClass::Response
        | ErrorClass::Status(..)
        | ErrorClass::Transport
        | ErrorClass::Unmet(_) => {
            tracing::warn!(%error, "a session could not be refreshed");
            Outcome::Failed
        }
    }
}

/// Seconds: for how long the old session stands for the new one, and between two tries.
const GRACE: u64 = 30;
const PAUSE: u64 = 5;
const MAX: usize = 100_000;
/// For how long one is waited for. It goes on after that, and what it leads to counts for later requests.
const PATIENCE: Duration = Duration::from_secs(15);
