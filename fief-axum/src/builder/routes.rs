use crate::FiefAuthBuilder;

/// Settings of the login routes, which need [`login`](FiefAuthBuilder::login).
///
/// The paths of the routes are relative to the router that
/// [`FiefAuth::routes`](crate::FiefAuth::routes) is merged into or nested in.
/// They must be fixed paths, otherwise [`build`](FiefAuthBuilder::build) fails.
impl FiefAuthBuilder {
    /// Adds a scope to request at login. Default: `openid` only, which is
    /// always requested.
    ///
    /// Call it once for each scope. To have tokens refreshed, use
    /// [`offline_access`](Self::offline_access) instead of requesting the scope
    /// of this name.
    pub fn scope(mut self, scope: impl Into<String>) -> Self {
        self.routes.scopes.push(scope.into());
        self
    }

    /// Sets the path of the route that starts a login. Default: `/login`.
    ///
    /// The route accepts these query parameters, and ignores others and invalid
    /// values: `return_to` (a path on this site, or a URL of a
    /// [`return_origin`](Self::return_origin)), `acr` (`0` or `1`),
    /// `max_age` (seconds), `lang`, `login_hint`, `prompt` (`consent`, `login`
    /// or `none`), `screen=register`, and `remember` if
    /// [`remember_me`](Self::remember_me) allows it.
    pub fn login_path(mut self, path: impl Into<String>) -> Self {
        self.routes.login_path = Some(path.into());
        self
    }

    /// Sets the path of the route that Fief redirects browsers to after a
    /// login. Default: `/auth-callback`.
    ///
    /// Its URL must be registered with Fief as a redirect URI of the client:
    /// `https://app.example.com/auth-callback` for an application at
    /// `https://app.example.com`. Otherwise Fief shows an error instead of its
    /// login page. The URL must have at most 512 bytes.
    pub fn callback_path(mut self, path: impl Into<String>) -> Self {
        self.routes.callback_path = Some(path.into());
        self
    }

    /// Sets the path of the route that ends a session, here and in Fief.
    /// Default: `/logout`. [`FiefAuth::routes`](crate::FiefAuth::routes) says what
    /// logs out, and which `Content-Security-Policy` a page with a logout needs.
    ///
    /// Post a form to it. A link works as well, but gets a page with a confirmation
    /// button unless the browser says that it is on this site.
    pub fn logout_path(mut self, path: impl Into<String>) -> Self {
        self.routes.logout_path = Some(path.into());
        self
    }

    /// Adds a route that returns the current user as JSON, for front-end code.
    /// Default: no such route.
    ///
    /// The response is `{"userinfo": {..}, "access_token_info": {..}}`. Both
    /// are `null` if no user is logged in. User info comes from the cache. The
    /// query `?refresh=true` fetches it from Fief, for example after the user
    /// changed their profile.
    ///
    /// # Example
    ///
    /// ```
    /// # use fief_axum::{FiefAuth, SessionKey};
    /// # use fief_client::Fief;
    /// # let fief = Fief::builder("https://fief.example.com", "CLIENT_ID").build()?;
    /// # let session_key = SessionKey::generate()?;
    /// let auth = FiefAuth::builder(fief)
    ///     .login("https://app.example.com", session_key)
    ///     .user_route("/user")
    ///     .build()?;
    /// // In the browser: const { userinfo } = await (await fetch("/user")).json();
    /// # let _ = auth;
    /// # Ok::<(), fief_axum::Error>(())
    /// ```
    #[doc(alias = "currentUserPath")]
    pub fn user_route(mut self, path: impl Into<String>) -> Self {
        self.routes.user_route = Some(path.into());
        self
    }

    /// Sets the page that browsers are redirected to after a login without
    /// `return_to`. Default: the path of the `app_url` of [`login`](Self::login).
    ///
    /// It is a path on this site as browsers see it: if the application is at
    /// `https://example.com/shop`, its cart is `/shop/cart`, also if a proxy strips
    /// `/shop`. It may also be a URL of a [`return_origin`](Self::return_origin).
    pub fn after_login(mut self, page: impl Into<String>) -> Self {
        self.routes.after_login = Some(page.into());
        self
    }

    /// Sets the page that Fief redirects browsers to after a logout. Default: the
    /// path of the `app_url` of [`login`](Self::login).
    ///
    /// It is a path on this site as browsers see it, or a URL of a
    /// [`return_origin`](Self::return_origin), as in [`after_login`](Self::after_login).
    pub fn after_logout(mut self, page: impl Into<String>) -> Self {
        self.routes.after_logout = Some(page.into());
        self
    }
}
