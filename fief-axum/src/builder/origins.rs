use crate::FiefAuthBuilder;

/// Settings of other origins, and of plain http.
///
/// An origin is a scheme, a host and a port that is not the default one, as browsers send it in the header `Origin`:
/// `https://spa.example.com` or `http://localhost:5173`. Each is listed and compared exactly, without wildcards.
impl FiefAuthBuilder {
    /// Accepts requests that change something, and WebSockets, from another origin with cookies. Call it once for each.
    /// Default: from the application's own origin only.
    ///
    /// Use it for a single-page application at an origin of its own that calls this API with the session, or with the
    /// [`access_token_cookie`](Self::access_token_cookie). The request's `Origin` must be the trusted one. Bearer tokens
    /// are accepted from any origin, since browsers do not send them automatically.
    ///
    /// Browsers send the session's cookies to this API only from a page of the same site, since they are
    /// `SameSite=Lax`: `spa.example.com` and `app.example.com` are the same site, `example.org` is another one.
    ///
    /// A form of the origin that posts to the logout route logs out.
    ///
    /// It does not accept pages of the origin to return to after a login, see [`return_origin`](Self::return_origin).
    ///
    /// # CORS
    ///
    /// A browser also needs the headers of [CORS](https://developer.mozilla.org/docs/Web/HTTP/Guides/CORS) to show the
    /// responses to the page. That is the task of a layer of the application, such as
    /// [`CorsLayer`](https://docs.rs/tower-http/latest/tower_http/cors/struct.CorsLayer.html). Apply it outside of the
    /// layer and the guards, that is after them: it responds to preflights, which have no credentials and are rejected by
    /// guards, and adds its headers to rejections as well.
    ///
    /// ```
    /// use axum::{Router, http::{HeaderValue, Method, header}, routing::post};
    /// use fief_axum::{FiefAuth, SessionKey};
    /// # use fief_client::Fief;
    /// use tower_http::cors::CorsLayer;
    ///
    /// # async fn create() {}
    /// # let fief = Fief::builder("https://fief.example.com", "CLIENT_ID").build()?;
    /// # let session_key = SessionKey::generate()?;
    /// let auth = FiefAuth::builder(fief)
    ///     .login("https://app.example.com", session_key)
    ///     .trusted_origin("https://spa.example.com")
    ///     .return_origin("https://spa.example.com")
    ///     .build()?;
    ///
    /// let cors = CorsLayer::new()
    ///     .allow_origin(HeaderValue::from_static("https://spa.example.com"))
    ///     .allow_credentials(true)
    ///     .allow_headers([header::CONTENT_TYPE])
    ///     .allow_methods([Method::GET, Method::POST]);
    ///
    /// let app: Router = Router::new()
    ///     .route("/castles", post(create))
    ///     .route_layer(auth.require())
    ///     .merge(auth.routes())
    ///     .layer(auth.layer())
    ///     .layer(cors);
    /// // In the browser:
    /// // fetch("https://app.example.com/castles", { method: "POST", credentials: "include" })
    /// # Ok::<(), fief_axum::Error>(())
    /// ```
    ///
    /// # Danger
    ///
    /// All that runs at the origin acts on behalf of the users of this application. Do not list an origin at which others
    /// can publish pages.
    #[doc(alias = "cors")]
    #[doc(alias = "csrf")]
    pub fn trusted_origin(mut self, origin: impl Into<String>) -> Self {
        self.origins.trusted.push(origin.into());
        self
    }

    /// Accepts pages of another origin to return to after a login, and in [`after_login`](Self::after_login) and
    /// [`after_logout`](Self::after_logout). Call it once for each. Default: pages of this site only.
    ///
    /// The `return_to` of the login route may then be a URL of the origin. It needs [`login`](Self::login).
    ///
    /// ```
    /// # use fief_axum::{FiefAuth, SessionKey};
    /// # use fief_client::Fief;
    /// # let fief = Fief::builder("https://fief.example.com", "CLIENT_ID").build()?;
    /// # let session_key = SessionKey::generate()?;
    /// let auth = FiefAuth::builder(fief)
    ///     .login("https://app.example.com", session_key)
    ///     .return_origin("https://spa.example.com")
    ///     .after_logout("https://spa.example.com/goodbye")
    ///     .build()?;
    /// // In the browser:
    /// // const page = encodeURIComponent("https://spa.example.com/castles");
    /// // location = "https://app.example.com/login?return_to=" + page;
    /// # let _ = auth;
    /// # Ok::<(), fief_axum::Error>(())
    /// ```
    ///
    /// # Danger
    ///
    /// Links to the login route can lead to any page of the origin.
    pub fn return_origin(mut self, origin: impl Into<String>) -> Self {
        self.origins.returns.push(origin.into());
        self
    }

    /// Allows plain http to other machines than this one, such as a phone in the local network that opens the application
    /// during development. Default: on loopback only.
    ///
    /// The `app_url` of [`login`](Self::login) may then begin with `http://`, and cookies are set without the `Secure`
    /// attribute and the `__Host-` prefix. So may [`trusted_origin`](Self::trusted_origin) and
    /// [`return_origin`](Self::return_origin). Without a login, the `Origin` of the requests that an
    /// [`access_token_cookie`](Self::access_token_cookie) authenticates may begin with `http://`.
    ///
    /// [`build`](Self::build) logs a warning if `app_url` is http, and fails if it is https and no other origin begins with
    /// `http://`. To reach Fief by plain http, see
    /// [`FiefBuilder::insecure_http`](fief_client::FiefBuilder::insecure_http). Fief accepts a redirect URI with http only
    /// for the names of this machine and private IPv4 addresses.
    ///
    /// ```
    /// # use fief_axum::{FiefAuth, SessionKey};
    /// # use fief_client::Fief;
    /// # let fief = Fief::builder("https://fief.example.com", "CLIENT_ID").build()?;
    /// # let session_key = SessionKey::generate()?;
    /// let auth = FiefAuth::builder(fief)
    ///     .login("http://192.168.1.20:3000", session_key)
    ///     .insecure_http()
    ///     .build()?;
    /// # let _ = auth;
    /// # Ok::<(), fief_axum::Error>(())
    /// ```
    ///
    /// # Danger
    ///
    /// Sessions can be read and changed on the way. Browsers do not send
    /// [Fetch Metadata](https://www.w3.org/TR/fetch-metadata/) to such an address either.
    pub fn insecure_http(mut self) -> Self {
        self.origins.insecure_http = true;
        self
    }
}
