use fief_client::internal::is_loopback;
use url::Url;

use super::check;
use crate::{Error, SessionKey, request::csrf::CookieOrigins};

/// Settings of origins, not validated yet.
#[derive(Default)]
pub(super) struct OriginSettings {
    pub(super) trusted: Vec<String>,
    pub(super) returns: Vec<String>,
    pub(super) insecure_http: bool,
}

/// A validated login.
type Login = (Url, SessionKey);

impl OriginSettings {
    /// Validates the settings and the URL of the `login`. Returns the origins of requests with cookies, and those whose pages
    /// a login may return to. `takes_cookies` says whether anything but a login is sent by browsers automatically.
    pub(super) fn build(
        self,
        login: Option<(String, SessionKey)>,
        takes_cookies: bool,
    ) -> Result<(Option<Login>, CookieOrigins, Vec<String>), Error> {
        let login = login
            .map(|(url, key)| Ok::<_, Error>((check::app_url(&url, self.insecure_http)?, key)));
        let login = login.transpose()?;
        let app_url = login.as_ref().map(|(url, _)| url);
        let takes_cookies = takes_cookies || app_url.is_some();
        let Self {
            trusted,
            returns,
            insecure_http,
        } = self;
        if !trusted.is_empty() && !takes_cookies {
            return Err(Error::config(
                "trusted_origin has no effect without login, access_token_cookie or token_source, since only what browsers \
                 send automatically depends on the origin: call one of them as well, or remove it",
            ));
        }
        if !returns.is_empty() && app_url.is_none() {
            return Err(check::without_effect("return_origin", "login"));
        }
        let app = app_url.map(|url| url.origin().ascii_serialization());
        let list = |name, origins| origins_of(name, origins, app.as_deref(), insecure_http);
        let trusted = list("trusted_origin", trusted)?;
        let returns = list("return_origin", returns)?;
        let is_https = |origin: &String| origin.starts_with("https:");
        let uses_http = match app_url {
            Some(url) => url.scheme() == "http",
            None => takes_cookies,
        };
        if insecure_http && !uses_http && trusted.iter().chain(&returns).all(is_https) {
            return Err(Error::config(
                "insecure_http has no effect, since no URL begins with http://: remove it",
            ));
        }
        if let Some(url) = app_url {
            warn_of_http(url);
        }
        let origins = CookieOrigins {
            app,
            trusted,
            insecure_http,
        };
        Ok((login, origins, returns))
    }
}

/// Validates origins other than that of the application.
fn origins_of(
    name: &str,
    origins: Vec<String>,
    app: Option<&str>,
    insecure_http: bool,
) -> Result<Vec<String>, Error> {
    let mut accepted = Vec::with_capacity(origins.len());
    for origin in origins {
        let origin = check::origin(name, &origin, insecure_http)?;
        if app == Some(&*origin) {
            return Err(Error::config(format!(
                "{name} {origin} has no effect, since it is that of app_url: remove it"
            )));
        }
        if accepted.contains(&origin) {
            return Err(Error::config(format!("{name} {origin} is listed twice")));
        }
        accepted.push(origin);
    }
    Ok(accepted)
}

fn warn_of_http(app_url: &Url) {
    if app_url.scheme() != "http" {
        return;
    }
    if is_loopback(app_url) {
        tracing::warn!("app_url is http: cookies are not Secure, use https in production");
    } else {
        tracing::warn!(
            "app_url is http and not on loopback: sessions can be read and changed on the way, use https in production"
        );
    }
}
