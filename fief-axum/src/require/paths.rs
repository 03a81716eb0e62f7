//! A table of paths: the policy of a whole application in one place.

use std::sync::Arc;

use axum::http::Method;
use tower_layer::Layer;

use super::{
    rule::Rule,
    service::RequireService,
    table::{Access, Entry, Rules, Table},
};
use crate::{RequireLayer, shared::Shared};

/// A guard for a whole application, where each path says what it requires. Made by
/// [`FiefAuth::paths`](crate::FiefAuth::paths).
///
/// Paths are written as the router has them; `/admin/{*rest}` stands for everything below `/admin/` as well. The first
/// entry that matches decides, and **a path without an entry is refused** (403), the fallback too. What is matched is
/// the route that was found, never the text of the URL, so put it on the router with
/// [`Router::layer`](axum::Router::layer), after the routes and the fallback: what is added to the router behind it,
/// and what a `merge` makes of the fallback, is not in its reach. Around the router as a whole, where no route was
/// found yet, every request is answered with 500. What `nest_service` serves counts as the fallback.
///
/// Merge [`FiefAuth::routes`](crate::FiefAuth::routes) behind it, or give them entries: nobody could log in otherwise.
/// A CORS layer goes outside of it, since preflight requests bring no credentials.
///
/// ```
/// # use axum::{Router, http::Method, routing::get};
/// # use fief_axum::FiefAuth;
/// # use fief_client::Fief;
/// # let auth = FiefAuth::new(Fief::builder("https://fief.example.com", "CLIENT_ID").build()?);
/// # async fn home() {} async fn list() {} async fn show() {} async fn remove() {}
/// let policy = auth
///     .paths()
///     .optional("/")
///     .public("/health")
///     .require_method(Method::DELETE, "/castles/{id}", auth.require().permission("castles:delete"))
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
#[must_use]
pub struct PathsLayer {
    pub(crate) auth: Arc<Shared>,
    pub(crate) table: Arc<Table>,
}

impl PathsLayer {
    pub(crate) fn new(auth: Arc<Shared>) -> Self {
        let table = Arc::default();
        Self { auth, table }
    }

    /// Lets everyone reach a path. Nobody looks at credentials, unless an extractor does.
    pub fn public(self, path: impl Into<String>) -> Self {
        self.entry(None, path.into(), Access::Public)
    }

    /// Lets everyone reach a path, but whoever brings credentials must bring a well-formed `Authorization` header and,
    /// with a cookie, come from the same site.
    pub fn optional(self, path: impl Into<String>) -> Self {
        self.entry(None, path.into(), Access::Rule(Arc::new(Rule::optional())))
    }

    /// Requires of a path what the guard requires.
    pub fn require(self, path: impl Into<String>, guard: RequireLayer) -> Self {
        self.entry(None, path.into(), Access::Rule(guard.rule))
    }

    /// Requires of a path, for one method, what the guard requires. HEAD goes with GET, as in the router.
    pub fn require_method(
        self,
        method: Method,
        path: impl Into<String>,
        guard: RequireLayer,
    ) -> Self {
        self.entry(Some(method), path.into(), Access::Rule(guard.rule))
    }

    /// Requires of what no route matched what the guard requires. Default: it is refused.
    pub fn fallback(mut self, guard: RequireLayer) -> Self {
        Arc::make_mut(&mut self.table).fallback = Some(Access::Rule(guard.rule));
        self
    }

    /// Lets everyone reach what no route matched, such as a page that says so. Default: it is refused.
    pub fn public_fallback(mut self) -> Self {
        Arc::make_mut(&mut self.table).fallback = Some(Access::Public);
        self
    }

    fn entry(mut self, method: Option<Method>, path: String, access: Access) -> Self {
        Arc::make_mut(&mut self.table).entries.push(Entry {
            method,
            path,
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
            Rules::ByPath(Arc::clone(&self.table)),
        )
    }
}
