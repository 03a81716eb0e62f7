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

/// Layer that rejects requests which do not meet its requirements.
///
/// Created by [`FiefAuth::require`](crate::FiefAuth::require), which rejects unauthenticated requests. Its methods add
/// requirements, and all of them must be met. Rejected requests get a [`Rejection`](crate::Rejection) and do not reach
/// the handler.
///
/// Apply it to routes with `route_layer`. Guards can be nested: a request is authenticated only once. A guard does not
/// need [`FiefAuth::layer`](crate::FiefAuth::layer) around it.
///
/// ```
/// # use axum::{Router, routing::{delete, get}};
/// # use fief_axum::FiefAuth;
/// # use fief_client::{Fief, FiefAcr};
/// # use std::time::Duration;
/// # let auth = FiefAuth::new(Fief::builder("https://fief.example.com", "CLIENT_ID").build()?);
/// # async fn list() {} async fn remove() {}
/// let admin = auth
///     .require()
///     .permission("castles:delete")
///     .acr(FiefAcr::LevelOne)
///     .max_age(Duration::from_secs(300));
/// let app: Router = Router::new()
///     .route("/castles", get(list))
///     .route("/castles/{id}", delete(remove).route_layer(admin))
///     .route_layer(auth.require());
/// # Ok::<(), fief_client::FiefError>(())
/// ```
///
/// A method router applies a layer only to the handlers that were added before it, so in
/// `get(list).route_layer(auth.require()).post(create)` the handler `create` is **not** guarded, and a guard cannot notice
/// that. Guard each method on its own, or add the guard last, or use [`FiefAuth::paths`](crate::FiefAuth::paths):
///
/// ```
/// # use axum::{Router, routing::{get, post}};
/// # use fief_axum::FiefAuth;
/// # use fief_client::Fief;
/// # let auth = FiefAuth::new(Fief::builder("https://fief.example.com", "CLIENT_ID").build()?);
/// # async fn list() {} async fn create() {}
/// let build = auth.require().permission("castles:create");
/// let app: Router = Router::new()
///     .route("/castles", get(list).route_layer(auth.require()))
///     .route("/castles", post(create).route_layer(build));
/// # Ok::<(), fief_client::FiefError>(())
/// ```
#[derive(Clone, Debug)]
#[must_use = "a guard does nothing until it is applied with `route_layer`"]
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

    /// Requires a scope. Repeated calls require all of them. Rejects with 403.
    pub fn scope(self, scope: impl Into<String>) -> Self {
        self.map_requirements(|required| required.scope(scope))
    }

    /// Requires at least this authentication level. Default: any. Rejects with 401 and a step-up challenge
    /// ([RFC 9470](https://www.rfc-editor.org/rfc/rfc9470)).
    ///
    /// Fief grants [`FiefAcr::LevelOne`] to logins without a password as well, and refreshed tokens have
    /// [`FiefAcr::LevelZero`]. To require a recent login, add [`max_age`](Self::max_age).
    #[doc(alias = "step_up")]
    pub fn acr(self, acr: FiefAcr) -> Self {
        self.map_requirements(|required| required.acr(acr))
    }

    /// Requires that the user logged in at most this long ago, in whole seconds; the
    /// [`leeway`](fief_client::FiefBuilder::leeway) of a minute is added. Default: any age. Rejects with 401 and a step-up
    /// challenge ([RFC 9470](https://www.rfc-editor.org/rfc/rfc9470)).
    #[doc(alias = "step_up")]
    pub fn max_age(self, max_age: Duration) -> Self {
        self.map_requirements(|required| required.max_age(max_age))
    }

    /// Requires a permission. Repeated calls require all of them. Rejects with 403.
    pub fn permission(self, permission: impl Into<String>) -> Self {
        self.map_requirements(|required| required.permission(permission))
    }

    /// Requires at least one of these permissions. An empty list rejects every request. Rejects with 403.
    pub fn any_permission<P: Into<String>>(self, permissions: impl IntoIterator<Item = P>) -> Self {
        self.map_requirements(|required| required.any_permission(permissions))
    }

    /// Replaces the requirements that were added so far. Predicates are kept. Default: a valid token.
    pub fn requirements(self, requirements: Requirements) -> Self {
        self.map_requirements(|_| requirements)
    }

    /// Adds a predicate. Requests for which it returns `false` are rejected with 403. Repeated calls require all of them.
    ///
    /// It is called only for tokens that meet the other requirements.
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

    /// Also accepts requests with missing, invalid or expired credentials; extractors treat them as anonymous.
    ///
    /// Authenticated requests must still meet the requirements. A malformed `Authorization` header is still rejected.
    ///
    /// ```
    /// # use axum::{Router, routing::get};
    /// # use fief_axum::{Authenticated, FiefAuth};
    /// # use fief_client::Fief;
    /// # let auth = FiefAuth::new(Fief::builder("https://fief.example.com", "CLIENT_ID").build()?);
    /// async fn home(token: Option<Authenticated>) -> String {
    ///     token.map_or("Hello".to_owned(), |token| format!("Hello, {}", token.id()))
    /// }
    ///
    /// let app: Router = Router::new()
    ///     .route("/", get(home))
    ///     .route_layer(auth.require().optional());
    /// # Ok::<(), fief_client::FiefError>(())
    /// ```
    pub fn optional(mut self) -> Self {
        Arc::make_mut(&mut self.rule).is_optional = true;
        self
    }

    /// Adds the requirements of a [`Policy`], as the extractor [`Authorized`](crate::Authorized) checks them.
    ///
    /// ```
    /// # use fief_axum::{FiefAuth, Policy};
    /// # use fief_client::{Fief, Requirements};
    /// # let auth = FiefAuth::new(Fief::builder("https://fief.example.com", "CLIENT_ID").build()?);
    /// struct CanCreate;
    ///
    /// impl Policy for CanCreate {
    ///     fn requirements() -> Requirements {
    ///         Requirements::new().permission("castles:create")
    ///     }
    /// }
    ///
    /// let guard = auth.require().policy::<CanCreate>();
    /// # let _ = guard;
    /// # Ok::<(), fief_client::FiefError>(())
    /// ```
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
