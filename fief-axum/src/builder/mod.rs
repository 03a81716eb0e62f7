//! The builder of a `FiefAuth`.
//!
//! Its setters are grouped by what they concern: the routes, the sessions and
//! the responses. They only store what they are given; `build` validates it.

mod check;
mod denials;
mod hooks;
mod mark_settings;
#[cfg(feature = "utoipa")]
mod openapi;
mod origin_settings;
mod origins;
mod responses;
mod route_settings;
mod routes;
mod session;
mod session_settings;
mod sessions;
mod source_settings;
mod token_sources;
#[cfg(feature = "webhooks")]
mod webhook_settings;
#[cfg(feature = "webhooks")]
mod webhooks;

use std::{fmt, sync::Arc};

use fief_client::Fief;

use self::{
    mark_settings::MarkSettings, origin_settings::OriginSettings, route_settings::RouteSettings,
    session_settings::SessionSettings, sessions::SharedBySessions, source_settings::SourceSettings,
};
use crate::{
    Error, FiefAuth, SessionKey,
    extract::policy::Policies,
    health::HealthProbe,
    rejection::{OnRejection, challenge::Challenge},
    routes::config::ResourceDetails,
    session::Waiters,
    shared::Shared,
    user::Users,
};

/// Builder of a [`FiefAuth`], created by [`FiefAuth::builder`].
///
/// Without any setting it builds what [`FiefAuth::new`] returns: an API that
/// accepts bearer tokens only. [`login`](Self::login) makes it a web
/// application with sessions and login routes. Without it, [`build`](Self::build)
/// rejects the settings of sessions and login routes, since they have no effect.
///
/// # Example
///
/// ```
/// use std::time::Duration;
///
/// use fief_axum::{FiefAuth, SessionKey, fief_client::Fief};
///
/// # let session_key = SessionKey::generate()?;
/// let fief = Fief::builder("https://fief.example.com", "CLIENT_ID")
///     .client_secret("SECRET")
///     .build()?;
/// let auth = FiefAuth::builder(fief)
///     .login("https://app.example.com", session_key)
///     .idle_timeout(Duration::from_secs(30 * 60))
///     .after_logout("/goodbye")
///     .build()?;
/// # let _ = auth;
/// # Ok::<(), fief_axum::Error>(())
/// ```
#[must_use = "a builder does nothing until `build` is called"]
pub struct FiefAuthBuilder {
    fief: Fief,
    login: Option<(String, SessionKey)>,
    routes: RouteSettings,
    session: SessionSettings,
    marks: MarkSettings,
    #[cfg(feature = "webhooks")]
    webhooks: webhook_settings::WebhookSettings,
    on_rejection: Option<OnRejection>,
    access_token_cookie: Option<String>,
    origins: OriginSettings,
    sources: SourceSettings,
    realm: Option<String>,
    resource: Option<String>,
    resource_details: ResourceDetails,
    users: Users,
    ready_route: Option<String>,
    #[cfg(feature = "utoipa")]
    openapi: crate::openapi::settings::OpenApiSettings,
}

impl FiefAuthBuilder {
    pub(crate) fn new(fief: Fief) -> Self {
        Self {
            users: Users::new(fief.wait_timeout()),
            fief,
            login: None,
            routes: RouteSettings::default(),
            session: SessionSettings::default(),
            marks: MarkSettings::default(),
            #[cfg(feature = "webhooks")]
            webhooks: webhook_settings::WebhookSettings::default(),
            on_rejection: None,
            access_token_cookie: None,
            origins: OriginSettings::default(),
            sources: SourceSettings::default(),
            realm: None,
            resource: None,
            resource_details: ResourceDetails::default(),
            ready_route: None,
            #[cfg(feature = "utoipa")]
            openapi: crate::openapi::settings::OpenApiSettings::default(),
        }
    }

    /// Enables login and sessions, in addition to bearer tokens, which take precedence.
    /// Default: bearer tokens only.
    ///
    /// `app_url` is the URL at which browsers reach the application: an https
    /// URL without query and fragment, or an http URL on loopback or with
    /// [`insecure_http`](Self::insecure_http). If browsers see
    /// the application below a path, it includes that path.
    ///
    /// Browsers keep cookies apart by host. A login that is started at another host
    /// (`localhost` instead of `127.0.0.1`, or with `www.`) cannot be finished: the
    /// page that says so links to `app_url`, and one warning is logged. Redirect
    /// other hosts to `app_url`.
    ///
    /// `session_key` seals the session cookies. Every process of the
    /// application needs the same key.
    ///
    /// Register `{app_url}/auth-callback` as a redirect URI of the client in
    /// Fief, and merge [`FiefAuth::routes`] into the router.
    ///
    /// # Example
    ///
    /// ```
    /// use axum::Router;
    /// use fief_axum::{FiefAuth, SessionKey};
    /// # use fief_client::Fief;
    ///
    /// # let fief = Fief::builder("https://fief.example.com", "CLIENT_ID").build()?;
    /// # let session_key = SessionKey::generate()?;
    /// // Redirect URI: https://example.com/shop/auth-callback
    /// let auth = FiefAuth::builder(fief)
    ///     .login("https://example.com/shop", session_key)
    ///     .build()?;
    ///
    /// let shop = Router::new().merge(auth.routes()).layer(auth.layer());
    /// let app: Router = Router::new().nest_service("/shop", shop);
    /// # Ok::<(), fief_axum::Error>(())
    /// ```
    ///
    /// # Behind a proxy
    ///
    /// A proxy may keep the path of `app_url`: then serve the application with
    /// `nest_service("/shop", shop)`, which also serves `/shop/`, to which nginx
    /// redirects `/shop`. Or it may strip the path: then do not nest the application.
    /// The redirect URIs and links are the same. Pages to return to after a login get the
    /// path if a request comes without it, and one warning is logged.
    ///
    /// ```nginx
    /// location /shop/ { proxy_pass http://127.0.0.1:3000; }   # keeps /shop
    /// location /shop/ { proxy_pass http://127.0.0.1:3000/; }  # strips /shop
    /// ```
    ///
    /// The pages that the application itself links to or redirects to must be paths
    /// as browsers see them, as those of [`after_login`](Self::after_login).
    ///
    /// Proxies limit the size of headers, and a session in cookies grows with the
    /// user's permissions: 32 bytes for each of 21 letters, up to 6.5 KB. All cookies
    /// together stay below 7.5 KB, which is below the default limit of nginx for
    /// requests (8 KB). Its limit for the headers of a response is 4 KB by default,
    /// which is enough for about 60 such permissions. With more, the callback is a
    /// 502 of nginx: raise the limits as follows, or use a
    /// [`session_store`](Self::session_store), whose cookies are small.
    ///
    /// ```nginx
    /// proxy_buffer_size 16k;              # response headers, 4k or 8k by default
    /// proxy_buffers 8 16k;
    /// large_client_header_buffers 4 16k;  # request headers, 4 8k by default
    /// ```
    ///
    /// A user whose session exceeds 6.5 KB cannot log in without a store. The log says
    /// so.
    ///
    /// # Plain http
    ///
    /// On loopback, an http URL is accepted for development. The cookies are
    /// then set without the `Secure` attribute and the `__Host-` prefix, and a
    /// warning is logged.
    #[doc(alias = "csrf")]
    #[doc(alias = "nginx")]
    pub fn login(mut self, app_url: impl Into<String>, session_key: SessionKey) -> Self {
        self.login = Some((app_url.into(), session_key));
        self
    }

    /// Also accepts an access token that is the value of the cookie `name`, as
    /// in the examples of Fief's Python and JavaScript clients. Default: no
    /// such cookie.
    ///
    /// Use it if another program sets the cookie; otherwise prefer
    /// [`login`](Self::login). The `Authorization` header and the session take
    /// precedence over the cookie.
    ///
    /// A login and a logout by the routes of [`login`](Self::login) remove the cookie, if it
    /// was set without `Domain` and with `Path=/`, which is the default of many frameworks.
    /// Otherwise remove it in a layer around [`FiefAuth::routes`], or send users to
    /// the logout of the program that sets it: the token in it is valid until it expires.
    /// [`FiefAuth::revoke_user_sessions`] does not end it, and
    /// [`FiefAuth::deny_user`] does.
    ///
    /// # Security
    ///
    /// Browsers send the cookie automatically, so it is protected against
    /// CSRF: requests that are not GET, HEAD or OPTIONS are rejected with 403
    /// unless they come from the same origin, or from a
    /// [`trusted_origin`](Self::trusted_origin). That is the origin of
    /// [`login`](Self::login), or else the `Host` that the request was sent to,
    /// with https or on loopback; a proxy must not change it. The program that sets the cookie
    /// must make it `HttpOnly` and `Secure`.
    #[doc(alias = "cookieGetter")]
    #[doc(alias = "csrf")]
    #[doc(alias = "tokenGetter")]
    pub fn access_token_cookie(mut self, name: impl Into<String>) -> Self {
        self.access_token_cookie = Some(name.into());
        self
    }

    /// Builds the [`FiefAuth`]. No request is sent to Fief.
    ///
    /// # Errors
    ///
    /// - [`Error::Configuration`] if a setting is invalid, or has no effect. The
    ///   text says what to change.
    /// - [`Error::SessionKey`] if no keys can be derived from a session key.
    pub fn build(self) -> Result<FiefAuth, Error> {
        let has_webhooks = self.has_webhooks();
        let Self {
            fief,
            login,
            routes,
            session,
            marks,
            #[cfg(feature = "webhooks")]
            webhooks,
            on_rejection,
            access_token_cookie,
            origins,
            sources,
            realm,
            resource,
            resource_details,
            users,
            ready_route,
            #[cfg(feature = "utoipa")]
            openapi,
        } = self;
        let takes_cookies = access_token_cookie.is_some() || sources.has_functions();
        let (login, origins, returns) = origins.build(login, takes_cookies)?;
        let sources = sources.build()?;
        let users = Arc::new(users);
        let has_store = session.store.is_some();
        #[cfg(feature = "webhooks")]
        let needs_webhooks = marks.first_of_webhooks();
        let marks = marks.build(&fief, &users, has_store, has_webhooks)?;
        let waiters = Arc::new(Waiters::default());
        let site = if let Some((app_url, key)) = login {
            let redirect_uri = routes.redirect_uri(&app_url)?;
            let shared = SharedBySessions {
                fief: &fief,
                users: &users,
                marks: &marks,
                waiters: &waiters,
                has_login_hook: routes.on_login.is_some(),
            };
            let sessions = session.build(&shared, (&app_url, key), &redirect_uri)?;
            Some(routes.build(&app_url, redirect_uri, returns, Arc::new(sessions))?)
        } else {
            if let Some(name) = routes.first_set().or_else(|| session.first_set()) {
                return Err(check::without_effect(name, "login"));
            }
            None
        };
        #[cfg(feature = "webhooks")]
        let webhooks = webhooks.build(needs_webhooks)?;
        #[cfg(feature = "webhooks")]
        let webhook_route = webhooks.as_ref().map(|webhooks| &webhooks.route);
        #[cfg(not(feature = "webhooks"))]
        let webhook_route = None;
        let ready_route = check::ready_route(ready_route, site.as_ref(), webhook_route)?;
        let resource = check::optional_resource(resource, resource_details)?;
        let metadata_url = resource
            .as_ref()
            .map(|resource| resource.metadata_url.clone());
        let scheme = sources.as_ref().and_then(|sources| sources.scheme.clone());
        let realm = realm.map(check::realm).transpose()?;
        Ok(FiefAuth::from_shared(Shared {
            fief,
            site,
            users,
            waiters,
            marks,
            #[cfg(feature = "webhooks")]
            webhooks,
            on_rejection,
            access_token_cookie,
            origins,
            sources,
            challenge: Challenge::new(scheme, realm, metadata_url),
            resource,
            policies: Policies::default(),
            health: HealthProbe::default(),
            ready_route,
            #[cfg(feature = "utoipa")]
            openapi,
        }))
    }
}

impl FiefAuthBuilder {
    #[cfg_attr(
        not(feature = "webhooks"),
        expect(clippy::unused_self, reason = "the field needs the feature")
    )]
    fn has_webhooks(&self) -> bool {
        #[cfg(feature = "webhooks")]
        return self.webhooks.endpoint.is_some();
        #[cfg(not(feature = "webhooks"))]
        false
    }
}

impl fmt::Debug for FiefAuthBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FiefAuthBuilder")
            .field("fief", &self.fief)
            .finish_non_exhaustive()
    }
}
