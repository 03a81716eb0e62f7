use std::{fmt, sync::Arc};

use axum::{Router, http::HeaderMap};
use fief_client::{Fief, internal::unix_seconds};
use uuid::Uuid;

use crate::{
    AuthHealth, AuthLayer, Error, FiefAuthBuilder, PathsLayer, RequireLayer, SessionId,
    cookie::Jar,
    extract::policy::Policies,
    health::HealthProbe,
    rejection::challenge::Challenge,
    request::csrf::CookieOrigins,
    routes::{self, loop_guard::LoginCounter},
    session::{self, MarkConfig, Marks, Sessions, UserMark, microseconds},
    shared::Shared,
    user::Users,
};

/// Entry point: creates the layer, guards and login routes of an application. Cloning is cheap.
///
/// How many requests clients can cause at Fief is in [`load`](crate::load).
///
/// Create one `FiefAuth` per application and Fief client, and use it for all layers, guards and routes: a guard rejects
/// requests that were authenticated by another one.
///
/// ```
/// use axum::{Router, routing::get};
/// use fief_axum::{Authenticated, FiefAuth, fief_client::Fief};
///
/// async fn me(Authenticated(token): Authenticated) -> String {
///     token.id().to_string()
/// }
///
/// let fief = Fief::builder("https://fief.example.com", "CLIENT_ID")
///     .client_secret("SECRET")
///     .build()?;
/// let auth = FiefAuth::new(fief);
/// let admin = auth.require().permission("admin");
/// let app: Router = Router::new()
///     .route("/me", get(me))
///     .route("/admin", get(async || "admin").route_layer(admin))
///     .layer(auth.layer());
/// # Ok::<(), fief_axum::fief_client::FiefError>(())
/// ```
///
/// The [guide](https://docs.rs/fief-axum/latest/fief_axum/guide/) builds whole applications.
///
/// # If it does not compile
///
/// - *The trait `Handler` is not implemented* for a handler. The compiler does not say why; with
///   [`#[axum::debug_handler]`](https://docs.rs/axum/0.8/axum/attr.debug_handler.html) on the handler it does (feature
///   `macros` of axum). Extractors that read the body, such as `Json` and `Form`, must be the last argument: those of this
///   crate come before them. A handler must be `async`, its arguments must be extractors, what it returns a response, and
///   what it holds at an `await` must be `Send`.
/// - *`FiefAuth: Layer<Route>` is not satisfied*: the argument of `layer` is `auth.layer()`, and that of `route_layer` is
///   `auth.require()`, and not `auth`.
/// - *The trait `SessionStore` is not implemented*, or `Handler` is not although all is as above: the dependencies have two
///   versions of a crate. This one works with axum 0.8 and tower-sessions-core 0.14. `cargo tree --duplicates` shows them.
#[derive(Clone)]
pub struct FiefAuth {
    pub(crate) shared: Arc<Shared>,
}

impl FiefAuth {
    /// Creates a `FiefAuth` for an API: it accepts bearer tokens only. For anything else use
    /// [`builder`](Self::builder).
    #[must_use]
    pub fn new(fief: Fief) -> Self {
        let users = Arc::new(Users::new(fief.wait_timeout()));
        let marks = Marks::new(fief.clone(), Arc::clone(&users), MarkConfig::default());
        Self::from_shared(Shared {
            users,
            marks: Arc::new(marks),
            #[cfg(feature = "webhooks")]
            webhooks: None,
            fief,
            site: None,
            waiters: Arc::default(),
            on_rejection: None,
            access_token_cookie: None,
            origins: CookieOrigins::default(),
            sources: None,
            challenge: Challenge::default(),
            resource: None,
            policies: Policies::default(),
            health: HealthProbe::default(),
            ready_route: None,
            #[cfg(feature = "utoipa")]
            openapi: crate::openapi::settings::OpenApiSettings::default(),
        })
    }

    /// Returns a builder to configure login, sessions and more.
    ///
    /// ```
    /// # use fief_axum::{FiefAuth, SessionKey, fief_client::Fief};
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let session_key = SessionKey::generate()?;
    /// let fief = Fief::builder("https://fief.example.com", "CLIENT_ID")
    ///     .client_secret("SECRET")
    ///     .build()?;
    /// let auth = FiefAuth::builder(fief).login("https://app.example.com", session_key).build()?;
    /// # Ok(()) }
    /// ```
    pub fn builder(fief: Fief) -> FiefAuthBuilder {
        FiefAuthBuilder::new(fief)
    }

    /// Returns the client of the Fief server.
    #[must_use]
    pub fn fief(&self) -> &Fief {
        &self.shared.fief
    }

    /// Returns the layer that enables the extractors and sets session cookies. Apply it to the whole application, after
    /// the routes have been added.
    #[doc(alias = "createMiddleware")]
    #[doc(alias = "middleware")]
    pub fn layer(&self) -> AuthLayer {
        AuthLayer::new(Arc::clone(&self.shared))
    }

    /// Returns a guard that rejects unauthenticated requests. Chain its methods to require more.
    ///
    /// ```
    /// # use axum::{Router, routing::post};
    /// # use fief_axum::{FiefAuth, fief_client::Fief};
    /// # let auth = FiefAuth::new(Fief::builder("https://fief.example.com", "CLIENT_ID").build()?);
    /// # async fn create() {}
    /// let guard = auth.require().scope("openid").permission("castles:create");
    /// let app: Router = Router::new().route("/castles", post(create).route_layer(guard));
    /// # Ok::<(), fief_axum::fief_client::FiefError>(())
    /// ```
    #[doc(alias = "checkAuth")]
    pub fn require(&self) -> RequireLayer {
        RequireLayer::new(Arc::clone(&self.shared))
    }

    /// Returns a guard for a whole application, configured by path. Paths that are not listed are rejected.
    ///
    /// ```
    /// # use axum::{Router, routing::get};
    /// # use fief_axum::{FiefAuth, fief_client::Fief};
    /// # let auth = FiefAuth::new(Fief::builder("https://fief.example.com", "CLIENT_ID").build()?);
    /// # async fn list() {}
    /// let guard = auth.paths().public("/health").require("/castles", auth.require());
    /// let app: Router = Router::new()
    ///     .route("/health", get(async || "ok"))
    ///     .route("/castles", get(list))
    ///     .layer(guard);
    /// # Ok::<(), fief_axum::fief_client::FiefError>(())
    /// ```
    pub fn paths(&self) -> PathsLayer {
        PathsLayer::new(Arc::clone(&self.shared))
    }

    /// Returns the routes to log in and out: `/login`, `/auth-callback` and `/logout`, the user route if
    /// [`user_route`](FiefAuthBuilder::user_route) is configured, the ready route if
    /// [`ready_route`](FiefAuthBuilder::ready_route) is, and with the feature `webhooks` the route for those.
    ///
    /// Merge them after guards have been applied, so that the guards do not reject logins. If
    /// neither [`login`](FiefAuthBuilder::login), a ready route nor webhooks are configured, the router is empty, and an
    /// error is logged.
    ///
    /// | Route | Method | Effect | Path set by |
    /// | --- | --- | --- | --- |
    /// | `/login` | GET | redirects to Fief to log in | [`login_path`](FiefAuthBuilder::login_path) |
    /// | `/auth-callback` | GET | finishes a login; its URL is the redirect URI to register in Fief | [`callback_path`](FiefAuthBuilder::callback_path) |
    /// | `/logout` | POST, GET | ends the session and redirects to Fief's logout, see below | [`logout_path`](FiefAuthBuilder::logout_path) |
    /// | none | GET | the current user as JSON, or `null`; `?refresh=true` fetches it from Fief | [`user_route`](FiefAuthBuilder::user_route) |
    /// | none | GET | 200 or 503, for load balancers | [`ready_route`](FiefAuthBuilder::ready_route) |
    /// | none | POST | receives webhooks of Fief | `webhooks` |
    ///
    /// HEAD is rejected with 405 at the first three, since it must not begin, finish or end anything.
    ///
    /// # Parameters of the login route
    ///
    /// All are optional. One that is unknown or invalid is ignored, and nothing else of the query is sent to Fief.
    ///
    /// | Parameter | Values | Effect |
    /// | --- | --- | --- |
    /// | `return_to` | a path with a query, as browsers see it, of at most 2048 bytes; or a URL of a [`return_origin`](FiefAuthBuilder::return_origin) | the page after the login, instead of [`after_login`](FiefAuthBuilder::after_login). If it is repeated, it is ignored |
    /// | `screen` | `register` | Fief shows the page to sign up |
    /// | `prompt` | `login` | Fief shows its login page also to users that are logged in there, to choose another account |
    /// | | `none` | a silent login: Fief shows no page, see [`has_silent_login_failed`](Self::has_silent_login_failed) |
    /// | | `consent` | Fief may show its consent page |
    /// | `acr` | `0`, `1` | the level of authentication to request. `1` makes Fief show its login page |
    /// | `max_age` | seconds | Fief shows its login page if the login there is older |
    /// | `login_hint` | an e-mail address | Fief fills it in |
    /// | `lang` | a language, such as `fr` or `fr-FR` | the language of Fief's pages |
    /// | `remember` | `1`, `on`, `true`; `0`, `off`, `false` | whether the session is remembered, if [`remember_me`](FiefAuthBuilder::remember_me) allows it |
    ///
    /// A link to sign up is `<a href="/login?screen=register&return_to=%2Fwelcome">`.
    ///
    /// # Logins that cannot be finished yet
    ///
    /// The code of a login is sent to Fief once, also if the callback is requested again or by several requests at once.
    /// If the tokens cannot be verified for the moment, or the session store fails, they are kept for up to 10 minutes. The
    /// page [`LoginPageKind::Unavailable`](crate::LoginPageKind::Unavailable) then links to the same callback, which
    /// finishes the login later. Without a session store they are kept by this process only: on another machine, the user
    /// has to log in again. At most 1000 logins are kept or in flight; beyond that the page is shown before the code is
    /// sent.
    ///
    /// # Logging out
    ///
    /// A form that posts to `/logout` logs out, and so does a link of this site, or the URL if the user types it. Any
    /// other GET, such as that of an image, a frame, a script or a link of another site, shows a page with a button that
    /// posts. So does every GET without [Fetch Metadata](https://www.w3.org/TR/fetch-metadata/), which browsers send to
    /// https and loopback addresses only: use a form.
    ///
    /// The session ends, the browser removes all cookies of this crate, and is redirected to Fief's logout and then to
    /// [`after_logout`](FiefAuthBuilder::after_logout). htmx is sent an `HX-Redirect`.
    ///
    /// A form is subject to the `Content-Security-Policy` of the page that it is in, and browsers apply its `form-action`
    /// to redirects as well. With `form-action 'self'` they block the redirect to Fief: the session here has ended, but
    /// the next login succeeds without a password. Pages with a form for the logout must allow Fief's origin:
    ///
    /// ```text
    /// Content-Security-Policy: form-action 'self' https://fief.example.com
    /// ```
    ///
    /// # Prefetches
    ///
    /// A prefetch, which browsers and libraries mark with `Sec-Purpose`, `Purpose`, `X-Purpose`, `X-Sec-Purpose`, `X-Moz`,
    /// `HX-Preloaded`, `Next-Router-Prefetch` or `X-Middleware-Prefetch`, does not start, finish or end a session. It is
    /// rejected with 503.
    #[doc(alias = "form-action")]
    #[doc(alias = "prefetch")]
    #[doc(alias = "return_to")]
    #[doc(alias = "sign_up")]
    pub fn routes<S: Clone + Send + Sync + 'static>(&self) -> Router<S> {
        if self.shared.has_no_routes() {
            tracing::error!(
                "FiefAuth::routes() has no routes: configure FiefAuthBuilder::login first"
            );
        }
        routes::routes(&self.shared)
    }

    /// Returns the route of the protected resource metadata
    /// ([RFC 9728, section 3](https://www.rfc-editor.org/rfc/rfc9728#section-3)):
    /// `/.well-known/oauth-protected-resource`, followed by the path of the resource.
    ///
    /// Merge it into the outermost router, outside of guards. Without [`resource`](FiefAuthBuilder::resource) the router
    /// is empty, and an error is logged.
    pub fn resource_metadata<S: Clone + Send + Sync + 'static>(&self) -> Router<S> {
        if self.shared.resource.is_none() {
            tracing::error!(
                "FiefAuth::resource_metadata() has no route: configure FiefAuthBuilder::resource first"
            );
        }
        routes::resource_metadata(&self.shared)
    }

    /// Returns whether a silent login (`/login?prompt=none`) of this browser has failed within the last minute, and no
    /// session was accepted since.
    ///
    /// A silent login logs a user in that is logged in to Fief, without a page. Otherwise it returns to the page that began
    /// it, which must not begin it again: the login route would stop the loop after five times with
    /// [`LoginPageKind::Looping`](crate::LoginPageKind::Looping). Always `false` without
    /// [`login`](FiefAuthBuilder::login).
    ///
    /// ```
    /// use axum::{extract::State, http::HeaderMap, response::{IntoResponse, Redirect, Response}};
    /// use fief_axum::{Authenticated, FiefAuth};
    ///
    /// async fn home(
    ///     State(auth): State<FiefAuth>,
    ///     token: Option<Authenticated>,
    ///     headers: HeaderMap,
    /// ) -> Response {
    ///     match token {
    ///         Some(token) => format!("Hello, {}!", token.id()).into_response(),
    ///         None if auth.has_silent_login_failed(&headers) => "Hello!".into_response(),
    ///         None => Redirect::to("/login?prompt=none").into_response(),
    ///     }
    /// }
    /// ```
    #[must_use]
    pub fn has_silent_login_failed(&self, headers: &HeaderMap) -> bool {
        self.shared.sessions().is_some_and(|sessions| {
            let now = unix_seconds(self.fief().now());
            LoginCounter::read(&sessions.cookies, Jar::new(headers), now).has_silent_failure()
        })
    }

    /// Returns whether requests can be authenticated, for health checks: the age of Fief's keys, the last failure to fetch
    /// them, and whether the session store responds.
    ///
    /// The store is probed once a second at most, and keys are fetched if there are none. Both take 2 seconds at most. The
    /// [ready route](FiefAuthBuilder::ready_route) reports the same to load balancers.
    ///
    /// ```
    /// # async fn example(auth: fief_axum::FiefAuth) {
    /// let health = auth.health().await;
    /// tracing::info!(ready = health.is_ready(), keys_age = ?health.fief().keys_age(), "health");
    /// # }
    /// ```
    pub async fn health(&self) -> AuthHealth {
        self.shared.health().await
    }

    /// Removes a user from the user info cache, so that [`CurrentUser`](crate::CurrentUser) fetches it from Fief. Call
    /// it after the user was changed.
    pub async fn invalidate_user(&self, id: Uuid) {
        self.shared.users.invalidate(self.fief(), id).await;
    }

    /// Revokes one session: its cookies are no longer valid in any browser.
    /// [`CurrentSession::id`](crate::CurrentSession::id) returns the id.
    ///
    /// Without a session store only this `FiefAuth` and its clones know of it, until the process exits, and for the last
    /// 100,000 sessions: not another `FiefAuth` with the same session key, in this process or another one. With a session
    /// store, each one that shares it does.
    ///
    /// # Errors
    /// - [`Error::SessionStore`]: the session is revoked in this process only. It is tried again in the background, for at
    ///   most 1,000 revocations at a time, unless no Tokio runtime is running.
    /// - [`Error::Configuration`]: login is not configured.
    pub async fn revoke_session(&self, id: SessionId) -> Result<(), Error> {
        session::revoke(self.sessions()?, id.into(), None).await
    }

    /// Revokes all sessions that a user has now, on all devices ("log out everywhere").
    ///
    /// A login after the call counts, also within the same second. Bearer tokens are not sessions:
    /// [`deny_user`](Self::deny_user) denies them.
    ///
    /// Without a session store only this `FiefAuth` and its clones know of it, as for
    /// [`revoke_session`](Self::revoke_session), and for the last 100,000 users. Sessions that other processes create
    /// within a minute after the call are revoked here as well, since clocks differ.
    ///
    /// # Errors
    /// - [`Error::SessionStore`]: the sessions are revoked in this process only. It is tried again in the background, for
    ///   at most 1,000 revocations at a time, unless no Tokio runtime is running. Until the store has it, this process
    ///   accepts only sessions of the user that it created itself after the call.
    /// - [`Error::Configuration`]: login is not configured.
    #[doc(alias = "log_out_everywhere")]
    pub async fn revoke_user_sessions(&self, user: Uuid) -> Result<(), Error> {
        session::revoke_user(self.sessions()?, user).await
    }

    /// Denies the tokens of a user that are not a session's: bearer tokens, and those of
    /// [`access_token_cookie`](FiefAuthBuilder::access_token_cookie). They are rejected with
    /// [`RejectionKind::Denied`](crate::RejectionKind::Denied), until [`allow_user`](Self::allow_user) or the end of the
    /// [`denial_lifetime`](FiefAuthBuilder::denial_lifetime).
    ///
    /// Fief has no way to revoke tokens: they are valid for up to 24 hours. Sessions are ended by
    /// [`revoke_user_sessions`](Self::revoke_user_sessions); call both to block a user, and make the account inactive in
    /// Fief, so that there are no new ones.
    ///
    /// Without a session store only this `FiefAuth` and its clones know of it, until the process exits. With a store, each
    /// machine with [`shared_denials`](FiefAuthBuilder::shared_denials) does, within 5 seconds.
    ///
    /// # Errors
    /// - [`Error::SessionStore`]: 100,000 users are denied already, which is also logged, or the store failed: then the
    ///   user is denied in this process only. Call it again.
    ///
    /// ```
    /// # use fief_axum::{Error, FiefAuth};
    /// # use uuid::Uuid;
    /// async fn block(auth: &FiefAuth, user: Uuid) -> Result<(), Error> {
    ///     auth.deny_user(user).await?;
    ///     auth.revoke_user_sessions(user).await
    /// }
    /// ```
    #[doc(alias = "ban")]
    #[doc(alias = "block")]
    #[doc(alias = "revoke")]
    pub async fn deny_user(&self, user: Uuid) -> Result<(), Error> {
        let now = microseconds(self.fief().now());
        self.change_user(user, UserMark::denied(now)).await
    }

    /// Allows the tokens of a user again that [`deny_user`](Self::deny_user) has denied.
    ///
    /// Tokens of an account that is deleted or inactive, as a webhook said, stay denied.
    ///
    /// # Errors
    /// - [`Error::SessionStore`]: the store failed. The user is allowed in this process only. Call it again.
    pub async fn allow_user(&self, user: Uuid) -> Result<(), Error> {
        let now = microseconds(self.fief().now());
        self.change_user(user, UserMark::allowed(now)).await
    }

    async fn change_user(&self, user: Uuid, mark: UserMark) -> Result<(), Error> {
        let shared = Arc::clone(&self.shared);
        let has_store = shared.store().is_some();
        let change = async move {
            let marks = &shared.marks;
            session::change_user(marks, shared.store(), user, &mark).await
        };
        if has_store {
            session::detached(change).await?;
        } else {
            change.await?;
        }
        Ok(())
    }

    fn sessions(&self) -> Result<&Arc<Sessions>, Error> {
        self.shared.sessions().ok_or_else(|| {
            Error::config("there are no sessions: configure FiefAuthBuilder::login first")
        })
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
