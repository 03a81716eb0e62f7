use std::{
    collections::HashSet,
    sync::{Arc, Mutex},
};

use fief_client::Fief;
use uuid::Uuid;

use super::{
    config::SessionConfig, data::Session, held::HeldSessions, mark::Marks, opened::OpenedSessions,
    refresh_hook::OnRefresh, refreshes::Refreshes, revocation_list::RevocationList,
    session_records::SealedSession, store::Store, wait::Waiters,
};
use crate::{Error, cookie::CookieConfig, flight::SingleFlight, user::Users};

/// The sessions of a web application: their settings, and the state that this
/// process has of them.
pub(crate) struct Sessions {
    pub(crate) fief: Fief,
    pub(crate) users: Arc<Users>,
    pub(crate) cookies: CookieConfig,
    pub(crate) config: SessionConfig,
    pub(crate) refreshes: Refreshes,
    /// What webhooks and the application have said about users.
    pub(crate) marks: Arc<Marks>,
    pub(crate) on_refresh: Option<OnRefresh>,
    /// Sessions that handlers and streams hold.
    pub(crate) held: HeldSessions,
    /// Sessions that were opened before.
    pub(crate) opened: OpenedSessions,
    /// Sessions that were revoked in this process.
    pub(crate) revoked: RevocationList,
    /// What waits for their end.
    pub(crate) waiters: Arc<Waiters>,
    /// `None` if sessions are in cookies.
    pub(crate) store: Option<Store>,
    /// Writes of revocations to the store, by the id of the session or user.
    pub(crate) revocations: SingleFlight<Uuid, Result<(), Error>>,
    /// Sessions and users whose revocations the store does not have yet.
    pub(crate) pending: Mutex<HashSet<Uuid>>,
}

impl Sessions {
    /// Opens a session of the store. Returns `None` if it is void.
    pub(crate) fn open_sealed(&self, sealed: &SealedSession) -> Option<Arc<Session>> {
        let session = self.store.as_ref()?.open_sealed(sealed)?;
        Some(Arc::new(session))
    }

    /// Removes a user from the cache of user info.
    pub(crate) async fn invalidate_user(&self, user: Uuid) {
        self.users.invalidate(&self.fief, user).await;
    }
}
