//! Guards: what a request must bring to reach what is behind them.

use std::{mem, sync::Arc, time::Duration};

use fief_client::{FiefAccessTokenInfo, FiefAcr, Requirements};
use tower_layer::Layer;

use super::{
    rule::{Predicate, Rule},
    service::RequireService,
    table::Rules,
};
use crate::{Policy, shared::Shared};

/// A guard. Made by [`FiefAuth::require`](crate::FiefAuth::require); without more, everyone who is logged in may pass.
///
/// ```
/// # use axum::{Router, routing::{delete, get}};
/// # use fief_axum::FiefAuth;
/// # use fief_client::{Fief, FiefAcr};
/// # use std::{mem, sync::Arc, time::Duration};
/// # let auth = FiefAuth::new(Fief::builder("https://fief.example.com", "CLIENT_ID").build()?);
/// # async fn list() {} async fn remove() {}
/// let admin = auth.require().permission("castles:delete").acr(FiefAcr::LevelOne).max_age(Duration::from_secs(300));
/// let app: Router = Router::new()
///     .route("/castles", get(list))
///     .route("/castles/{id}", delete(remove).route_layer(admin))
///     .route_layer(auth.require());
/// # Ok::<(), fief_client::FiefError>(())
/// ```
#[derive(Clone, Debug)]
#[must_use]
pub struct RequireLayer {
    pub(crate) auth: Arc<Shared>,
    pub(crate) rule: Arc<Rule>,
}

impl RequireLayer {
    pub(crate) fn new(auth: Arc<Shared>) -> Self {
        Self {
            auth,
            rule: Arc::default(),
        }
    }

    /// Requires a scope. Repeated calls require all of them.
    pub fn scope(self, scope: impl Into<String>) -> Self {
        self.map_requirements(|required| required.scope(scope))
    }

    /// Requires at least this level of authentication. Default: any.
    pub fn acr(self, acr: FiefAcr) -> Self {
        self.map_requirements(|required| required.acr(acr))
    }

    /// Requires a login no longer ago than this (whole seconds). Default: any age.
    pub fn max_age(self, max_age: Duration) -> Self {
        self.map_requirements(|required| required.max_age(max_age))
    }

    /// Requires a permission. Repeated calls require all of them.
    pub fn permission(self, permission: impl Into<String>) -> Self {
        self.map_requirements(|required| required.permission(permission))
    }

    /// Requires at least one of these permissions. An empty list is never met.
    pub fn any_permission<P: Into<String>>(self, permissions: impl IntoIterator<Item = P>) -> Self {
        self.map_requirements(|required| required.any_permission(permissions))
    }

    /// Replaces everything that is required of the token by these. Default: nothing but a valid token.
    pub fn requirements(self, requirements: Requirements) -> Self {
        self.map_requirements(|_| requirements)
    }

    /// Requires that this holds; who does not meet it gets 403. Repeated calls require all of them.
    ///
    /// ```
    /// # use fief_axum::FiefAuth;
    /// # use fief_client::Fief;
    /// # let auth = FiefAuth::new(Fief::builder("https://fief.example.com", "CLIENT_ID").build()?);
    /// let staff = auth.require().predicate(|token| {
    ///     token.permissions().iter().any(|permission| permission.starts_with("staff:"))
    /// });
    /// # let _ = staff;
    /// # Ok::<(), fief_client::FiefError>(())
    /// ```
    pub fn predicate(
        mut self,
        predicate: impl Fn(&FiefAccessTokenInfo) -> bool + Send + Sync + 'static,
    ) -> Self {
        let predicate = Predicate::new(predicate);
        Arc::make_mut(&mut self.rule).predicates.push(predicate);
        self
    }

    /// Lets those pass too who bring no credentials, or some that are invalid or over: for the handler they are
    /// nobody. Who is somebody must still meet what is required.
    pub fn optional(mut self) -> Self {
        Arc::make_mut(&mut self.rule).is_optional = true;
        self
    }

    /// Requires what a policy does, besides what is required already: the same declaration as for
    /// [`Authorized`](crate::Authorized), for a route.
    pub fn policy<P: Policy>(self) -> Self {
        self.map_requirements(|required| required.and(P::requirements()))
            .predicate(P::allows)
    }

    fn map_requirements(mut self, require: impl FnOnce(Requirements) -> Requirements) -> Self {
        let rule = Arc::make_mut(&mut self.rule);
        rule.requirements = require(mem::take(&mut rule.requirements));
        self
    }
}

impl<S> Layer<S> for RequireLayer {
    type Service = RequireService<S>;

    fn layer(&self, inner: S) -> Self::Service {
        RequireService::new(
            inner,
            self.auth.clone(),
            Rules::Single(Arc::clone(&self.rule)),
        )
    }
}
