//! A guard for a whole application, configured by path.

use std::sync::Arc;

use axum::http::Method;
use tower_layer::Layer;

use super::{
    rule::Rule,
    service::RequireService,
    table::{Access, Entry, PathRules, Rules},
};
use crate::{RequireLayer, shared::Shared};

/// Layer that rejects requests by the path of their route: the access policy of an application in one place.
///
/// Created by [`FiefAuth::paths`](crate::FiefAuth::paths). Each entry says what a path requires, and the first entry that
/// matches applies. **Paths and methods without an entry are rejected** with 403, and so is the fallback.
///
/// Paths are written as in the router, such as `/castles/{id}`. An entry `/admin/{*rest}` also applies to all routes
/// below `/admin/`. The matched route is compared, never the text of the URL, so this layer must be applied with
/// [`Router::layer`](axum::Router::layer), after the routes and the fallback were added. It does not apply to routes that
/// are added later. Applied around a router from outside, where no route is matched yet, it responds to every request
/// with 500. Services added by `nest_service` count as the fallback.
///
/// It also responds with 500 to the routes of a router that is the service of another router's route, as by `any_service`:
/// axum appends their paths to that of the outer route. Nest such a router with [`Router::nest`](axum::Router::nest). Its
/// fallback cannot be recognized: there, the entry of the outer route applies.
///
/// Merge [`FiefAuth::routes`](crate::FiefAuth::routes) after this layer was applied, or add entries for them: otherwise
/// logging in is rejected as well. Apply a CORS layer outside of this one, since preflight requests have no credentials.
///
/// ```
/// # use axum::{Router, http::Method, routing::get};
/// # use fief_axum::FiefAuth;
/// # use fief_client::Fief;
/// # let auth = FiefAuth::new(Fief::builder("https://fief.example.com", "CLIENT_ID").build()?);
/// # async fn home() {} async fn list() {} async fn show() {} async fn remove() {}
/// let remover = auth.require().permission("castles:delete");
/// let policy = auth
///     .paths()
///     .optional("/")
///     .public("/health")
///     .require_method(Method::DELETE, "/castles/{id}", remover)
///     .require("/castles/{*rest}", auth.require().permission("castles:read"));
///
/// let app: Router = Router::new()
///     .route("/", get(home))
///     .route("/health", get(async || "ok"))
///     .route("/castles/{id}", get(show).delete(remove))
///     .layer(policy);
/// # Ok::<(), fief_client::FiefError>(())
/// ```
#[derive(Clone, Debug)]
#[must_use = "a guard does nothing until it is applied with `Router::layer`"]
pub struct PathsLayer {
    pub(crate) auth: Arc<Shared>,
    pub(crate) rules: Arc<PathRules>,
}

impl PathsLayer {
    pub(crate) fn new(auth: Arc<Shared>) -> Self {
        let rules = Arc::default();
        Self { auth, rules }
    }

    /// Accepts every request to a path. Its credentials are not read, unless an extractor does so.
    pub fn public(self, path: impl Into<String>) -> Self {
        self.entry(None, path.into(), Access::Public)
    }

    /// Accepts authenticated and anonymous requests to a path, as [`RequireLayer::optional`] does.
    ///
    /// A malformed `Authorization` header is rejected with 400, an unsafe request with a cookie from another site with 403.
    pub fn optional(self, path: impl Into<String>) -> Self {
        self.entry(None, path.into(), Access::Rule(Arc::new(Rule::optional())))
    }

    /// Applies a guard to a path.
    pub fn require(self, path: impl Into<String>, guard: RequireLayer) -> Self {
        self.entry(None, path.into(), Access::Rule(guard.rule))
    }

    /// Applies a guard to one method of a path. HEAD counts as GET, as in the router.
    ///
    /// A method without an entry is rejected with 403, before the router can respond with 405. For that, add
    /// [`require`](Self::require) for the path after it.
    pub fn require_method(
        self,
        method: Method,
        path: impl Into<String>,
        guard: RequireLayer,
    ) -> Self {
        self.entry(Some(method), path.into(), Access::Rule(guard.rule))
    }

    /// Applies a guard to requests that match no route. Default: they are rejected with 403.
    pub fn fallback(mut self, guard: RequireLayer) -> Self {
        Arc::make_mut(&mut self.rules).fallback = Some(Access::Rule(guard.rule));
        self
    }

    /// Accepts requests that match no route, for a page that says so. Default: they are rejected with 403.
    pub fn public_fallback(mut self) -> Self {
        Arc::make_mut(&mut self.rules).fallback = Some(Access::Public);
        self
    }

    fn entry(mut self, method: Option<Method>, path: String, access: Access) -> Self {
        Arc::make_mut(&mut self.rules).entries.push(Entry {
            method,
            pattern: path,
            access,
        });
        self
    }
}

impl<S> Layer<S> for PathsLayer {
    type Service = RequireService<S>;

    fn layer(&self, inner: S) -> Self::Service {
        RequireService::new(
            inner,
            self.auth.clone(),
            Rules::ByPath(Arc::clone(&self.rules)),
        )
    }
}
