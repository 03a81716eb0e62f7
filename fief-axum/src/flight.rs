use std::{
    collections::HashMap,
    future::Future,
    hash::Hash,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use tokio::{runtime::Handle, sync::watch, time::timeout};

/// Work that is under way: one piece for each key, shared by all who want its result.
///
/// The work is spawned: a caller that goes away takes nothing from the others. Work that is lost with the runtime that
/// it was spawned on is done again, once, by those who wait for it. Work that takes too long, since its runtime stands
/// still, may go on: it is done again only if it can be repeated.
pub(crate) struct SingleFlight<K, T> {
    in_flight: Shared<K, T>,
    is_repeatable: bool,
}

type Shared<K, T> = Arc<Mutex<HashMap<K, InFlight<T>>>>;
type InFlight<T> = watch::Receiver<Option<T>>;

/// A result, and whether the caller's own work led to it.
pub(crate) struct Joined<T> {
    pub(crate) result: T,
    pub(crate) is_own: bool,
}

/// There is no result: no runtime can do the work, it takes too long, or there is too much of it under way.
#[derive(Debug)]
pub(crate) struct FlightError;

impl<K, T> SingleFlight<K, T>
where
    K: Clone + Eq + Hash + Send + 'static,
    T: Clone + Send + Sync + 'static,
{
    pub(crate) fn new(is_repeatable: bool) -> Self {
        Self {
            in_flight: Arc::default(),
            is_repeatable,
        }
    }

    /// Joins the work for a key, or starts it, and waits for the result.
    ///
    /// Where no work is under way, `cached` may have the result already. No work for any key begins or ends while it is
    /// authentication.
    pub(crate) async fn join<F>(
        &self,
        key: K,
        cached: impl Fn() -> Option<T>,
        work: impl Fn() -> F,
    ) -> Result<Joined<T>, FlightError>
    where
        F: Future<Output = T> + Send + 'static,
    {
        for _ in 0..MAX_STARTS {
            let (mut flight, is_own) = match self.start(&key, &cached, &work)? {
                Started::Cached(result) => {
                    let is_own = false;
                    return Ok(Joined { result, is_own });
                }
                Started::Own(flight) => (flight, true),
                Started::Others(flight) => (flight, false),
            };
            let waited = timeout(WAIT_TIMEOUT, flight.wait_for(Option::is_some)).await;
            let waited = waited.map(|waited| waited.ok().and_then(|result| result.clone()));
            match waited {
                Ok(Some(result)) => return Ok(Joined { result, is_own }),
                // It was lost with its runtime.
                Ok(None) => {}
                Err(_) if self.is_repeatable => remove(&self.in_flight, &key, &flight),
                Err(_) => return Err(FlightError),
            }
        }
        Err(FlightError)
    }

    /// Returns whether work for this key is under way.
    pub(crate) fn contains(&self, key: &K) -> bool {
        lock(&self.in_flight).contains_key(key)
    }

    /// Lets the next caller start the work anew. Those who wait for what is under way get its result.
    pub(crate) fn remove(&self, key: &K) {
        lock(&self.in_flight).remove(key);
    }

    fn start<F>(
        &self,
        key: &K,
        cached: impl Fn() -> Option<T>,
        work: impl Fn() -> F,
    ) -> Result<Started<T>, FlightError>
    where
        F: Future<Output = T> + Send + 'static,
    {
        let runtime = Handle::try_current().map_err(|_| FlightError)?;
        let (sender, flight) = watch::channel(None);
        {
            let mut in_flight = lock(&self.in_flight);
            match in_flight.get(key) {
                // Not one that was lost.
                Some(flight) if flight.has_changed().is_ok() => {
                    return Ok(Started::Others(flight.clone()));
                }
                Some(_) | None => {}
            }
            if let Some(result) = cached() {
                return Ok(Started::Cached(result));
            }
            if in_flight.len() >= MAX_IN_FLIGHT {
                return Err(FlightError);
            }
            in_flight.insert(key.clone(), flight.clone());
        }
        // Not under the lock: a runtime that shuts down drops the work at once, which takes it.
        let guard = FlightGuard {
            in_flight: Arc::clone(&self.in_flight),
            key: key.clone(),
            flight: flight.clone(),
        };
        let work = work();
        runtime.spawn(async move {
            let result = work.await;
            // Before the others hear of it, so that what they start next is not this.
            drop(guard);
            sender.send_replace(Some(result));
        });
        Ok(Started::Own(flight))
    }
}

enum Started<T> {
    Cached(T),
    Own(InFlight<T>),
    Others(InFlight<T>),
}

/// Ends a piece of work, whatever becomes of it.
struct FlightGuard<K: Eq + Hash, T> {
    in_flight: Shared<K, T>,
    key: K,
    flight: InFlight<T>,
}

impl<K: Eq + Hash, T> Drop for FlightGuard<K, T> {
    fn drop(&mut self) {
        remove(&self.in_flight, &self.key, &self.flight);
    }
}

/// Removes a piece of work unless another one has its key by now.
fn remove<K: Eq + Hash, T>(in_flight: &Shared<K, T>, key: &K, flight: &InFlight<T>) {
    let mut in_flight = lock(in_flight);
    let current = in_flight.get(key);
    if current.is_some_and(|current| current.same_channel(flight)) {
        in_flight.remove(key);
    }
}

fn lock<K, T>(in_flight: &Shared<K, T>) -> MutexGuard<'_, HashMap<K, InFlight<T>>> {
    in_flight.lock().unwrap_or_else(PoisonError::into_inner)
}

/// More than the time-outs of a request to Fief add up to.
const WAIT_TIMEOUT: Duration = Duration::from_secs(15);
/// How many runtimes may be lost under one caller.
const MAX_STARTS: usize = 3;
const MAX_IN_FLIGHT: usize = 100_000;
