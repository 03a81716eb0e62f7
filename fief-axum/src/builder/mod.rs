mod check;
mod responses;
mod route_settings;
mod routes;
mod session;
mod session_settings;

use std::{fmt, sync::Arc};

use fief_client::Fief;

use self::{route_settings::RouteSettings, session_settings::SessionSettings};
use crate::{
    Error, FiefAuth, SessionKey,
    extract::policy::Policies,
    rejection::{OnRejection, challenge::Challenge},
    shared::Shared,
    user::Users,
};

/// Sets up a [`FiefAuth`]. Made by [`FiefAuth::builder`].
#[must_use]
pub struct FiefAuthBuilder {
    fief: Fief,
    login: Option<(String, SessionKey)>,
    routes: RouteSettings,
    session: SessionSettings,
    on_rejection: Option<OnRejection>,
    access_token_cookie: Option<String>,
    realm: Option<String>,
    resource: Option<String>,
    users: Users,
}

impl FiefAuthBuilder {
    pub(crate) fn new(fief: Fief) -> Self {
        Self {
            fief,
            login: None,
            routes: RouteSettings::new(),
            session: SessionSettings::new(),
            on_rejection: None,
            access_token_cookie: None,
            realm: None,
            resource: None,
            users: Users::new(),
        }
    }

    /// Lets visitors log in and stay logged in. Default: bearer tokens only.
    ///
    /// `app_url` is where browsers reach the application, with the path that [`FiefAuth::routes`] is nested under
    /// where there is one. Register `{app_url}/auth-callback` with Fief. Plain http only on loopback.
    pub fn login(mut self, app_url: impl Into<String>, session_key: SessionKey) -> Self {
        self.login = Some((app_url.into(), session_key));
        self
    }

    /// Accepts an access token as the plain value of this cookie too, as the examples of Fief's Python and JavaScript
    /// clients keep it. Default: none.
    ///
    /// The `Authorization` header and the session of [`login`](Self::login) go first. Requests that are not GET, HEAD
    /// or OPTIONS must come from the same site, as with the session.
    pub fn access_token_cookie(mut self, name: impl Into<String>) -> Self {
        self.access_token_cookie = Some(name.into());
        self
    }

    /// Makes the [`FiefAuth`]. Nothing is sent yet.
    ///
    /// # Errors
    /// [`Error::Configuration`], which says what to change.
    pub fn build(self) -> Result<FiefAuth, Error> {
        let Self {
            fief,
            login,
            routes,
            session,
            on_rejection,
            access_token_cookie,
            realm,
            resource,
            users,
        } = self;
        let users = Arc::new(users);
        let site = match login {
            Some((app_url, key)) => {
                let app_url = check::app_url(&app_url)?;
                let sessions = session.build(&fief, &users, &app_url, key)?;
                Some(routes.build(&app_url, sessions)?)
            }
            None => None,
        };
        let resource = resource.as_deref().map(check::resource).transpose()?;
        let metadata_url = resource
            .as_ref()
            .map(|resource| resource.metadata_url.clone());
        Ok(FiefAuth::from_shared(Shared {
            fief,
            site,
            users,
            on_rejection,
            access_token_cookie,
            challenge: Challenge::new(realm.map(check::realm).transpose()?, metadata_url),
            resource,
            policies: Policies::default(),
        }))
    }
}

impl fmt::Debug for FiefAuthBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FiefAuthBuilder")
            .field("fief", &self.fief)
            .finish_non_exhaustive()
    }
}
