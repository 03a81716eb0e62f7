use std::{fmt, sync::Arc};

use axum::Router;
use fief_client::Fief;
use uuid::Uuid;

use crate::{
    AuthLayer, Error, FiefAuthBuilder, PathsLayer, RequireLayer,
    extract::policy::Policies,
    rejection::challenge::Challenge,
    routes,
    session::{self, Sessions},
    shared::Shared,
    user::Users,
};

/// Fief for an axum application: makes its layer, its guards and its login routes. A cheap clone.
#[derive(Clone)]
pub struct FiefAuth {
    pub(crate) shared: Arc<Shared>,
}

impl FiefAuth {
    /// Accepts bearer tokens only, with every default.
    #[must_use]
    pub fn new(fief: Fief) -> Self {
        Self::from_shared(Shared {
            fief,
            site: None,
            users: Arc::new(Users::new()),
            on_rejection: None,
            access_token_cookie: None,
            challenge: Challenge::default(),
            resource: None,
            policies: Policies::default(),
        })
    }

    /// Begins to set up more than the defaults, such as logging in.
    pub fn builder(fief: Fief) -> FiefAuthBuilder {
        FiefAuthBuilder::new(fief)
    }

    /// Returns the client of Fief.
    #[must_use]
    pub fn fief(&self) -> &Fief {
        &self.shared.fief
    }

    /// Returns the layer that extractors need around them. Put it around the whole application, outside of the
    /// guards: `Router::layer` after the routes.
    pub fn layer(&self) -> AuthLayer {
        AuthLayer::new(Arc::clone(&self.shared))
    }

    /// Returns a guard that lets those in who are logged in. Its setters require more.
    pub fn require(&self) -> RequireLayer {
        RequireLayer::new(Arc::clone(&self.shared))
    }

    /// Returns a guard for a whole application: a table of its paths, where what is not in it is refused.
    pub fn paths(&self) -> PathsLayer {
        PathsLayer::new(Arc::clone(&self.shared))
    }

    /// Returns the routes to log in and out: `/login`, `/auth-callback` and `/logout`. None when
    /// [`login`](FiefAuthBuilder::login) was not set up.
    pub fn routes<S: Clone + Send + Sync + 'static>(&self) -> Router<S> {
        routes::routes(&self.shared)
    }

    /// Returns the route of the API's description, `/.well-known/oauth-protected-resource` with the path of the API
    /// behind it. Merge it at the root of the application, outside of its guards. None when
    /// [`resource`](FiefAuthBuilder::resource) was not set up.
    pub fn resource_metadata<S: Clone + Send + Sync + 'static>(&self) -> Router<S> {
        routes::resource_metadata(&self.shared)
    }

    /// Forgets what is known of a user, so that Fief is asked next time: after the user was changed.
    pub async fn invalidate_user(&self, id: Uuid) {
        self.shared.users.invalidate(self.fief(), id).await;
    }

    /// Ends one session ([`CurrentSession::id`](crate::CurrentSession::id)), whoever has its cookies.
    ///
    /// Without a session store this is known to this process only, until it ends, and for the last 100 000 sessions.
    ///
    /// # Errors
    /// [`Error::SessionStore`]: the session is ended in this process only. [`Error::Configuration`]: logging in is not
    /// set up.
    pub async fn revoke_session(&self, id: Uuid) -> Result<(), Error> {
        session::revoke(self.login_sessions()?, id, None).await
    }

    /// Ends all sessions that a user has now, on all of the user's devices.
    ///
    /// Without a session store this is known to this process only, until it ends, and for the last 100 000 users.
    /// Bearer tokens are not sessions: Fief cannot take those back.
    ///
    /// # Errors
    /// [`Error::SessionStore`]: the sessions are ended in this process only. [`Error::Fief`]: nor is there an issuer
    /// yet, which the store needs. [`Error::Configuration`]: logging in is not set up.
    pub async fn revoke_user_sessions(&self, user: Uuid) -> Result<(), Error> {
        session::revoke_user(self.login_sessions()?, user).await
    }

    fn login_sessions(&self) -> Result<&Arc<Sessions>, Error> {
        self.shared
            .sessions()
            .ok_or_else(|| Error::config("login: is not set up"))
    }

    pub(crate) fn from_shared(shared: Shared) -> Self {
        Self {
            shared: Arc::new(shared),
        }
    }
}

impl fmt::Debug for FiefAuth {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FiefAuth")
            .field("fief", &self.shared.fief)
            .finish_non_exhaustive()
    }
}
