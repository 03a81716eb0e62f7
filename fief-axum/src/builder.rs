use std::fmt;

use axum::response::{IntoResponse, Response};
use fief_client::{AuthorizationRequest, Fief};

use crate::{
    Error, FiefAuth, Rejection, SessionKey,
    auth::{Inner, OnRejection},
    challenge::Challenge,
    extract::Policies,
    resource::Resource,
    routes::OnLoginPage,
    session::{Ended, Keys, Refreshes, Settings},
    site::{Site, at, page, parse_app_url, route},
    users::Users,
};

/// Sets up a [`FiefAuth`]. Made by [`FiefAuth::builder`].
#[must_use]
pub struct FiefAuthBuilder {
    fief: Fief,
    login: Option<(String, SessionKey)>,
    scopes: Vec<String>,
    login_path: String,
    callback_path: String,
    logout_path: String,
    after_login: String,
    after_logout: String,
    user_path: Option<String>,
    pub(crate) session: Settings,
    pub(crate) on_login_page: Option<OnLoginPage>,
    on_rejection: Option<OnRejection>,
    access_token_cookie: Option<String>,
    pub(crate) realm: Option<String>,
    pub(crate) resource: Option<String>,
    pub(crate) users: Users,
}

impl FiefAuthBuilder {
    pub(crate) fn new(fief: Fief) -> Self {
        Self {
            fief,
            login: None,
            scopes: Vec::new(),
            login_path: "/login".into(),
            callback_path: "/auth-callback".into(),
            logout_path: "/logout".into(),
            after_login: "/".into(),
            after_logout: "/".into(),
            user_path: None,
            session: Settings::new(),
            on_login_page: None,
            on_rejection: None,
            access_token_cookie: None,
            realm: None,
            resource: None,
            users: Users::new(),
        }
    }

    /// Lets visitors log in and stay logged in. Default: bearer tokens only.
    ///
    /// `app_url` is where browsers reach the application, with the path that [`FiefAuth::routes`] is nested under
    /// where there is one. Register `{app_url}/auth-callback` with Fief. Plain http only on loopback.
    pub fn login(mut self, app_url: impl Into<String>, session_key: SessionKey) -> Self {
        self.login = Some((app_url.into(), session_key));
        self
    }

    /// Asks for a scope at login besides `openid`. Default: none.
    pub fn scope(mut self, scope: impl Into<String>) -> Self {
        self.scopes.push(scope.into());
        self
    }

    /// Sets the path of the login route. Default: `/login`.
    pub fn login_path(mut self, path: impl Into<String>) -> Self {
        self.login_path = path.into();
        self
    }

    /// Sets the path that Fief sends browsers back to. Default: `/auth-callback`.
    pub fn callback_path(mut self, path: impl Into<String>) -> Self {
        self.callback_path = path.into();
        self
    }

    /// Sets the path of the logout route. Default: `/logout`.
    pub fn logout_path(mut self, path: impl Into<String>) -> Self {
        self.logout_path = path.into();
        self
    }

    /// Adds a route, `/user` for example, that tells the application's code in the browser who is logged in:
    /// `{"userinfo": .., "access_token_info": ..}`, or nulls. With `?refresh=true` Fief is asked anew. Default: none.
    pub fn user_path(mut self, path: impl Into<String>) -> Self {
        self.user_path = Some(path.into());
        self
    }

    /// Sets the page for those who logged in without asking for one. Default: `/`.
    pub fn after_login(mut self, page: impl Into<String>) -> Self {
        self.after_login = page.into();
        self
    }

    /// Sets the page for those who logged out. Default: `/`.
    pub fn after_logout(mut self, page: impl Into<String>) -> Self {
        self.after_logout = page.into();
        self
    }

    /// Accepts an access token as the plain value of this cookie too, as the examples of Fief's Python and JavaScript
    /// clients keep it. Default: none.
    ///
    /// The `Authorization` header and the session of [`login`](Self::login) go first. Requests that are not GET, HEAD
    /// or OPTIONS must come from the same site, as with the session.
    pub fn access_token_cookie(mut self, name: impl Into<String>) -> Self {
        self.access_token_cookie = Some(name.into());
        self
    }

    /// Replaces the answers to requests that are rejected. Whatever it returns is the answer: the handler is not
    /// reached. Default: [`Rejection`]'s own.
    ///
    /// ```
    /// # use axum::response::{Html, IntoResponse};
    /// # use fief_axum::{FiefAuth, RejectionKind};
    /// # use fief_client::Fief;
    /// # let fief = Fief::builder("https://fief.example.com", "CLIENT_ID").build()?;
    /// let auth = FiefAuth::builder(fief).on_rejection(|rejection| match rejection.kind() {
    ///     RejectionKind::MissingPermission { .. } => {
    ///         (rejection.kind().status(), Html("You may not build castles.")).into_response()
    ///     }
    ///     _ => rejection.into_response(),
    /// });
    /// # let _ = auth;
    /// # Ok::<(), fief_client::FiefError>(())
    /// ```
    pub fn on_rejection<F, R>(mut self, answer: F) -> Self
    where
        F: Fn(Rejection) -> R + Send + Sync + 'static,
        R: IntoResponse,
    {
        self.on_rejection = Some(Box::new(move |rejection| -> Response {
            answer(rejection).into_response()
        }));
        self
    }

    /// Makes the [`FiefAuth`]. Nothing is sent yet.
    ///
    /// # Errors
    /// [`Error::Configuration`], which says what to change.
    pub fn build(mut self) -> Result<FiefAuth, Error> {
        let site = match self.login.take() {
            Some((app_url, key)) => Some(self.site(&app_url, key)?),
            None => None,
        };
        let resource = self.resource.as_deref().map(Resource::parse).transpose()?;
        Ok(FiefAuth::from_inner(Inner {
            fief: self.fief,
            site,
            users: self.users,
            on_rejection: self.on_rejection,
            access_token_cookie: self.access_token_cookie,
            challenge: Challenge::new(self.realm, resource.as_ref())?,
            resource,
            policies: Policies::default(),
        }))
    }

    fn site(&mut self, app_url: &str, key: SessionKey) -> Result<Site, Error> {
        let app_url = parse_app_url(app_url)?;
        let prefix = app_url.path().trim_end_matches('/').to_owned();
        let (idle, absolute) = self.session.lifetimes()?;
        let refresh = self.session.refresh()?;
        if refresh.is_some() {
            self.scopes.push("offline_access".into());
        }
        let mut site = Site {
            secure: app_url.scheme() == "https",
            origin: app_url.origin().ascii_serialization(),
            redirect_uri: at(&app_url, &prefix, &self.callback_path),
            logged_out_uri: String::new(),
            login_path: route("login_path", &self.login_path)?,
            callback_path: route("callback_path", &self.callback_path)?,
            logout_path: route("logout_path", &self.logout_path)?,
            user_path: self
                .user_path
                .as_deref()
                .map(|path| route("user_path", path))
                .transpose()?,
            on_login_page: self.on_login_page.take(),
            after_login: page("after_login", &self.after_login)?,
            request: std::mem::take(&mut self.scopes)
                .into_iter()
                .fold(AuthorizationRequest::new(), AuthorizationRequest::scope),
            keys: Keys::new(
                key,
                std::mem::take(&mut self.session.previous_keys),
                self.fief.client_id(),
            )?,
            idle,
            absolute,
            refresh,
            refreshes: Refreshes::new(),
            ended: Ended::new(),
            store: self.session.store.take(),
            prefix,
        };
        let after_logout = page("after_logout", &self.after_logout)?;
        site.logged_out_uri = at(&app_url, "", &after_logout);
        if !site.secure {
            tracing::warn!("plain http on loopback: session cookies without Secure and __Host-");
        }
        Ok(site)
    }
}

impl fmt::Debug for FiefAuthBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FiefAuthBuilder")
            .field("fief", &self.fief)
            .finish_non_exhaustive()
    }
}
