use std::{fmt, sync::Arc};

use axum::{Router, response::Response};
use fief_client::{Fief, Requirements};

use crate::{
    AuthLayer, FiefAuthBuilder, PathsLayer, Rejection, RejectionKind, RequireLayer,
    challenge::Challenge, extract::Policies, head::Head, resource::Resource, routes, site::Site,
    users::Users,
};

/// Fief for an axum application: makes its layer, its guards and its login routes. A cheap clone.
#[derive(Clone)]
pub struct FiefAuth {
    inner: Arc<Inner>,
}

pub(crate) struct Inner {
    pub(crate) fief: Fief,
    pub(crate) site: Option<Site>,
    pub(crate) users: Users,
    pub(crate) on_rejection: Option<OnRejection>,
    pub(crate) access_token_cookie: Option<String>,
    pub(crate) challenge: Challenge,
    pub(crate) resource: Option<Resource>,
    pub(crate) policies: Policies,
}

pub(crate) type OnRejection = Box<dyn Fn(Rejection) -> Response + Send + Sync>;

impl FiefAuth {
    /// Accepts bearer tokens only, with every default.
    #[must_use]
    pub fn new(fief: Fief) -> Self {
        Self::from_inner(Inner {
            fief,
            site: None,
            users: Users::new(),
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
        &self.inner.fief
    }

    /// Returns the layer that extractors need around them. Put it around the whole application, outside of the
    /// guards: `Router::layer` after the routes.
    pub fn layer(&self) -> AuthLayer {
        AuthLayer::new(self.clone())
    }

    /// Returns a guard that lets those in who are logged in. Its setters require more.
    pub fn require(&self) -> RequireLayer {
        RequireLayer::new(self.clone())
    }

    /// Returns a guard for a whole application: a table of its paths, where what is not in it is refused.
    pub fn paths(&self) -> PathsLayer {
        PathsLayer::new(self.clone())
    }

    /// Returns the routes to log in and out: `/login`, `/auth-callback` and `/logout`. None when
    /// [`login`](FiefAuthBuilder::login) was not set up.
    pub fn routes<S: Clone + Send + Sync + 'static>(&self) -> Router<S> {
        routes::routes(self)
    }

    pub(crate) fn from_inner(inner: Inner) -> Self {
        Self {
            inner: Arc::new(inner),
        }
    }

    pub(crate) fn site(&self) -> Option<&Site> {
        self.inner.site.as_ref()
    }

    pub(crate) fn users(&self) -> &Users {
        &self.inner.users
    }

    /// Whether a request without an `Authorization` header may still say who sent it.
    pub(crate) fn takes_cookies(&self) -> bool {
        self.inner.site.is_some() || self.inner.access_token_cookie.is_some()
    }

    pub(crate) fn access_token_cookie(&self) -> Option<&str> {
        self.inner.access_token_cookie.as_deref()
    }

    pub(crate) fn challenge(&self) -> &Challenge {
        &self.inner.challenge
    }

    pub(crate) fn resource(&self) -> Option<&Resource> {
        self.inner.resource.as_ref()
    }

    pub(crate) fn policies(&self) -> &Policies {
        &self.inner.policies
    }

    /// The rejection of a request that nothing was required of yet.
    pub(crate) fn rejection(&self, head: Head<'_>, kind: RejectionKind) -> Rejection {
        Rejection::new(self, head, kind, &Requirements::new())
    }

    pub(crate) fn has_rejection_hook(&self) -> bool {
        self.inner.on_rejection.is_some()
    }

    pub(crate) fn reject(&self, rejection: Rejection) -> Response {
        use axum::response::IntoResponse;
        match &self.inner.on_rejection {
            Some(hook) => hook(rejection),
            None => rejection.into_response(),
        }
    }

    pub(crate) fn is(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.inner, &other.inner)
    }
}

impl fmt::Debug for FiefAuth {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FiefAuth")
            .field("fief", &self.inner.fief)
            .finish_non_exhaustive()
    }
}
