use std::{sync::Arc, time::Duration};

use fief_client::{AuthorizationRequest, internal::LogLimit};
use url::Url;

use super::check;
use crate::{
    Error,
    routes::{
        OnLoginPage,
        address::Address,
        config::LoginConfig,
        exchanges::Exchanges,
        login_hook::{HOOK_TIMEOUT, OnLogin},
    },
    session::Sessions,
};

/// Settings of the login routes, not validated yet.
#[derive(Default)]
pub(super) struct RouteSettings {
    pub(super) scopes: Vec<String>,
    /// `None` is `/login`.
    pub(super) login_path: Option<String>,
    /// `None` is `/auth-callback`.
    pub(super) callback_path: Option<String>,
    /// `None` is `/logout`.
    pub(super) logout_path: Option<String>,
    pub(super) user_route: Option<String>,
    /// `None` is the path of `app_url`.
    pub(super) after_login: Option<String>,
    /// `None` is the path of `app_url`.
    pub(super) after_logout: Option<String>,
    pub(super) on_login: Option<OnLogin>,
    pub(super) on_login_page: Option<OnLoginPage>,
}

impl RouteSettings {
    /// Returns the name of a setting that was made.
    pub(super) fn first_set(&self) -> Option<&'static str> {
        let Self {
            scopes,
            login_path,
            callback_path,
            logout_path,
            user_route,
            after_login,
            after_logout,
            on_login,
            on_login_page,
        } = self;
        check::first_set(&[
            ("scope", !scopes.is_empty()),
            ("login_path", login_path.is_some()),
            ("callback_path", callback_path.is_some()),
            ("logout_path", logout_path.is_some()),
            ("user_route", user_route.is_some()),
            ("after_login", after_login.is_some()),
            ("after_logout", after_logout.is_some()),
            ("on_login", on_login.is_some()),
            ("on_login_page", on_login_page.is_some()),
        ])
    }

    fn callback_path(&self) -> &str {
        self.callback_path.as_deref().unwrap_or("/auth-callback")
    }

    /// Returns the URL of the callback. Fief compares it with those that are
    /// registered, so it is built once.
    pub(super) fn redirect_uri(&self, app_url: &Url) -> Result<String, Error> {
        let callback = check::route("callback_path", self.callback_path())?;
        let address = Address::new(app_url);
        check::redirect_uri(format!("{}{callback}", address.url()))
    }

    /// Validates the settings.
    ///
    /// `app_url` gives the origin and the prefix of the other URIs. A login may
    /// return to pages of the `return_origins`, which are validated.
    pub(super) fn build(
        self,
        app_url: &Url,
        redirect_uri: String,
        return_origins: Vec<String>,
        sessions: Arc<Sessions>,
    ) -> Result<LoginConfig, Error> {
        let callback_path = self.callback_path().to_owned();
        let Self {
            mut scopes,
            login_path,
            callback_path: _,
            logout_path,
            user_route,
            after_login,
            after_logout,
            on_login,
            on_login_page,
        } = self;
        if sessions.config.refresh {
            scopes.push("offline_access".into());
        }
        let login_path = login_path.unwrap_or_else(|| "/login".into());
        let logout_path = logout_path.unwrap_or_else(|| "/logout".into());
        let address = Address::new(app_url);
        let page = |name, page: Option<String>| match page {
            Some(page) => check::page(name, &page, &return_origins),
            None => Ok(address.home().to_owned()),
        };
        let after_login = page("after_login", after_login)?;
        let after_logout = page("after_logout", after_logout)?;
        // Callbacks wait for the hook as well.
        let hook_timeout = on_login.as_ref().map_or(Duration::ZERO, |_| HOOK_TIMEOUT);
        let wait_timeout = sessions.fief.wait_timeout().saturating_add(hook_timeout);
        Ok(LoginConfig {
            exchanges: Arc::new(Exchanges::new(wait_timeout)),
            sessions,
            failures: LogLimit::default(),
            redirect_uri,
            logout_redirect_uri: if after_logout.starts_with('/') {
                format!("{}{after_logout}", address.origin())
            } else {
                after_logout
            },
            address,
            login_route: check::route("login_path", &login_path)?,
            callback_route: check::route("callback_path", &callback_path)?,
            logout_route: check::route("logout_path", &logout_path)?,
            user_route: user_route
                .map(|path| check::route("user_route", &path))
                .transpose()?,
            on_login,
            on_login_page,
            after_login,
            return_origins,
            request: scopes
                .into_iter()
                .fold(AuthorizationRequest::new(), AuthorizationRequest::scope),
        })
    }
}
