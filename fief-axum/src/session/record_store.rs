//! What a session store has to provide.
//!
//! The trait hides which crate a store comes from. It needs no more than
//! single-record operations: no transactions and no conditional writes.

use std::{error, pin::Pin};

use uuid::Uuid;

use crate::Error;

/// Trait of stores for records, such as a database.
pub(crate) trait RecordStore: Send + Sync {
    /// Returns the text of a record, or `None` if there is none or it has
    /// expired.
    fn load(&self, id: Uuid) -> BoxFuture<'_, Option<String>>;

    /// Creates a record. Fails if its id is in use.
    fn create(&self, record: Record) -> BoxFuture<'_, ()>;

    /// Replaces a record.
    ///
    /// If there is none with its id, stores differ: the record is created, or
    /// nothing happens, or it fails.
    fn save(&self, record: Record) -> BoxFuture<'_, ()>;

    /// Deletes a record, if there is one.
    fn delete(&self, id: Uuid) -> BoxFuture<'_, ()>;
}

/// Record of a [`RecordStore`].
#[cfg_attr(
    not(feature = "tower-sessions"),
    expect(dead_code, reason = "only read by stores")
)]
pub(crate) struct Record {
    pub(crate) id: Uuid,
    /// A sealed session, or what a revocation leaves.
    pub(crate) text: String,
    /// In seconds of Unix time.
    pub(crate) expires_at: u64,
}

pub(crate) type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = Result<T, Error>> + Send + 'a>>;

/// Converts the error of a store.
pub(crate) fn failed(error: impl error::Error + Send + Sync + 'static) -> Error {
    Error::SessionStore(std::sync::Arc::new(error))
}
