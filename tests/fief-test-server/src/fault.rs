//! Faults that replace or delay the responses of an endpoint.

use std::{io, time::Duration};

use axum::{
    body::{Body, to_bytes},
    http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header},
    response::Response,
};
use futures_util::stream;
use serde_json::Value;
use tokio::{sync::watch, task, time::sleep};

use crate::http::connection::Breaker;

/// Fault of an endpoint: an error, a delay or a broken connection in place of its normal response.
///
/// Pass it to [`FiefTestServer::fault`] or [`FiefTestServer::fault_once`].
///
/// | To test | Use |
/// | --- | --- |
/// | errors and unexpected responses | [`status`], [`json`], [`redirect`] |
/// | timeouts | [`hang`], [`delay`], [`drip`] |
/// | broken connections | [`reset`], [`cut`], [`garbage`] |
/// | limits on the size of a response | [`huge`] |
///
/// It matters whether the request is handled in spite of the fault. After [`cut`], for
/// example, a code has been used and a refresh token rotated, although the client never received
/// the tokens.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() {
/// use std::time::Duration;
/// use fief_test_server::{Endpoint, Fault, FiefTestServer};
///
/// let server = FiefTestServer::start().await;
/// let busy = Fault::status(503).header("retry-after", "1").body("busy");
/// server.fault_once(Endpoint::Jwks, busy);
/// server.fault(Endpoint::Userinfo, Fault::delay(Duration::from_millis(50)));
/// # }
/// ```
///
/// [`FiefTestServer::fault`]: crate::FiefTestServer::fault
/// [`FiefTestServer::fault_once`]: crate::FiefTestServer::fault_once
/// [`cut`]: Self::cut
/// [`delay`]: Self::delay
/// [`drip`]: Self::drip
/// [`garbage`]: Self::garbage
/// [`hang`]: Self::hang
/// [`huge`]: Self::huge
/// [`json`]: Self::json
/// [`redirect`]: Self::redirect
/// [`reset`]: Self::reset
/// [`status`]: Self::status
#[derive(Clone, Debug)]
#[must_use = "a fault has no effect unless it is set on an endpoint"]
pub struct Fault {
    kind: Kind,
    status: StatusCode,
    headers: HeaderMap,
    body: Vec<u8>,
}

#[derive(Clone, Copy, Debug)]
enum Kind {
    Cut,
    Delay(Duration),
    Drip(Duration),
    Garbage,
    Hang,
    Huge(usize),
    Reset,
    Respond,
}

impl Fault {
    /// Responds with a status and an empty body, without handling the request.
    ///
    /// [`header`](Self::header) and [`body`](Self::body) add to the response.
    ///
    /// ```
    /// use fief_test_server::Fault;
    ///
    /// let error = Fault::status(400)
    ///     .header("content-type", "application/json")
    ///     .body(r#"{"error":"invalid_grant"}"#);
    /// ```
    ///
    /// # Panics
    ///
    /// Panics if the status is not between 100 and 999.
    pub fn status(status: u16) -> Self {
        let Ok(status) = StatusCode::from_u16(status) else {
            panic!("{status} is not an HTTP status");
        };
        Self {
            status,
            ..Self::new(Kind::Respond)
        }
    }

    /// Responds with 200 and a JSON body, without handling the request.
    ///
    /// ```
    /// use fief_test_server::Fault;
    /// use serde_json::json;
    ///
    /// let no_keys = Fault::json(json!({ "keys": [] }));
    /// ```
    pub fn json(body: impl Into<Value>) -> Self {
        Self::status(200)
            .header("content-type", "application/json")
            .body(body.into().to_string())
    }

    /// Responds with a 302 redirect to a URL, without handling the request.
    ///
    /// Use it to test that a client does not send its credentials anywhere else.
    ///
    /// # Panics
    ///
    /// Panics if the URL contains characters that no header may contain.
    pub fn redirect(url: impl AsRef<str>) -> Self {
        Self::status(302).header("location", url.as_ref())
    }

    /// Responds normally, after a delay. The request is handled only then.
    pub fn delay(by: Duration) -> Self {
        Self::new(Kind::Delay(by))
    }

    /// Does not respond until the faults are cleared, and then normally.
    ///
    /// The request is handled only then. With [`wait_for_requests`] a test can do something while
    /// the request is in flight.
    ///
    /// [`wait_for_requests`]: crate::FiefTestServer::wait_for_requests
    pub fn hang() -> Self {
        Self::new(Kind::Hang)
    }

    /// Responds normally, but sends one byte of the body per `period`.
    ///
    /// Such a response never exceeds a timeout between two reads. Use it to test that a client
    /// limits the whole request.
    pub fn drip(period: Duration) -> Self {
        Self::new(Kind::Drip(period))
    }

    /// Handles the request, then closes the connection in the middle of the response body.
    ///
    /// What the request changes, stays changed: a code has been used, a refresh token rotated.
    pub fn cut() -> Self {
        Self::new(Kind::Cut)
    }

    /// Resets the connection, without handling the request.
    pub fn reset() -> Self {
        Self::new(Kind::Reset)
    }

    /// Responds with bytes that are not HTTP and closes the connection, without handling the
    /// request.
    pub fn garbage() -> Self {
        Self::new(Kind::Garbage)
    }

    /// Responds with 200 and a JSON number of this many digits, without handling the request.
    ///
    /// There is no `Content-Length`, so a client notices the size only while it reads the body.
    pub fn huge(bytes: usize) -> Self {
        Self::new(Kind::Huge(bytes)).header("content-type", "application/json")
    }

    /// Sets a header of the response.
    ///
    /// It replaces the header that the response would have, also if the response is the normal
    /// one:
    ///
    /// ```
    /// use std::time::Duration;
    /// use fief_test_server::Fault;
    ///
    /// let cached = Fault::delay(Duration::ZERO).header("cache-control", "max-age=60");
    /// ```
    ///
    /// # Panics
    ///
    /// Panics if the name or the value is not valid in a header.
    pub fn header(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        let (name, value) = (name.into(), value.into());
        let pair = HeaderName::try_from(&name)
            .ok()
            .zip(HeaderValue::try_from(&value).ok());
        let Some((header, value)) = pair else {
            panic!("{name:?}: {value:?} is not an HTTP header");
        };
        self.headers.insert(header, value);
        self
    }

    /// Sets the body of a [`status`](Self::status) or [`json`](Self::json) response. Default:
    /// empty.
    ///
    /// Other faults ignore it.
    pub fn body(mut self, body: impl Into<Vec<u8>>) -> Self {
        self.body = body.into();
        self
    }

    /// Returns the response with the fault.
    ///
    /// `normal_response` handles the request. It is called after the delay of the fault, when the
    /// faults are `cleared`, or never.
    pub(crate) async fn apply(
        self,
        breaker: &Breaker,
        mut cleared: watch::Receiver<()>,
        normal_response: impl AsyncFnOnce() -> Response,
    ) -> Response {
        let mut response = match self.kind {
            Kind::Respond => self.response(Body::from(self.body.clone())),
            Kind::Huge(bytes) => self.response(huge(bytes)),
            Kind::Delay(by) => {
                sleep(by).await;
                normal_response().await
            }
            Kind::Hang => {
                // Fails only if the server has stopped.
                let _ = cleared.changed().await;
                normal_response().await
            }
            Kind::Drip(period) => drip(normal_response().await, period).await,
            Kind::Cut => cut(normal_response().await).await,
            Kind::Garbage => {
                breaker.garbage();
                Response::default()
            }
            Kind::Reset => {
                breaker.reset();
                Response::default()
            }
        };
        response.headers_mut().extend(self.headers);
        response
    }

    fn new(kind: Kind) -> Self {
        Self {
            kind,
            status: StatusCode::OK,
            headers: HeaderMap::new(),
            body: Vec::new(),
        }
    }

    fn response(&self, body: Body) -> Response {
        let mut response = Response::new(body);
        *response.status_mut() = self.status;
        response
    }
}

/// Sends the body byte by byte.
async fn drip(response: Response, period: Duration) -> Response {
    let (parts, body) = bytes(response).await;
    let drops = stream::unfold(body.into_iter(), move |mut rest| async move {
        let byte = rest.next()?;
        sleep(period).await;
        Some((Ok::<_, io::Error>(vec![byte]), rest))
    });
    Response::from_parts(parts, Body::from_stream(drops))
}

/// Sends half of the body, and then an error, which closes the connection.
async fn cut(response: Response) -> Response {
    let (mut parts, body) = bytes(response).await;
    // Announce the whole body, so that the client notices the truncation.
    let length = HeaderValue::from(body.len().max(2));
    parts.headers.insert(header::CONTENT_LENGTH, length);
    let half = body.get(..body.len() / 2).unwrap_or_default().to_vec();
    let halves = stream::unfold(Some(half), async |half| {
        if let Some(half) = half {
            return Some((Ok(half), None));
        }
        // Let the first half be sent before the error.
        task::yield_now().await;
        Some((Err(io::Error::from(io::ErrorKind::ConnectionAborted)), None))
    });
    Response::from_parts(parts, Body::from_stream(halves))
}

/// Returns a body of digits, in chunks, since it may not fit into the memory.
fn huge(bytes: usize) -> Body {
    const CHUNK: usize = 64 * 1024;
    let chunks = stream::unfold(bytes, async |left| {
        let length = left.min(CHUNK);
        (length > 0).then(|| (Ok::<_, io::Error>(vec![b'1'; length]), left - length))
    });
    Body::from_stream(chunks)
}

/// Collects the body. This cannot fail, since normal responses are in memory.
async fn bytes(response: Response) -> (axum::http::response::Parts, Vec<u8>) {
    let (parts, body) = response.into_parts();
    let body = to_bytes(body, usize::MAX).await.unwrap_or_default();
    (parts, body.to_vec())
}
