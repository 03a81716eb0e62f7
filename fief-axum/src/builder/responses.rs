use std::sync::Arc;

use axum::response::{IntoResponse, Response};

use crate::{FiefAuthBuilder, LoginPage, Rejection};

/// Settings of the responses that clients get.
impl FiefAuthBuilder {
    /// Replaces the responses to rejected requests. Default: the response of
    /// [`Rejection`].
    ///
    /// `hook` is called with the rejection of a guard or extractor, also one that a
    /// handler returns, and its response is sent, also to gRPC and htmx clients. The
    /// handler is not called if a guard or an extractor of its arguments rejects.
    /// Return `rejection.into_response()` for the kinds and callers that need no custom
    /// response. If it panics, the default response is sent.
    ///
    /// A response with status 401 should keep the `WWW-Authenticate` header,
    /// which [`Rejection::response_headers`] returns.
    ///
    /// # Pages of your own
    ///
    /// [`Rejection::is_page`] says whether there is a page to replace,
    /// [`user`](Rejection::user) whose name it may show, and
    /// [`preferred_language`](crate::preferred_language) in which language.
    /// `examples/web` has pages for all rejections and for the login, in two
    /// languages:
    ///
    /// ```
    /// use axum::response::{Html, IntoResponse, Response};
    /// use fief_axum::{Rejection, preferred_language};
    ///
    /// fn rejected(rejection: Rejection) -> Response {
    ///     if !rejection.is_page() {
    ///         return rejection.into_response();
    ///     }
    ///     let title = match preferred_language(rejection.headers(), &["en", "fr"]) {
    ///         Some("fr") => "Accès refusé",
    ///         _ => "Not allowed",
    ///     };
    ///     let other_user = rejection.other_user_url().unwrap_or("/");
    ///     let link = format!("<a href=\"{other_user}\">Log in as somebody else</a>");
    ///     let page = Html(format!("<h1>{title}</h1>{link}"));
    ///     (rejection.kind().status(), rejection.response_headers(), page).into_response()
    /// }
    /// # let fief = fief_client::Fief::builder("https://fief.example.com", "CLIENT_ID").build()?;
    /// let auth = fief_axum::FiefAuth::builder(fief).on_rejection(rejected).build()?;
    /// # let _ = auth;
    /// # Ok::<(), fief_axum::Error>(())
    /// ```
    ///
    /// # Example
    ///
    /// ```
    /// use axum::response::{Html, IntoResponse};
    /// use fief_axum::{FiefAuth, RejectionKind};
    /// # use fief_client::Fief;
    ///
    /// # let fief = Fief::builder("https://fief.example.com", "CLIENT_ID").build()?;
    /// let auth = FiefAuth::builder(fief)
    ///     .on_rejection(|rejection| match rejection.kind() {
    ///         RejectionKind::MissingPermission { .. } => {
    ///             let status = rejection.kind().status();
    ///             (status, Html("You may not build castles.")).into_response()
    ///         }
    ///         _ => rejection.into_response(),
    ///     })
    ///     .build()?;
    /// # let _ = auth;
    /// # Ok::<(), fief_axum::Error>(())
    /// ```
    #[doc(alias = "forbiddenResponse")]
    #[doc(alias = "get_forbidden_response")]
    #[doc(alias = "get_unauthorized_response")]
    #[doc(alias = "grpc")]
    #[doc(alias = "htmx")]
    #[doc(alias = "unauthorizedResponse")]
    pub fn on_rejection<F, R>(mut self, hook: F) -> Self
    where
        F: Fn(Rejection) -> R + Send + Sync + 'static,
        R: IntoResponse,
    {
        self.on_rejection = Some(Arc::new(move |rejection| -> Response {
            hook(rejection).into_response()
        }));
        self
    }

    /// Replaces the pages of the login routes, for example by pages in the
    /// application's design and language. Default: the plain English page of
    /// [`LoginPage`].
    ///
    /// `hook` is called when a login fails and when a logout needs a
    /// confirmation. Its response is sent, with headers such as `Cache-Control:
    /// no-store` added. Return `page.into_response()` for the kinds that need
    /// no custom page. [`LoginPage::languages`] says which languages the user
    /// prefers. If it panics, the default page is sent.
    ///
    /// # Example
    ///
    /// ```
    /// use axum::response::{Html, IntoResponse};
    /// use fief_axum::{FiefAuth, LoginPageKind, SessionKey};
    /// # use fief_client::Fief;
    ///
    /// # let fief = Fief::builder("https://fief.example.com", "CLIENT_ID").build()?;
    /// # let session_key = SessionKey::generate()?;
    /// let auth = FiefAuth::builder(fief)
    ///     .login("https://app.example.com", session_key)
    ///     .on_login_page(|page| match page.kind() {
    ///         LoginPageKind::Denied => {
    ///             let html = format!("Not today? <a href=\"{}\">Log in</a>", page.link());
    ///             (page.kind().status(), Html(html)).into_response()
    ///         }
    ///         _ => page.into_response(),
    ///     })
    ///     .build()?;
    /// # let _ = auth;
    /// # Ok::<(), fief_axum::Error>(())
    /// ```
    pub fn on_login_page<F, R>(mut self, hook: F) -> Self
    where
        F: Fn(LoginPage) -> R + Send + Sync + 'static,
        R: IntoResponse,
    {
        self.routes.on_login_page = Some(Box::new(move |page| hook(page).into_response()));
        self
    }

    /// Adds a route that says whether the application is ready, for load balancers. Default: no such route.
    ///
    /// The response is 200 or 503, and says nothing else, so that the route can be public. It needs no
    /// [`login`](Self::login). [`FiefAuth::routes`](crate::FiefAuth::routes) contains it. It is a fixed path, otherwise
    /// [`build`](Self::build) fails.
    ///
    /// The application is ready if it has Fief's keys and its session store responds. While Fief is unreachable it is ready
    /// for up to 24 hours, since tokens and sessions can be verified. A process that has just been started fetches the
    /// keys with the first request. [`FiefAuth::health`](crate::FiefAuth::health) says why an application is not ready.
    ///
    /// ```
    /// use axum::{Router, routing::get};
    /// use fief_axum::FiefAuth;
    /// # use fief_client::Fief;
    ///
    /// # let fief = Fief::builder("https://fief.example.com", "CLIENT_ID").build()?;
    /// let auth = FiefAuth::builder(fief).ready_route("/ready").build()?;
    ///
    /// let app: Router = Router::new()
    ///     .route("/castles", get(async || "castles").route_layer(auth.require()))
    ///     .merge(auth.routes())
    ///     .layer(auth.layer());
    /// # Ok::<(), fief_axum::Error>(())
    /// ```
    #[doc(alias = "health")]
    #[doc(alias = "healthz")]
    pub fn ready_route(mut self, path: impl Into<String>) -> Self {
        self.ready_route = Some(path.into());
        self
    }

    /// Sets the `realm` of the `WWW-Authenticate` header, the name of the
    /// protected area ([RFC 9110, section
    /// 11.5](https://www.rfc-editor.org/rfc/rfc9110#section-11.5)). Default:
    /// no realm.
    ///
    /// It must be printable ASCII, otherwise [`build`](Self::build) fails.
    pub fn realm(mut self, realm: impl Into<String>) -> Self {
        self.realm = Some(realm.into());
        self
    }

    /// Publishes the protected resource metadata of the API ([RFC
    /// 9728](https://www.rfc-editor.org/rfc/rfc9728)), so that clients such as
    /// MCP clients find out where to get an access token. Default: no metadata.
    ///
    /// `url` is the URL at which clients reach the API, without query and
    /// fragment. The metadata names Fief as the authorization server.
    /// [`FiefAuth::resource_metadata`](crate::FiefAuth::resource_metadata)
    /// returns the route that serves it, and `WWW-Authenticate` refers to it.
    ///
    /// # Example
    ///
    /// ```
    /// use axum::{Router, routing::get};
    /// use fief_axum::FiefAuth;
    /// # use fief_client::Fief;
    ///
    /// # let fief = Fief::builder("https://fief.example.com", "CLIENT_ID").build()?;
    /// let auth = FiefAuth::builder(fief)
    ///     .resource("https://api.example.com")
    ///     .build()?;
    ///
    /// let app: Router = Router::new()
    ///     .route("/castles", get(async || "castles").route_layer(auth.require()))
    ///     // Serves /.well-known/oauth-protected-resource, without a guard.
    ///     .merge(auth.resource_metadata())
    ///     .layer(auth.layer());
    /// # Ok::<(), fief_axum::Error>(())
    /// ```
    #[doc(alias = "mcp")]
    pub fn resource(mut self, url: impl Into<String>) -> Self {
        self.resource = Some(url.into());
        self
    }

    /// Adds a scope to the metadata of [`resource`](Self::resource) (`scopes_supported`), which clients such as MCP
    /// clients then request. Default: no scopes are named.
    ///
    /// It does not require the scope: guards do.
    pub fn resource_scope(mut self, scope: impl Into<String>) -> Self {
        self.resource_details.scopes.push(scope.into());
        self
    }

    /// Sets the name of the API that clients show to people, in the metadata of [`resource`](Self::resource)
    /// (`resource_name`). Default: no name.
    pub fn resource_name(mut self, name: impl Into<String>) -> Self {
        self.resource_details.name = Some(name.into());
        self
    }

    /// Sets the URL of a page for developers that use the API, in the metadata of [`resource`](Self::resource)
    /// (`resource_documentation`). Default: no page.
    ///
    /// It must be an http or https URL, otherwise [`build`](Self::build) fails.
    pub fn resource_documentation(mut self, url: impl Into<String>) -> Self {
        self.resource_details.documentation = Some(url.into());
        self
    }
}
