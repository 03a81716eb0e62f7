//! Records of sessions in a store.

use uuid::Uuid;

use super::{
    data::Session,
    format,
    record_store::Record,
    store::{Store, with_timeout},
};
use crate::Error;

impl Store {
    /// Loads and opens the record of a session.
    pub(super) async fn get_session(&self, id: Uuid) -> Result<Option<Session>, Error> {
        let sealed = with_timeout(self.records.load(id)).await?;
        Ok(sealed.and_then(|sealed| self.open_session(id, &sealed)))
    }

    /// Seals the record of a session.
    pub(super) fn session_record(&self, id: Uuid, session: &Session) -> Result<Record, Error> {
        Ok(Record {
            id,
            text: format::seal_record(&self.keys, id, session)?,
            expires_at: session.ends_at(self.config),
        })
    }

    pub(super) async fn create_session(&self, id: Uuid, session: &Session) -> Result<(), Error> {
        let record = self.session_record(id, session)?;
        with_timeout(self.records.create(record)).await
    }

    /// Opens the record of a session. Returns `None` if it is foreign.
    pub(super) fn open_session(&self, id: Uuid, sealed: &str) -> Option<Session> {
        format::open_record(&self.keys, id, sealed)
    }
}
