use std::sync::{Arc, Mutex};

use fief_client::Fief;
use url::Url;

use super::{check, session_settings::SessionSettings};
use crate::{
    Error, SessionKey,
    cookie::{CookieConfig, Keys},
    flight::SingleFlight,
    session::{
        HeldSessions, Marks, OpenedSessions, Refreshes, RevocationList, Sessions, Store, Waiters,
        random_id,
    },
    user::Users,
};

/// What sessions share with the rest of a `FiefAuth`.
pub(super) struct SharedBySessions<'a> {
    pub(super) fief: &'a Fief,
    pub(super) users: &'a Arc<Users>,
    pub(super) marks: &'a Arc<Marks>,
    pub(super) waiters: &'a Arc<Waiters>,
    /// Whether a session counts only where its login was accepted by a hook.
    pub(super) has_login_hook: bool,
}

impl SessionSettings {
    /// Validates the settings. The names of cookies depend on the URL of the application.
    pub(super) fn build(
        self,
        shared: &SharedBySessions<'_>,
        (app_url, key): (&Url, SessionKey),
        redirect_uri: &str,
    ) -> Result<Sessions, Error> {
        let SharedBySessions {
            fief,
            users,
            marks,
            waiters,
            has_login_hook,
        } = *shared;
        let config = self.config()?;
        let refresh_timeout = self.refresh_timeout(fief);
        let Self {
            previous_keys,
            cookie_name,
            store,
            idle: _,
            lifetime: _,
            remember: _,
            refresh: _,
            refresh_after: _,
            on_refresh,
        } = self;
        let cookie_name = cookie_name.map(check::cookie_name).transpose()?;
        let mut keys = Keys::new(key, previous_keys, fief.client_id())?;
        if has_login_hook {
            let name = cookie_name.as_deref().unwrap_or_default();
            keys.bind_sessions(format!("{app_url}\0{name}"));
        }
        let keys = Arc::new(keys);
        Ok(Sessions {
            fief: fief.clone(),
            users: Arc::clone(users),
            store: store
                .map(|records| Store::new(records, Arc::clone(&keys), config).with_marks(marks)),
            marks: Arc::clone(marks),
            cookies: CookieConfig::new(
                cookie_name.as_deref(),
                fief.client_id(),
                app_url.as_str(),
                redirect_uri,
                keys,
            ),
            config,
            refreshes: Refreshes::new(refresh_timeout),
            on_refresh,
            revoked: RevocationList::new(random_id()?, Arc::clone(waiters)),
            waiters: Arc::clone(waiters),
            held: HeldSessions::default(),
            opened: OpenedSessions::new(),
            revocations: SingleFlight::new(false, fief.wait_timeout()),
            pending: Mutex::default(),
        })
    }
}
