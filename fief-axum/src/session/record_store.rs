//! Where sessions are kept besides the browser.

use std::{error, pin::Pin};

use uuid::Uuid;

use crate::Error;

/// A place for small records, such as a database.
pub(crate) trait RecordStore: Send + Sync {
    fn load(&self, id: Uuid) -> BoxFuture<'_, Option<String>>;

    /// Adds a record. Fails where there is one of this id.
    fn create(&self, record: Record) -> BoxFuture<'_, ()>;

    /// Replaces a record. One that is not there is added, or nothing happens, or it fails: places differ.
    fn save(&self, record: Record) -> BoxFuture<'_, ()>;

    fn delete(&self, id: Uuid) -> BoxFuture<'_, ()>;
}

#[cfg_attr(
    not(feature = "tower-sessions"),
    expect(dead_code, reason = "nothing but a store reads them")
)]
pub(crate) struct Record {
    pub(crate) id: Uuid,
    pub(crate) text: String,
    /// Seconds of Unix time.
    pub(crate) expires_at: u64,
}

pub(crate) type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = Result<T, Error>> + Send + 'a>>;

/// The failure of a store.
pub(crate) fn failed(error: impl error::Error + Send + Sync + 'static) -> Error {
    Error::SessionStore(std::sync::Arc::new(error))
}
