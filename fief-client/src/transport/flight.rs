use std::{
    cell::Cell,
    future::Future,
    sync::{Mutex, PoisonError},
    time::Duration,
};

use tokio::{
    runtime::Handle,
    sync::{Semaphore, SemaphorePermit, watch},
    time::timeout,
};

use super::{Timeouts, TransportError};
use crate::FiefError;

/// Runs one piece of work at a time, and shares its result with all callers.
///
/// The work is spawned, so that it continues if a caller is cancelled. No lock is held while it runs.
#[derive(Debug)]
pub(crate) struct SingleFlight<T> {
    current: Mutex<Option<InFlight<T>>>,
    /// Bounds the callers that wait.
    room: Semaphore,
    /// Longer than the work takes.
    wait_timeout: Duration,
}

/// Work that can be spawned.
pub(crate) trait Work<T>: Future<Output = Result<T, FiefError>> + Send + 'static {}

impl<T, F: Future<Output = Result<T, FiefError>> + Send + 'static> Work<T> for F {}

/// Work in flight.
#[derive(Clone, Debug)]
pub(crate) struct InFlight<T> {
    result: watch::Receiver<Option<Result<T, FiefError>>>,
}

impl<T: Clone + Send + Sync + 'static> SingleFlight<T> {
    /// Creates a flight for work that sends up to two requests.
    pub(crate) fn new(timeouts: Timeouts) -> Self {
        Self {
            current: Mutex::new(None),
            room: Semaphore::new(MAX_WAITING),
            wait_timeout: timeouts.wait(),
        }
    }

    /// Joins the work in flight, or starts it, and waits for its result.
    pub(crate) async fn join<F: Work<T>>(&self, work: impl Fn() -> F) -> Result<T, FiefError> {
        self.join_if(|| true, work).await?.ok_or_else(runtime_gone)
    }

    /// As [`join`](Self::join), for callers whose number has no other bound: fails if too many wait already.
    pub(crate) async fn join_if_room<F: Work<T>>(
        &self,
        work: impl Fn() -> F,
    ) -> Result<T, FiefError> {
        let _place = self.enter()?;
        self.join(work).await
    }

    /// Takes a place among the callers that wait.
    pub(crate) fn enter(&self) -> Result<SemaphorePermit<'_>, FiefError> {
        let place = self.room.try_acquire();
        place.map_err(|_| FiefError::Transport(TransportError::busy()))
    }

    /// Starts the work and waits for its result, which is `None` if its runtime has shut down. Does not wait for work
    /// in flight.
    pub(crate) async fn lead<F: Work<T>>(
        &self,
        work: impl Fn() -> F,
    ) -> Option<Result<T, FiefError>> {
        let started = {
            let is_leader = Cell::new(false);
            let work = || {
                is_leader.set(true);
                work()
            };
            let flight = self.start_if(None, || true, work);
            flight.map(|flight| flight.filter(|_| is_leader.get()))
        };
        match started {
            Ok(flight) => flight?.wait(self.wait_timeout).await,
            Err(error) => Some(Err(error)),
        }
    }

    /// Joins the work in flight, or starts it if that is allowed, and waits for its result. Returns `None` if it
    /// is not allowed.
    pub(crate) async fn join_if<F: Work<T>>(
        &self,
        is_allowed: impl Fn() -> bool,
        work: impl Fn() -> F,
    ) -> Result<Option<T>, FiefError> {
        let Some(flight) = self.start_if(None, is_allowed, &work)? else {
            return Ok(None);
        };
        if let Some(result) = flight.clone().wait(self.wait_timeout).await {
            return result.map(Some);
        }
        // Its runtime has shut down or stands still: run the work on this caller's.
        match self.start_if(Some(&flight), || true, &work)? {
            Some(flight) => flight
                .wait(self.wait_timeout)
                .await
                .ok_or_else(runtime_gone)?
                .map(Some),
            None => Ok(None),
        }
    }

    /// Returns `true` if no work is in flight.
    pub(crate) fn is_idle(&self) -> bool {
        let current = self.current.lock().unwrap_or_else(PoisonError::into_inner);
        current.as_ref().is_none_or(InFlight::is_completed)
    }

    /// Starts the work unless it is in flight.
    pub(crate) fn start<F: Work<T>>(&self, work: impl Fn() -> F) -> Result<(), FiefError> {
        self.start_if(None, || true, work).map(|_| ())
    }

    /// Returns the work in flight, or starts it if `is_allowed` returns `true`, which is called by one caller at
    /// a time. Work that was abandoned is restarted without calling it.
    fn start_if<F: Work<T>>(
        &self,
        abandoned: Option<&InFlight<T>>,
        is_allowed: impl FnOnce() -> bool,
        work: impl Fn() -> F,
    ) -> Result<Option<InFlight<T>>, FiefError> {
        let mut current = self.current.lock().unwrap_or_else(PoisonError::into_inner);
        let is_stalled = |flight: &InFlight<T>| {
            abandoned.is_some_and(|abandoned| abandoned.result.same_channel(&flight.result))
        };
        *current = match current.take() {
            Some(flight) if flight.is_abandoned() || is_stalled(&flight) => Some(spawn(work())?),
            Some(flight) if !flight.is_completed() => Some(flight),
            _ => is_allowed().then(|| spawn(work())).transpose()?,
        };
        Ok(current.clone())
    }
}

impl<T: Clone> InFlight<T> {
    /// Waits for the result. Returns `None` if the runtime of the work has shut down or stands still.
    async fn wait(mut self, limit: Duration) -> Option<Result<T, FiefError>> {
        let completed = self.result.wait_for(Option::is_some);
        let result = match Handle::try_current() {
            Ok(_) => timeout(limit, completed).await.ok()?,
            // Without a runtime there is no timer, and nothing that could run the work instead.
            Err(_) => completed.await,
        };
        result.ok().and_then(|result| result.clone())
    }

    fn is_completed(&self) -> bool {
        self.result.borrow().is_some()
    }

    /// Returns `true` if the work ended without a result.
    fn is_abandoned(&self) -> bool {
        self.result.has_changed().is_err() && !self.is_completed()
    }
}

fn runtime_gone() -> FiefError {
    FiefError::Configuration("the tokio runtime is shutting down".into())
}

fn spawn<T: Send + Sync + 'static>(work: impl Work<T>) -> Result<InFlight<T>, FiefError> {
    let runtime = Handle::try_current()
        .map_err(|_| FiefError::Configuration("fief-client needs a tokio runtime: call it inside of one, or use fief_client::blocking".into()))?;
    let (sender, result) = watch::channel(None);
    runtime.spawn(async move { sender.send(Some(work.await)) });
    Ok(InFlight { result })
}

/// Enough for all requests of a start.
const MAX_WAITING: usize = 256;

#[cfg(test)]
mod tests {
    use std::{
        future::{pending, ready},
        io,
    };

    use tokio::runtime::Builder;

    use super::SingleFlight;
    use crate::transport::Timeouts;

    /// DJ-3, DJ-8, RB-5: work on a runtime that nobody drives holds nobody up for ever.
    #[tokio::test(start_paused = true)]
    async fn work_that_stands_still_is_done_again() -> io::Result<()> {
        let flight = SingleFlight::new(Timeouts::default());
        let idle = Builder::new_current_thread().build()?;
        let entered = idle.enter();
        assert!(flight.start(pending).is_ok());
        drop(entered);
        assert!(matches!(flight.join(|| ready(Ok(1))).await, Ok(1)));
        idle.shutdown_background();
        Ok(())
    }
}
