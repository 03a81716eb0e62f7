use std::{
    future::Future,
    sync::{Mutex, PoisonError},
};

use tokio::{runtime::Handle, sync::watch};

use crate::FiefError;

/// One piece of work at a time, shared by all who want its result.
///
/// The work is spawned: a caller that goes away takes nothing from the others. No lock is held while it runs.
#[derive(Debug)]
pub(crate) struct Flight<T> {
    current: Mutex<Option<watch::Receiver<Landed<T>>>>,
}

type Landed<T> = Option<Result<T, FiefError>>;

impl<T: Clone + Send + Sync + 'static> Flight<T> {
    pub(crate) fn new() -> Self {
        Self {
            current: Mutex::new(None),
        }
    }

    /// Joins the work that is under way, or starts it, and waits for the result.
    pub(crate) async fn join<F>(&self, work: impl Fn() -> F) -> Result<T, FiefError>
    where
        F: Future<Output = Result<T, FiefError>> + Send + 'static,
    {
        // The work is lost only with the runtime it was spawned on: then this caller's own runtime does it.
        for _ in 0..2 {
            let mut flight = self.start(&work)?;
            if let Ok(landed) = flight.wait_for(Option::is_some).await
                && let Some(result) = landed.clone()
            {
                return result;
            }
        }
        Err(FiefError::Configuration(
            "the tokio runtime is shutting down".into(),
        ))
    }

    /// Starts the work unless it is under way.
    pub(crate) fn start<F>(
        &self,
        work: impl Fn() -> F,
    ) -> Result<watch::Receiver<Landed<T>>, FiefError>
    where
        F: Future<Output = Result<T, FiefError>> + Send + 'static,
    {
        let runtime = Handle::try_current()
            .map_err(|_| FiefError::Configuration("fief-client needs a tokio runtime".into()))?;
        let mut current = self.current.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(flight) = current.as_ref().filter(|flight| under_way(flight)) {
            return Ok(flight.clone());
        }
        let (sender, flight) = watch::channel(None);
        let work = work();
        runtime.spawn(async move { sender.send(Some(work.await)) });
        *current = Some(flight.clone());
        Ok(flight)
    }
}

fn under_way<T>(flight: &watch::Receiver<Landed<T>>) -> bool {
    flight.borrow().is_none() && flight.has_changed().is_ok()
}
