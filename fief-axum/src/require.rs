//! Guards: what a request must bring to reach what is behind them.

use std::time::Duration;

use fief_client::{FiefAccessTokenInfo, FiefAcr, Requirements};
use tower_layer::Layer;

use crate::{
    FiefAuth, Policy,
    guard::{Guard, RequireService},
    rule::{Predicate, Rule},
};

/// A guard. Made by [`FiefAuth::require`]; without more, everyone who is logged in may pass.
///
/// ```
/// # use axum::{Router, routing::{delete, get}};
/// # use fief_axum::FiefAuth;
/// # use fief_client::{Fief, FiefAcr};
/// # use std::time::Duration;
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
    auth: FiefAuth,
    rule: Rule,
}

impl RequireLayer {
    pub(crate) fn new(auth: FiefAuth) -> Self {
        Self {
            auth,
            rule: Rule::default(),
        }
    }

    /// Requires a scope. Repeated calls require all of them.
    pub fn scope(mut self, scope: impl Into<String>) -> Self {
        self.rule.requirements = self.rule.requirements.scope(scope);
        self
    }

    /// Requires at least this level of authentication. Default: any.
    pub fn acr(mut self, acr: FiefAcr) -> Self {
        self.rule.requirements = self.rule.requirements.acr(acr);
        self
    }

    /// Requires a login no longer ago than this (whole seconds). Default: any age.
    pub fn max_age(mut self, max_age: Duration) -> Self {
        self.rule.requirements = self.rule.requirements.max_age(max_age);
        self
    }

    /// Requires a permission. Repeated calls require all of them.
    pub fn permission(mut self, permission: impl Into<String>) -> Self {
        self.rule.requirements = self.rule.requirements.permission(permission);
        self
    }

    /// Requires at least one of these permissions. An empty list is never met.
    pub fn any_permission<P: Into<String>>(
        mut self,
        permissions: impl IntoIterator<Item = P>,
    ) -> Self {
        self.rule.requirements = self.rule.requirements.any_permission(permissions);
        self
    }

    /// Replaces everything that is required of the token by these. Default: nothing but a valid token.
    pub fn requirements(mut self, requirements: Requirements) -> Self {
        self.rule.requirements = requirements;
        self
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
        self.rule.predicates.push(Predicate::new(predicate));
        self
    }

    /// Lets those pass too who bring no credentials, or some that are invalid or over: for the handler they are
    /// nobody. Who is somebody must still meet what is required.
    pub fn optional(mut self) -> Self {
        self.rule.is_optional = true;
        self
    }

    /// Requires what a policy does, besides what is required already: the same declaration as for
    /// [`Authorized`](crate::Authorized), for a route.
    pub fn policy<P: Policy>(mut self) -> Self {
        let policy = P::requirements();
        let mut required = self.rule.requirements;
        for scope in policy.required_scopes() {
            required = required.scope(scope);
        }
        for any in policy.required_permissions() {
            required = required.any_permission(any);
        }
        if let Some(acr) = required.required_acr().max(policy.required_acr()) {
            required = required.acr(acr);
        }
        let ages = [required.required_max_age(), policy.required_max_age()];
        if let Some(max_age) = ages.into_iter().flatten().min() {
            required = required.max_age(max_age);
        }
        self.rule.requirements = required;
        self.predicate(P::allows)
    }

    #[cfg(feature = "utoipa")]
    pub(crate) fn auth(&self) -> &FiefAuth {
        &self.auth
    }

    #[cfg(feature = "utoipa")]
    pub(crate) fn rule(&self) -> &Rule {
        &self.rule
    }

    pub(crate) fn into_rule(self) -> Rule {
        self.rule
    }
}

impl<S> Layer<S> for RequireLayer {
    type Service = RequireService<S>;

    fn layer(&self, inner: S) -> Self::Service {
        RequireService::new(inner, self.auth.clone(), Guard::One(self.rule.clone()))
    }
}
