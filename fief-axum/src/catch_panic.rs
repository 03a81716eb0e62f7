use std::{
    future::{Future, poll_fn},
    panic::{AssertUnwindSafe, catch_unwind},
    pin::pin,
    task::Poll,
};

/// The code of the application panicked.
#[derive(Debug, thiserror::Error)]
#[error("it panicked")]
pub(crate) struct Panicked;

/// Awaits code of the application, such as a cache, which may panic.
///
/// What it leaves behind is its own: nothing of this crate is borrowed by it.
pub(crate) async fn catch_panic<T>(operation: impl Future<Output = T>) -> Result<T, Panicked> {
    let mut operation = pin!(operation);
    poll_fn(|context| {
        let poll = AssertUnwindSafe(|| operation.as_mut().poll(context));
        match catch_unwind(poll) {
            Ok(poll) => poll.map(Ok),
            Err(_) => Poll::Ready(Err(Panicked)),
        }
    })
    .await
}

/// Calls a hook of the application, which may panic. Without this, the headers that
/// were collected for its response would be lost, such as those of a logout.
pub(crate) fn call_hook<T>(hook: impl FnOnce() -> T) -> Result<T, Panicked> {
    catch_unwind(AssertUnwindSafe(hook)).map_err(|_| Panicked)
}
