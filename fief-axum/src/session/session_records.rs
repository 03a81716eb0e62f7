//! Records of sessions in a store.

use std::{fmt, sync::Arc};

use uuid::Uuid;

use super::{
    data::{Session, Ticket},
    format,
    record_store::Record,
    store::{EPOCH, Store, with_timeout},
};
use crate::Error;

/// The records of a session as the store has them, still sealed.
///
/// If they are the same as before, so is the session: they are sealed for their ids,
/// with keys that never change in a process.
pub(crate) struct SealedSession {
    pub(super) ticket: Arc<Ticket>,
    /// Which of the session keys the ids of its records were derived with.
    key: usize,
    session: String,
    own: String,
    epoch: String,
}

impl SealedSession {
    /// Returns whether nothing has changed since the other was loaded.
    pub(super) fn is_same(&self, other: &Self) -> bool {
        let Self {
            ticket,
            key,
            session,
            own,
            epoch,
        } = self;
        *ticket == other.ticket
            && *key == other.key
            && *session == other.session
            && *own == other.own
            && *epoch == other.epoch
    }

    /// Returns how many bytes its texts take.
    pub(super) fn len(&self) -> usize {
        self.session.len() + self.own.len() + self.epoch.len()
    }
}

impl fmt::Debug for SealedSession {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SealedSession")
            .field("session", &self.ticket.id)
            .finish_non_exhaustive()
    }
}

impl Store {
    /// Loads all records of a session at once, and what is shared of its user.
    ///
    /// `before` is what was loaded of the same ticket before. Returns `None` if the session
    /// is void.
    pub(super) async fn load_sealed(
        &self,
        ticket: &Arc<Ticket>,
        before: Option<&SealedSession>,
    ) -> Result<Option<SealedSession>, Error> {
        let key = match before {
            Some(before) => Some(before.key),
            None => {
                (self.keys.record_ids(EPOCH, ticket.user)).position(|id| id == ticket.epoch_record)
            }
        };
        let Some(key) = key else {
            // It was derived from a session key that is no longer used.
            return Ok(None);
        };
        let (session, own, epoch, marks) = tokio::join!(
            with_timeout(self.records.load(ticket.session_record)),
            with_timeout(self.records.load(ticket.own_record)),
            with_timeout(self.records.load(ticket.epoch_record)),
            self.load_marks(ticket.user, ticket.epoch_record, key),
        );
        marks?;
        let (session, own, epoch) = (session?, own?, epoch?);
        Ok(session
            .zip(own)
            .zip(epoch)
            .map(|((session, own), epoch)| SealedSession {
                ticket: Arc::clone(ticket),
                key,
                session,
                own,
                epoch,
            }))
    }

    /// Opens a session. Returns `None` if it is void.
    pub(crate) fn open_sealed(&self, sealed: &SealedSession) -> Option<Session> {
        let ticket = &sealed.ticket;
        let own = self.open(ticket.own_record, &sealed.own);
        let epoch = self.open(ticket.epoch_record, &sealed.epoch);
        let session = self.open_session(ticket.session_record, &sealed.session)?;
        let is_named = session.id == ticket.id && session.user == ticket.user;
        let is_valid = is_named && ticket.is_valid(own, epoch);
        is_valid.then(|| session.with_ticket(Arc::clone(ticket)))
    }

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
