use axum::{
    extract::OriginalUri,
    http::{Extensions, HeaderMap, Method, Request, Uri, header::HeaderName, request::Parts},
};

use super::token_request::TokenRequest;

/// The parts of a request that authentication looks at.
#[derive(Clone, Copy)]
pub(crate) struct RequestHead<'a> {
    pub(crate) method: &'a Method,
    pub(crate) uri: &'a Uri,
    pub(crate) headers: &'a HeaderMap,
    pub(crate) extensions: &'a Extensions,
}

impl<'a> From<RequestHead<'a>> for TokenRequest<'a> {
    fn from(head: RequestHead<'a>) -> Self {
        let RequestHead {
            method,
            uri,
            headers,
            extensions: _,
        } = head;
        Self {
            method,
            uri,
            headers,
        }
    }
}

impl<'a> RequestHead<'a> {
    pub(crate) fn of<B>(request: &'a Request<B>) -> Self {
        Self {
            method: request.method(),
            uri: request.uri(),
            headers: request.headers(),
            extensions: request.extensions(),
        }
    }

    pub(crate) fn of_parts(parts: &'a Parts) -> Self {
        Self {
            method: &parts.method,
            uri: &parts.uri,
            headers: &parts.headers,
            extensions: &parts.extensions,
        }
    }

    /// Returns the URI of the request before nested routers stripped their prefix.
    pub(crate) fn original_uri(&self) -> &'a Uri {
        let original = self.extensions.get::<OriginalUri>();
        original.map_or(self.uri, |original| &original.0)
    }

    /// Returns the original path and query.
    pub(crate) fn path_and_query(&self) -> &'a str {
        let original = self.original_uri().path_and_query();
        original.map_or("/", |original| original.as_str())
    }

    /// Returns whether the request is a prefetch of a page that may never be shown. Browsers and libraries say so in
    /// headers that they send with nothing else.
    pub(crate) fn is_prefetch(&self) -> bool {
        PREFETCH.iter().any(|name| self.headers.contains_key(name))
    }

    /// Returns whether the browser opens the page in a tab or window, on the user's own behalf or by a link of this site.
    ///
    /// That is `false` for images, frames and scripts, for links of other sites, and without
    /// [Fetch Metadata](https://www.w3.org/TR/fetch-metadata/), which browsers do not send by plain http.
    pub(crate) fn is_own_page(&self) -> bool {
        self.header(&SEC_FETCH_MODE) == Some("navigate")
            && self.header(&SEC_FETCH_DEST) == Some("document")
            && matches!(self.header(&SEC_FETCH_SITE), Some("same-origin" | "none"))
    }

    /// Returns a header, if its value is text. `None` if it was sent more than once: it is unknown which one counts.
    pub(crate) fn header(&self, name: &HeaderName) -> Option<&'a str> {
        let mut values = self.headers.get_all(name).iter();
        let value = values.next()?;
        values.next().is_none().then(|| value.to_str().ok())?
    }

    /// Returns the text values of a header that is a list, in one line or several.
    pub(crate) fn list(&self, name: &HeaderName) -> impl Iterator<Item = &'a str> {
        let values = self.headers.get_all(name).iter();
        let values = values.filter_map(|value| value.to_str().ok());
        values.flat_map(|value| value.split(',')).map(str::trim)
    }
}

pub(crate) static SEC_FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");
pub(crate) static SEC_FETCH_MODE: HeaderName = HeaderName::from_static("sec-fetch-mode");
pub(crate) static HX_REQUEST: HeaderName = HeaderName::from_static("hx-request");
pub(crate) static X_REQUESTED_WITH: HeaderName = HeaderName::from_static("x-requested-with");
static SEC_FETCH_DEST: HeaderName = HeaderName::from_static("sec-fetch-dest");
static PREFETCH: [HeaderName; 8] = [
    HeaderName::from_static("hx-preloaded"),
    HeaderName::from_static("next-router-prefetch"),
    HeaderName::from_static("purpose"),
    HeaderName::from_static("sec-purpose"),
    HeaderName::from_static("x-middleware-prefetch"),
    HeaderName::from_static("x-moz"),
    HeaderName::from_static("x-purpose"),
    HeaderName::from_static("x-sec-purpose"),
];
