use std::sync::Arc;

use fief_client::{AuthorizationRequest, internal::LogLimit};
use url::Url;

use super::check;
use crate::{
    Error,
    routes::{OnLoginPage, address::Address, config::LoginConfig, exchanges::Exchanges},
    session::Sessions,
};

/// Settings of the login routes, not validated yet.
pub(super) struct RouteSettings {
    pub(super) scopes: Vec<String>,
    pub(super) login_path: String,
    pub(super) callback_path: String,
    pub(super) logout_path: String,
    pub(super) user_route: Option<String>,
    /// `None` is the path of `app_url`.
    pub(super) after_login: Option<String>,
    /// `None` is the path of `app_url`.
    pub(super) after_logout: Option<String>,
    pub(super) on_login_page: Option<OnLoginPage>,
}

impl RouteSettings {
    pub(super) fn new() -> Self {
        Self {
            scopes: Vec::new(),
            login_path: "/login".into(),
            callback_path: "/auth-callback".into(),
            logout_path: "/logout".into(),
            user_route: None,
            after_login: None,
            after_logout: None,
            on_login_page: None,
        }
    }

    /// Returns the URL of the callback. Fief compares it with those that are
    /// registered, so it is built once.
    pub(super) fn redirect_uri(&self, app_url: &Url) -> Result<String, Error> {
        let callback = check::route("callback_path", &self.callback_path)?;
        let address = Address::new(app_url);
        check::redirect_uri(format!("{}{callback}", address.url()))
    }

    /// Validates the settings.
    ///
    /// `app_url` gives the origin and the prefix of the other URIs.
    pub(super) fn build(
        self,
        app_url: &Url,
        redirect_uri: String,
        sessions: Arc<Sessions>,
    ) -> Result<LoginConfig, Error> {
        let Self {
            mut scopes,
            login_path,
            callback_path,
            logout_path,
            user_route,
            after_login,
            after_logout,
            on_login_page,
        } = self;
        if sessions.config.refresh {
            scopes.push("offline_access".into());
        }
        let address = Address::new(app_url);
        let page = |name, page: Option<String>| match page {
            Some(page) => check::page(name, &page),
            None => Ok(address.home().to_owned()),
        };
        let after_login = page("after_login", after_login)?;
        let after_logout = page("after_logout", after_logout)?;
        check::routes_differ(&[
            ("login_path", Some(&login_path)),
            ("callback_path", Some(&callback_path)),
            ("logout_path", Some(&logout_path)),
            ("user_route", user_route.as_ref()),
        ])?;
        Ok(LoginConfig {
            sessions,
            exchanges: Arc::new(Exchanges::new()),
            failures: LogLimit::default(),
            redirect_uri,
            logout_redirect_uri: format!("{}{after_logout}", address.origin()),
            address,
            login_route: check::route("login_path", &login_path)?,
            callback_route: check::route("callback_path", &callback_path)?,
            logout_route: check::route("logout_path", &logout_path)?,
            user_route: user_route
                .map(|path| check::route("user_route", &path))
                .transpose()?,
            on_login_page,
            after_login,
            request: scopes
                .into_iter()
                .fold(AuthorizationRequest::new(), AuthorizationRequest::scope),
        })
    }
}
