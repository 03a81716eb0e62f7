use axum::http::{HeaderMap, StatusCode};
use url::Url;

/// Page that a [`Browser`](crate::Browser) shows after the last redirect.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Page {
    /// The status of the response.
    pub status: StatusCode,
    /// The headers of the response.
    pub headers: HeaderMap,
    /// The body of the response.
    pub body: String,
    pub(super) url: Url,
    pub(super) is_login: bool,
}

impl Page {
    /// Returns `true` if it is Fief's login page.
    #[must_use]
    pub fn is_login(&self) -> bool {
        self.is_login
    }

    /// Returns the page's URL.
    #[must_use]
    pub fn url(&self) -> &str {
        self.url.as_str()
    }

    /// Returns the path of the page's URL, without its query.
    #[must_use]
    pub fn path(&self) -> &str {
        self.url.path()
    }

    /// Returns the query of the page's URL. It is empty if there is none.
    #[must_use]
    pub fn query(&self) -> &str {
        self.url.query().unwrap_or_default()
    }
}
