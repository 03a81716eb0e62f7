//! Changes marks: in this process at once, and in the store.

use std::{future::Future, time::Duration};

use tokio::{runtime::Handle, time::timeout};
use uuid::Uuid;

use super::{Marks, UserMark};
use crate::{
    Error,
    session::{record_store::failed, store::Store},
};

/// Adds what a mark says of a user. Returns what is known of the user now.
///
/// # Errors
///
/// The store failed, or the user is denied and too many others are.
pub(crate) async fn change_user(
    marks: &Marks,
    store: Option<&Store>,
    user: Uuid,
    newer: &UserMark,
) -> Result<UserMark, Error> {
    let before = marks.of_user(user).unwrap_or_default();
    let newer = &newer.clone().said(marks.now(), &before);
    // Other machines may have room for it, if this one has not.
    let observed = marks.observe(user, &newer.clone().after(&before)).await;
    let Some(store) = store else {
        return observed;
    };
    // What the store has evicted is there again.
    let facts = before.without_changes();
    let stored = store.merge_mark(user, &[&facts, newer], marks).await?;
    observed?;
    marks.observe(user, &stored).await
}

/// Adds that permissions of any user have changed.
#[cfg(feature = "webhooks")]
pub(crate) async fn change_all(marks: &Marks, store: Option<&Store>) -> Result<(), Error> {
    let change = super::spread::ChangesForAll::at(marks.now());
    marks.observe_all(&change);
    match store {
        Some(store) => store.add_change_for_all(&change, marks).await,
        None => Ok(()),
    }
}

/// Runs a change in a task of its own, since the caller may disconnect and a lock
/// must be released. Waits for it, but not for long.
pub(crate) async fn detached<T, F>(change: F) -> Result<T, Error>
where
    T: Send + 'static,
    F: Future<Output = Result<T, Error>> + Send + 'static,
{
    let runtime = Handle::try_current().map_err(failed)?;
    match timeout(WAIT_TIMEOUT, runtime.spawn(change)).await {
        Ok(Ok(result)) => result,
        Ok(Err(panicked)) => Err(failed(panicked)),
        Err(elapsed) => Err(failed(elapsed)),
    }
}

/// A response must not take longer.
const WAIT_TIMEOUT: Duration = Duration::from_secs(8);
