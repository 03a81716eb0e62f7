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
    current: Mutex<Option<UnderWay<T>>>,
}

/// Work that was started.
#[derive(Clone, Debug)]
pub(crate) struct UnderWay<T> {
    result: watch::Receiver<Option<Result<T, FiefError>>>,
}

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
            if let Some(flight) = self.start_if(|| true, &work)?
                && let Some(result) = flight.landed().await
            {
                return result;
            }
        }
        Err(FiefError::Configuration(
            "the tokio runtime is shutting down".into(),
        ))
    }

    /// Starts the work unless it is under way.
    pub(crate) fn start<F>(&self, work: impl Fn() -> F) -> Result<(), FiefError>
    where
        F: Future<Output = Result<T, FiefError>> + Send + 'static,
    {
        self.start_if(|| true, work).map(|_| ())
    }

    /// Returns the work that is under way, or starts it where that is allowed. One caller at a time is
    /// asked.
    pub(crate) fn start_if<F>(
        &self,
        is_allowed: impl FnOnce() -> bool,
        work: impl Fn() -> F,
    ) -> Result<Option<UnderWay<T>>, FiefError>
    where
        F: Future<Output = Result<T, FiefError>> + Send + 'static,
    {
        let mut current = self.current.lock().unwrap_or_else(PoisonError::into_inner);
        let under_way = current.take().filter(UnderWay::is_under_way);
        *current = match under_way {
            None if is_allowed() => Some(spawn(work())?),
            under_way => under_way,
        };
        Ok(current.clone())
    }
}

impl<T: Clone> UnderWay<T> {
    /// Waits for the result; none when the runtime that did the work is gone.
    pub(crate) async fn landed(mut self) -> Option<Result<T, FiefError>> {
        let landed = self.result.wait_for(Option::is_some).await;
        landed.ok().and_then(|result| result.clone())
    }

    fn is_under_way(&self) -> bool {
        self.result.borrow().is_none() && self.result.has_changed().is_ok()
    }
}

fn spawn<T, F>(work: F) -> Result<UnderWay<T>, FiefError>
where
    T: Send + Sync + 'static,
    F: Future<Output = Result<T, FiefError>> + Send + 'static,
{
    let runtime = Handle::try_current()
        .map_err(|_| FiefError::Configuration("fief-client needs a tokio runtime".into()))?;
    let (sender, result) = watch::channel(None);
    runtime.spawn(async move { sender.send(Some(work.await)) });
    Ok(UnderWay { result })
}
