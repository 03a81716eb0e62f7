use std::sync::Arc;

use fief_client::Fief;
use uuid::Uuid;

use super::{
    config::SessionConfig, refreshes::Refreshes, revocation_list::RevocationList, store::Store,
};
use crate::{cookie::CookieConfig, user::Users};

/// The sessions of a web application: how they are kept, and those that are known here.
pub(crate) struct Sessions {
    pub(crate) fief: Fief,
    pub(crate) users: Arc<Users>,
    pub(crate) cookies: CookieConfig,
    pub(crate) config: SessionConfig,
    pub(crate) refreshes: Refreshes,
    pub(crate) revoked: RevocationList,
    /// None where sessions are in the browsers' cookies.
    pub(crate) store: Option<Store>,
}

impl Sessions {
    /// Forgets what is known of a user.
    pub(crate) async fn invalidate_user(&self, user: Uuid) {
        self.users.invalidate(&self.fief, user).await;
    }
}
