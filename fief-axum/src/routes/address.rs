use std::{
    borrow::Cow,
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
};

use axum::http::{header, uri::Authority};
use url::Url;

use crate::request::head::RequestHead;

/// Where browsers see the application: the `app_url` of its configuration.
///
/// A proxy may keep the path of that URL, so that the application is nested
/// there, or strip it. It may also replace the `Host` header. So a request that
/// does not match is not rejected: what a user can repair is logged, once.
pub(crate) struct Address {
    url: String,
    origin: String,
    /// The path of the URL, without a trailing slash.
    prefix: String,
    /// The path of the URL, as configured.
    home: String,
    is_prefix_logged: AtomicBool,
    /// The `Host` of the last login that was not started at this address.
    other_host: Mutex<Option<String>>,
    is_host_logged: AtomicBool,
}

impl Address {
    pub(crate) fn new(app_url: &Url) -> Self {
        Self {
            url: app_url.as_str().trim_end_matches('/').to_owned(),
            origin: app_url.origin().ascii_serialization(),
            prefix: app_url.path().trim_end_matches('/').to_owned(),
            home: app_url.path().to_owned(),
            is_prefix_logged: AtomicBool::new(false),
            other_host: Mutex::new(None),
            is_host_logged: AtomicBool::new(false),
        }
    }

    /// Returns the URL, without a trailing slash.
    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    /// Returns the origin, in the form of the `Origin` header.
    pub(crate) fn origin(&self) -> &str {
        &self.origin
    }

    /// Returns the path of the home page.
    pub(crate) fn home(&self) -> &str {
        &self.home
    }

    /// Returns the path of a route as browsers see it.
    pub(super) fn path_of(&self, route: &str) -> String {
        format!("{}{route}", self.prefix)
    }

    /// Returns the path of the router for a path that browsers see, or `None` if it
    /// is not one of the application.
    pub(super) fn route_of<'a>(&self, path: &'a str) -> Option<&'a str> {
        let route = path.strip_prefix(&self.prefix)?;
        let is_whole = route.is_empty() || route.starts_with(['/', '?', '#']);
        is_whole.then_some(route)
    }

    /// Returns the page that a browser requested, as the browser sees it: with the
    /// path of the application if a proxy has stripped it.
    pub(crate) fn page_of<'a>(&self, head: RequestHead<'a>) -> Cow<'a, str> {
        let page = head.path_and_query();
        if self.route_of(page).is_some() || !page.starts_with('/') {
            return Cow::Borrowed(page);
        }
        if !self.is_prefix_logged.swap(true, Ordering::Relaxed) {
            tracing::warn!(
                app_url = self.url,
                "requests come without the path of app_url, and pages get it, since a proxy may \
                 strip it: if none does, nest the application at that path, or set app_url without \
                 it"
            );
        }
        Cow::Owned(self.path_of(page))
    }

    /// Notes a login that is started at another address, such as `localhost` instead
    /// of `127.0.0.1`. The callback will not find its cookie.
    pub(super) fn note_host(&self, head: RequestHead<'_>) {
        let authority = head.original_uri().authority();
        let host = head.header(&header::HOST);
        let Some(host) = host.or_else(|| authority.map(Authority::as_str)) else {
            return;
        };
        let (scheme, _) = self.origin.split_once(':').unwrap_or_default();
        let origin = Url::parse(&format!("{scheme}://{host}")).map(|url| url.origin());
        if origin.is_ok_and(|origin| origin.ascii_serialization() == self.origin) {
            return;
        }
        let host = host.chars().take(MAX_HOST).collect();
        let mut other = self
            .other_host
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        *other = Some(host);
    }

    /// Logs why a callback may have found no login: the last one was started at
    /// another address.
    ///
    /// A proxy may have replaced the `Host` header, so only a callback without its
    /// login is a sign of it.
    pub(super) fn log_other_host(&self) {
        let other = self
            .other_host
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        let Some(host) = other.as_deref() else {
            return;
        };
        if !self.is_host_logged.swap(true, Ordering::Relaxed) {
            tracing::warn!(
                app_url = self.url,
                host,
                "a callback has no login, and a login was started at another address than \
                 app_url, where browsers keep its cookie: open the application at app_url, redirect \
                 the other address to it, or change app_url"
            );
        }
    }
}

/// Of a `Host` header in the log, in characters.
const MAX_HOST: usize = 100;
