use axum::response::{IntoResponse, Response};
use fief_client::AuthorizationRequest;
use url::{Host, Url};

use crate::{
    Error, LoginPage,
    return_to::return_to,
    routes::OnLoginPage,
    session::{Ended, Keys, Refresh, Refreshes, Store},
};

/// The web application that visitors log in to, checked.
pub(crate) struct Site {
    /// Whether browsers come by https.
    pub(crate) secure: bool,
    pub(crate) redirect_uri: String,
    pub(crate) logged_out_uri: String,
    pub(crate) callback_path: String,
    pub(crate) logout_path: String,
    pub(crate) user_path: Option<String>,
    pub(crate) after_login: String,
    pub(crate) on_login_page: Option<OnLoginPage>,
    pub(crate) request: AuthorizationRequest,
    pub(crate) keys: Keys,
    /// Seconds.
    pub(crate) idle: u64,
    pub(crate) absolute: u64,
    pub(crate) refresh: Option<Refresh>,
    pub(crate) refreshes: Refreshes,
    pub(crate) ended: Ended,
    /// None where sessions are in the browsers' cookies.
    pub(crate) store: Option<Store>,
    pub(crate) origin: String,
    pub(crate) prefix: String,
    pub(crate) login_path: String,
}

impl Site {
    /// The origin of the application, as browsers write it.
    pub(crate) fn origin(&self) -> &str {
        &self.origin
    }

    /// The name of a cookie of ours, which browsers take over https from this host only.
    ///
    /// Cookies ignore ports: on loopback a Fief beside the application has a `fief_session` of its own.
    pub(crate) fn cookie_name(&self, name: &str) -> String {
        let prefix = if self.secure { "__Host-" } else { "dev_" };
        format!("{prefix}{name}")
    }

    /// The login route as a router has it.
    pub(crate) fn login_route(&self) -> &str {
        &self.login_path
    }

    /// The login route as browsers see it.
    pub(crate) fn login_path(&self) -> String {
        format!("{}{}", self.prefix, self.login_path)
    }

    /// The logout route as browsers see it.
    pub(crate) fn logout_path(&self) -> String {
        format!("{}{}", self.prefix, self.logout_path)
    }

    pub(crate) fn show(&self, page: LoginPage) -> Response {
        match &self.on_login_page {
            Some(hook) => hook(page),
            None => page.into_response(),
        }
    }

    /// A page to come back to, unless it leads elsewhere or into a login again.
    pub(crate) fn return_to(&self, asked: &str) -> Option<String> {
        let page = return_to(asked)?;
        let path = page.split(['?', '#']).next().unwrap_or_default();
        let own = path.strip_prefix(&self.prefix).is_some_and(|path| {
            [&self.login_path, &self.callback_path, &self.logout_path]
                .iter()
                .any(|own| path == *own)
        });
        (!own).then_some(page)
    }
}

pub(crate) fn parse_app_url(app_url: &str) -> Result<Url, Error> {
    let url =
        Url::parse(app_url).map_err(|error| bad(&format!("the application's URL: {error}")))?;
    let loopback = match url.host() {
        Some(Host::Domain(domain)) => domain == "localhost" || domain.ends_with(".localhost"),
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    };
    let plain = url.username().is_empty() && url.password().is_none();
    if !(url.scheme() == "https" || url.scheme() == "http" && loopback) {
        return Err(bad("the application's URL: https, except on loopback"));
    }
    if !plain || url.query().is_some() || url.fragment().is_some() {
        return Err(bad(
            "the application's URL: an origin and a path, nothing else",
        ));
    }
    Ok(url)
}

/// A route's path: fixed segments.
pub(crate) fn route(name: &str, path: &str) -> Result<String, Error> {
    let plain = path
        .bytes()
        .all(|b| b.is_ascii_alphanumeric() || b"/-._~".contains(&b));
    match return_to(path) {
        Some(same) if plain && same == path && path.len() > 1 => Ok(same),
        _ => Err(bad(&format!(
            "{name}: a path such as /{}",
            name.trim_end_matches("_path")
        ))),
    }
}

pub(crate) fn page(name: &str, page: &str) -> Result<String, Error> {
    return_to(page).ok_or_else(|| bad(&format!("{name}: a path on this site, such as /")))
}

/// The absolute URL of a path with its query.
pub(crate) fn at(app_url: &Url, prefix: &str, path: &str) -> String {
    format!("{}{prefix}{path}", app_url.origin().ascii_serialization())
}

pub(crate) fn bad(why: &str) -> Error {
    Error::Configuration(why.to_owned())
}
