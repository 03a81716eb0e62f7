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
