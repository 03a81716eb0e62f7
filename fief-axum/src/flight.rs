//! Single flight: concurrent callers share one execution of the same work.
//!
//! fief-client has one of its own, without keys.

use std::{
    collections::HashMap,
    future::Future,
    hash::Hash,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use tokio::{runtime::Handle, sync::watch, time::timeout};

/// Map of work in flight: callers with the same key share one execution of the
/// work, and its result.
///
/// The work is spawned, so it continues if the caller that started it is
/// dropped. A caller tries up to [`MAX_TRIES`] times:
///
/// - Work that was lost, because it panicked or its runtime was shut down, is
///   started again.
/// - Work that takes longer than the timeout may still complete. It is
///   started again only if executions may overlap.
pub(crate) struct SingleFlight<K, T> {
    in_flight: FlightMap<K, T>,
    /// Whether work may be started while an earlier execution may still run.
    may_overlap: bool,
    /// How long a caller waits: longer than the work takes, with all its timeouts.
    wait_timeout: Duration,
}

type FlightMap<K, T> = Arc<Mutex<HashMap<K, InFlight<T>>>>;
/// Receiver of the result; `None` while the work runs.
type InFlight<T> = watch::Receiver<Option<T>>;

/// Result of [`SingleFlight::join`].
pub(crate) struct Joined<T> {
    pub(crate) result: T,
    /// Whether this caller started the work.
    pub(crate) started_here: bool,
}

/// Error of [`SingleFlight::join`]: no runtime is running, the work takes too
/// long, it was lost [`MAX_TRIES`] times, or too much work is in flight.
#[derive(Debug, thiserror::Error)]
#[error("the work could not be run, or takes too long")]
pub(crate) struct FlightError;

impl<K, T> SingleFlight<K, T>
where
    K: Clone + Eq + Hash + Send + 'static,
    T: Clone + Send + Sync + 'static,
{
    pub(crate) fn new(may_overlap: bool, wait_timeout: Duration) -> Self {
        Self {
            in_flight: Arc::default(),
            may_overlap,
            wait_timeout,
        }
    }

    /// Waits for the work in flight for a key, or starts it, and returns the
    /// result.
    ///
    /// If no work is in flight, `cached` is called before any is started. It
    /// runs under the lock, so that no work starts or ends meanwhile: it must be
    /// short, and must not use this `SingleFlight`.
    pub(crate) async fn join<F>(
        &self,
        key: K,
        cached: impl Fn() -> Option<T>,
        work: impl Fn() -> F,
    ) -> Result<Joined<T>, FlightError>
    where
        F: Future<Output = T> + Send + 'static,
    {
        for _ in 0..MAX_TRIES {
            let (mut flight, started_here) = match self.join_or_start(&key, &cached, &work)? {
                Flight::Cached(result) => {
                    let started_here = false;
                    return Ok(Joined {
                        result,
                        started_here,
                    });
                }
                Flight::Leader(flight) => (flight, true),
                Flight::Follower(flight) => (flight, false),
            };
            let waited = timeout(self.wait_timeout, flight.wait_for(Option::is_some)).await;
            let waited = waited.map(|waited| waited.ok().and_then(|result| result.clone()));
            match waited {
                Ok(Some(result)) => {
                    return Ok(Joined {
                        result,
                        started_here,
                    });
                }
                // The work was lost: try again.
                Ok(None) => {}
                Err(_) if self.may_overlap => remove(&self.in_flight, &key, &flight),
                Err(_) => return Err(FlightError),
            }
        }
        Err(FlightError)
    }

    /// Returns whether work for a key is in flight.
    pub(crate) fn contains(&self, key: &K) -> bool {
        lock(&self.in_flight).contains_key(key)
    }

    /// Forgets the work in flight for a key: the next caller does not join it,
    /// but consults `cached` and starts the work. Callers that already wait get
    /// the result of the forgotten work.
    pub(crate) fn forget(&self, key: &K) {
        lock(&self.in_flight).remove(key);
    }

    /// Returns the work in flight, else the cached result, else spawns the work.
    fn join_or_start<F>(
        &self,
        key: &K,
        cached: impl Fn() -> Option<T>,
        work: impl Fn() -> F,
    ) -> Result<Flight<T>, FlightError>
    where
        F: Future<Output = T> + Send + 'static,
    {
        let runtime = Handle::try_current().map_err(|_| FlightError)?;
        let (sender, flight) = watch::channel(None);
        {
            let mut in_flight = lock(&self.in_flight);
            match in_flight.get(key) {
                // Its sender exists, so the work was not lost.
                Some(flight) if flight.has_changed().is_ok() => {
                    return Ok(Flight::Follower(flight.clone()));
                }
                Some(_) | None => {}
            }
            if let Some(result) = cached() {
                return Ok(Flight::Cached(result));
            }
            if in_flight.len() >= MAX_IN_FLIGHT {
                return Err(FlightError);
            }
            in_flight.insert(key.clone(), flight.clone());
        }
        // Without the lock: a runtime that shuts down drops the future at once,
        // and its guard takes the lock.
        let guard = FlightGuard {
            in_flight: Arc::clone(&self.in_flight),
            key: key.clone(),
            flight: flight.clone(),
        };
        let work = work();
        runtime.spawn(async move {
            let result = work.await;
            // Before the callers are notified, so that they cannot join this work again.
            drop(guard);
            sender.send_replace(Some(result));
        });
        Ok(Flight::Leader(flight))
    }
}

/// Result of [`SingleFlight::join_or_start`].
enum Flight<T> {
    Cached(T),
    /// Work that this caller started.
    Leader(InFlight<T>),
    /// Work that another caller started.
    Follower(InFlight<T>),
}

/// Removes work from the map when it completes, panics or is lost.
struct FlightGuard<K: Eq + Hash, T> {
    in_flight: FlightMap<K, T>,
    key: K,
    flight: InFlight<T>,
}

impl<K: Eq + Hash, T> Drop for FlightGuard<K, T> {
    fn drop(&mut self) {
        remove(&self.in_flight, &self.key, &self.flight);
    }
}

/// Removes work from the map, unless newer work has the same key.
fn remove<K: Eq + Hash, T>(in_flight: &FlightMap<K, T>, key: &K, flight: &InFlight<T>) {
    let mut in_flight = lock(in_flight);
    let current = in_flight.get(key);
    if current.is_some_and(|current| current.same_channel(flight)) {
        in_flight.remove(key);
    }
}

fn lock<K, T>(in_flight: &FlightMap<K, T>) -> MutexGuard<'_, HashMap<K, InFlight<T>>> {
    in_flight.lock().unwrap_or_else(PoisonError::into_inner)
}

/// How often one caller starts or joins work.
const MAX_TRIES: usize = 3;
/// The number of keys with work in flight, which bounds the memory.
const MAX_IN_FLIGHT: usize = 100_000;
