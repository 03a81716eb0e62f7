use axum::{
    extract::OriginalUri,
    http::{Extensions, HeaderMap, Method, Request, Uri, header::HeaderName, request::Parts},
};

/// The parts of a request that authentication looks at.
#[derive(Clone, Copy)]
pub(crate) struct RequestHead<'a> {
    pub(crate) method: &'a Method,
    pub(crate) uri: &'a Uri,
    pub(crate) headers: &'a HeaderMap,
    pub(crate) extensions: &'a Extensions,
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

    /// Returns whether the request is a prefetch of a page that may never be shown.
    pub(crate) fn is_prefetch(&self) -> bool {
        let prefetch = |name| {
            self.header(name)
                .is_some_and(|purpose| purpose.contains("prefetch"))
        };
        prefetch(&SEC_PURPOSE)
            || prefetch(&PURPOSE)
            || self.headers.contains_key(&X_MIDDLEWARE_PREFETCH)
    }

    /// Returns a header, if its value is text.
    pub(crate) fn header(&self, name: &HeaderName) -> Option<&'a str> {
        self.headers.get(name)?.to_str().ok()
    }
}

pub(crate) static SEC_FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");
pub(crate) static SEC_FETCH_MODE: HeaderName = HeaderName::from_static("sec-fetch-mode");
pub(crate) static HX_REQUEST: HeaderName = HeaderName::from_static("hx-request");
pub(crate) static X_REQUESTED_WITH: HeaderName = HeaderName::from_static("x-requested-with");
static SEC_PURPOSE: HeaderName = HeaderName::from_static("sec-purpose");
static PURPOSE: HeaderName = HeaderName::from_static("purpose");
static X_MIDDLEWARE_PREFETCH: HeaderName = HeaderName::from_static("x-middleware-prefetch");
