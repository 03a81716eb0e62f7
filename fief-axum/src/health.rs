//! Whether requests can be authenticated, for the ready route and [`FiefAuth::health`](crate::FiefAuth::health).
//!
//! Anonymous clients can request the route as often as they like, so probes are shared: the session store is probed once a
//! second at most, and the keys are fetched only if there are none.

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, SystemTime},
};

use fief_client::{Fief, Health, internal::Chain};
use tokio::time::timeout;

use crate::{
    flight::{Joined, SingleFlight},
    log::limited,
    session::Sessions,
};

/// Health of a [`FiefAuth`](crate::FiefAuth): whether it can authenticate requests. Returned by
/// [`FiefAuth::health`](crate::FiefAuth::health), which has an example.
#[derive(Clone, Copy, Debug)]
pub struct AuthHealth {
    fief: Health,
    session_store: Option<bool>,
}

impl AuthHealth {
    /// Returns `true` if tokens can be verified, and the session store responds if there is one.
    #[must_use]
    pub fn is_ready(&self) -> bool {
        self.fief.is_ready() && self.session_store != Some(false)
    }

    /// Returns the health of the client: the age of Fief's keys, and why fetching them failed.
    #[must_use]
    pub fn fief(&self) -> Health {
        self.fief
    }

    /// Returns whether the session store responds. `None` without a
    /// [`session_store`](crate::FiefAuthBuilder::session_store).
    #[must_use]
    pub fn session_store(&self) -> Option<bool> {
        self.session_store
    }
}

/// Probes of the session store and of the keys, which concurrent callers share.
pub(crate) struct HealthProbe {
    flight: SingleFlight<(), Option<bool>>,
    last: Arc<Mutex<Option<Probed>>>,
}

/// The last probe: when it began, and whether the store responded.
type Probed = (SystemTime, Option<bool>);

impl Default for HealthProbe {
    fn default() -> Self {
        Self {
            flight: SingleFlight::new(false, 2 * PROBE_TIMEOUT),
            last: Arc::default(),
        }
    }
}

impl HealthProbe {
    /// Returns the health, by a probe that began within the last second.
    pub(crate) async fn health(&self, fief: &Fief, sessions: Option<&Arc<Sessions>>) -> AuthHealth {
        let session_store = self.session_store(fief, sessions).await;
        AuthHealth {
            fief: fief.health(),
            session_store,
        }
    }

    /// Returns whether the session store responds. Fetches the keys if there are none.
    async fn session_store(&self, fief: &Fief, sessions: Option<&Arc<Sessions>>) -> Option<bool> {
        let recent = || {
            let last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
            // A clock that was set back does not prolong it.
            last.filter(|(at, _)| {
                let age = fief.now().duration_since(*at);
                age.is_ok_and(|age| age < PERIOD)
            })
            .map(|(_, responds)| responds)
        };
        let work = || {
            let (fief, sessions, last) = (fief.clone(), sessions.cloned(), Arc::clone(&self.last));
            async move {
                let at = fief.now();
                let (responds, ()) = tokio::join!(
                    store_responds(&fief, sessions.as_deref()),
                    fetch_missing_keys(&fief),
                );
                *last.lock().unwrap_or_else(PoisonError::into_inner) = Some((at, responds));
                responds
            }
        };
        match self.flight.join((), recent, work).await {
            Ok(Joined { result, .. }) => result,
            Err(_) => sessions.map(|_| false),
        }
    }
}

/// Returns whether the store responds in time. `None` without a store.
async fn store_responds(fief: &Fief, sessions: Option<&Sessions>) -> Option<bool> {
    let store = sessions?.store.as_ref()?;
    let error = match timeout(PROBE_TIMEOUT, store.probe()).await {
        Ok(Ok(())) => return Some(true),
        Ok(Err(error)) => Chain(&error).to_string(),
        Err(elapsed) => elapsed.to_string(),
    };
    limited!(
        warn,
        fief,
        error,
        "the session store does not respond: not ready"
    );
    Some(false)
}

/// Fetches the keys of a process that has none, since a load balancer sends it no request that needs them until it is
/// ready.
async fn fetch_missing_keys(fief: &Fief) {
    if fief.keys_age().is_some() {
        return;
    }
    match timeout(PROBE_TIMEOUT, fief.prefetch_keys()).await {
        Ok(Ok(())) => {}
        // The client logs why.
        Ok(Err(error)) => tracing::debug!(error = %Chain(&error), "there are no keys: not ready"),
        Err(_) => tracing::debug!("the keys take long: not ready"),
    }
}

/// At most one probe in this time.
const PERIOD: Duration = Duration::from_secs(1);
/// How long a probe takes at most.
const PROBE_TIMEOUT: Duration = Duration::from_secs(2);
