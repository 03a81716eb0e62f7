use axum::http::{HeaderMap, Method, header};
use fief_client::internal::is_loopback;
use url::Url;

use super::head::{RequestHead, SEC_FETCH_SITE};

/// The origins from which requests may come that a cookie authenticates.
#[derive(Debug, Default)]
pub(crate) struct CookieOrigins {
    /// The origin of the application. `None` if it is not configured: then it is the host that the request was sent to.
    pub(crate) app: Option<String>,
    /// Other origins, exactly as browsers send them.
    pub(crate) trusted: Vec<String>,
    /// Whether the host may be reached by plain http if it is not loopback.
    pub(crate) insecure_http: bool,
}

impl CookieOrigins {
    /// Returns whether a request that is authenticated by a cookie is safe, or comes from one of the origins
    /// ([Fetch Metadata](https://www.w3.org/TR/fetch-metadata/#sec-fetch-site-header)).
    ///
    /// GET, HEAD and OPTIONS are safe, except for WebSockets. Any other request needs a same-origin `Sec-Fetch-Site`, or,
    /// without that header, an `Origin` that is the application's. An `Origin` that is trusted is enough in any case, since
    /// browsers send `null` instead if a redirect led through another one.
    pub(crate) fn allow(&self, head: RequestHead<'_>) -> bool {
        if is_safe(head.method, head.headers) {
            return true;
        }
        let origin = head.header(&header::ORIGIN);
        let is_trusted = || origin.is_some_and(|sent| self.trusted.iter().any(|own| own == sent));
        // One that is repeated or unreadable is no reason to trust `Origin`.
        if head.headers.contains_key(&SEC_FETCH_SITE) {
            return match head.header(&SEC_FETCH_SITE) {
                Some("same-origin" | "none") => true,
                Some("same-site" | "cross-site") => is_trusted(),
                _ => false,
            };
        }
        let is_own = match (origin, &self.app) {
            (Some(sent), Some(app)) => sent == app,
            (Some(sent), None) => self.is_host(sent, head).unwrap_or(false),
            (None, _) => false,
        };
        is_own || is_trusted()
    }

    /// Returns whether an origin is the host and the port that a request was sent to. The scheme is unknown, since a
    /// proxy may end TLS: it must be https, or http on loopback.
    ///
    /// `X-Forwarded-Host` does not count, since any client can send it.
    fn is_host(&self, origin: &str, head: RequestHead<'_>) -> Option<bool> {
        let url = Url::parse(origin).ok()?;
        let is_origin = url.origin().ascii_serialization() == origin;
        let is_secure = match url.scheme() {
            "https" => true,
            "http" => self.insecure_http || is_loopback(&url),
            _ => false,
        };
        let host = match head.uri.authority() {
            Some(authority) => authority.as_str(),
            None => head.header(&header::HOST)?,
        };
        // Neither a user nor a path, which a URL may contain as well.
        let is_host = host
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || b"-._:[]".contains(&b));
        let own = Url::parse(&format!("{}://{host}", url.scheme())).ok()?;
        Some(is_origin && is_secure && is_host && own.origin() == url.origin())
    }
}

/// Returns whether a request changes nothing, so that any site may send it.
pub(crate) fn is_safe(method: &Method, headers: &HeaderMap) -> bool {
    let is_safe = matches!(*method, Method::GET | Method::HEAD | Method::OPTIONS);
    is_safe && !(headers.contains_key(header::UPGRADE) && opens_websocket(headers))
}

/// Returns whether a request opens a WebSocket, which may do anything. Other upgrades, such as the `h2c` that some
/// proxies offer with every request, are not for browsers.
pub(super) fn opens_websocket(headers: &HeaderMap) -> bool {
    let upgrades = headers.get_all(header::UPGRADE).iter();
    let mut protocols = upgrades.flat_map(|value| value.as_bytes().split(|byte| *byte == b','));
    protocols.any(|protocol| {
        let name = protocol.trim_ascii_start().get(..WEBSOCKET.len());
        name.is_some_and(|name| name.eq_ignore_ascii_case(WEBSOCKET))
    })
}

const WEBSOCKET: &[u8] = b"websocket";
