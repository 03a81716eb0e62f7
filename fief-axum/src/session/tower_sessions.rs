use std::collections::HashMap;

use serde_json::Value;
use time::OffsetDateTime;
use tower_sessions_core::{
    SessionStore,
    session::{self, Id},
    session_store,
};
use uuid::Uuid;

use super::record_store::{BoxFuture, Record, RecordStore, failed};

/// [`RecordStore`] backed by a store of tower-sessions.
///
/// Each record is stored as a session with one value, named `fief`.
pub(crate) struct TowerSessions<S>(pub(crate) S);

impl<S: SessionStore> RecordStore for TowerSessions<S> {
    fn load(&self, id: Uuid) -> BoxFuture<'_, Option<String>> {
        Box::pin(async move {
            let record = self.0.load(&Id(record_id(id))).await.map_err(failed)?;
            Ok(record.map(|mut record| match record.data.remove(NAME) {
                Some(Value::String(text)) => text,
                // Of other software: nothing that can be opened.
                Some(_) | None => String::new(),
            }))
        })
    }

    fn create(&self, record: Record) -> BoxFuture<'_, ()> {
        Box::pin(async move {
            let id = Id(record_id(record.id));
            let mut record = session_record(record);
            self.0.create(&mut record).await.map_err(failed)?;
            if record.id == id {
                return Ok(());
            }
            // The id was in use, so the store chose another one, which nothing
            // refers to.
            self.0.delete(&record.id).await.map_err(failed)?;
            let taken = session_store::Error::Backend("the session id is in use".into());
            Err(failed(taken))
        })
    }

    fn save(&self, record: Record) -> BoxFuture<'_, ()> {
        Box::pin(async move { self.0.save(&session_record(record)).await.map_err(failed) })
    }

    fn delete(&self, id: Uuid) -> BoxFuture<'_, ()> {
        Box::pin(async move { self.0.delete(&Id(record_id(id))).await.map_err(failed) })
    }
}

/// Converts an id: both have 128 bits.
fn record_id(id: Uuid) -> i128 {
    i128::from_be_bytes(id.into_bytes())
}

/// Converts a record to the type of tower-sessions.
fn session_record(record: Record) -> session::Record {
    let seconds = i64::try_from(record.expires_at).unwrap_or(i64::MAX);
    session::Record {
        id: Id(record_id(record.id)),
        data: HashMap::from([(NAME.to_owned(), Value::String(record.text))]),
        // Out of range: treat as expired.
        expiry_date: OffsetDateTime::from_unix_timestamp(seconds)
            .unwrap_or(OffsetDateTime::UNIX_EPOCH),
    }
}

const NAME: &str = "fief";
