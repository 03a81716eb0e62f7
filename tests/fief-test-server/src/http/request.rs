use axum::http::{HeaderMap, Method, header, request::Parts};
use url::form_urlencoded;

use super::cookie::CSRF_COOKIE;
use crate::{crypto::random_string, shared::Shared};

/// Request to a tenant, with the accessors that the endpoints share.
#[derive(Debug)]
pub(crate) struct Request<'a> {
    pub(crate) shared: &'a Shared,
    pub(crate) tenant: &'a str,
    pub(crate) method: Method,
    pub(crate) query: &'a str,
    pub(crate) headers: &'a HeaderMap,
    pub(crate) body: Vec<u8>,
    pub(crate) form: Vec<(String, String)>,
    /// The CSRF token for forms: that of the browser's cookie, or a new one.
    pub(crate) csrf_token: String,
}

impl<'a> Request<'a> {
    pub(crate) fn new(shared: &'a Shared, tenant: &'a str, parts: &'a Parts) -> Self {
        let mut request = Self {
            shared,
            tenant,
            method: parts.method.clone(),
            query: parts.uri.query().unwrap_or_default(),
            headers: &parts.headers,
            body: Vec::new(),
            form: Vec::new(),
            csrf_token: String::new(),
        };
        request.csrf_token = match request.cookie(CSRF_COOKIE) {
            Some(token) => token.to_owned(),
            None => random_string(),
        };
        request
    }

    /// Returns a query parameter. As in Fief, it is the last one of that name.
    pub(crate) fn query(&self, name: &str) -> Option<String> {
        form_urlencoded::parse(self.query.as_bytes())
            .filter(|(key, _)| key == name)
            .last()
            .map(|(_, value)| value.into_owned())
    }

    /// Returns a form field. As in Fief, it is the last one of that name.
    pub(crate) fn form(&self, name: &str) -> Option<String> {
        let mut fields = self.form.iter().rev();
        fields
            .find(|(key, _)| key == name)
            .map(|(_, value)| value.clone())
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    pub(crate) fn cookie(&self, name: &str) -> Option<&str> {
        self.headers
            .get_all(header::COOKIE)
            .into_iter()
            .filter_map(|line| line.to_str().ok())
            .flat_map(|line| line.split(';'))
            .filter_map(|pair| pair.trim().split_once('='))
            .find_map(|(found, value)| (found == name).then_some(value))
    }

    /// Returns the token of a bearer `Authorization` header.
    pub(crate) fn bearer(&self) -> Option<&str> {
        let (scheme, token) = self
            .header(header::AUTHORIZATION.as_str())?
            .split_once(' ')?;
        scheme.eq_ignore_ascii_case("bearer").then_some(token)
    }

    /// Returns `true` if the form and the cookie have the same CSRF token.
    pub(crate) fn has_csrf_pair(&self) -> bool {
        let cookie = self.cookie(CSRF_COOKIE).unwrap_or_default();
        !cookie.is_empty() && self.form("csrf_token").is_some_and(|field| field == cookie)
    }

    /// Returns the time in Unix seconds.
    pub(crate) fn now(&self) -> u64 {
        self.shared.clock.seconds()
    }

    /// Returns the path of a page of this tenant.
    pub(crate) fn path(&self, page: &str) -> String {
        format!("{}{page}", self.prefix())
    }

    /// Returns the URL of a page or endpoint of this tenant, with the origin of this request.
    pub(crate) fn url(&self, page: &str) -> String {
        format!("{}{}{page}", self.origin(), self.prefix())
    }

    fn prefix(&self) -> String {
        match self.tenant {
            "" => String::new(),
            slug => format!("/{slug}"),
        }
    }

    /// Returns the origin. As in Fief, proxy headers are trusted from any client.
    fn origin(&self) -> String {
        let scheme = match self.header("x-forwarded-proto") {
            Some("https") => "https",
            _ => "http",
        };
        let host = self
            .header("x-forwarded-host")
            .or_else(|| self.header("host"));
        format!("{scheme}://{}", host.unwrap_or(&self.shared.authority))
    }
}
