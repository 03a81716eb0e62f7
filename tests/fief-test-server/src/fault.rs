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

/// A fault of an endpoint, in place of its normal response.
///
/// ```
/// use std::time::Duration;
/// use fief_test_server::Fault;
///
/// let busy = Fault::status(503).header("retry-after", "1").body("busy");
/// let slow = Fault::delay(Duration::from_millis(50));
/// ```
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
    /// Responds with this status and an empty body, and does nothing else.
    ///
    /// # Panics
    ///
    /// Panics when the number is not a status, which is from 100 to 999.
    pub fn status(status: u16) -> Self {
        let Ok(status) = StatusCode::from_u16(status) else {
            panic!("{status} is not an HTTP status");
        };
        Self {
            status,
            ..Self::new(Kind::Respond)
        }
    }

    /// Responds with 200 and this JSON.
    pub fn json(body: impl Into<Value>) -> Self {
        Self::status(200)
            .header("content-type", "application/json")
            .body(body.into().to_string())
    }

    /// Responds with a 302 redirect to this URL.
    pub fn redirect(url: impl AsRef<str>) -> Self {
        Self::status(302).header("location", url.as_ref())
    }

    /// Responds normally, after a delay.
    pub fn delay(by: Duration) -> Self {
        Self::new(Kind::Delay(by))
    }

    /// Does not respond before the faults are cleared, and then normally.
    pub fn hang() -> Self {
        Self::new(Kind::Hang)
    }

    /// Responds normally, but sends the body byte by byte, one each `period`.
    pub fn drip(period: Duration) -> Self {
        Self::new(Kind::Drip(period))
    }

    /// Handles the request, then closes the connection in the middle of the response body.
    pub fn cut() -> Self {
        Self::new(Kind::Cut)
    }

    /// Resets the connection without handling the request.
    pub fn reset() -> Self {
        Self::new(Kind::Reset)
    }

    /// Responds with bytes that are not HTTP, and closes the connection.
    pub fn garbage() -> Self {
        Self::new(Kind::Garbage)
    }

    /// Responds with 200 and a JSON number of this many digits, without `Content-Length`.
    pub fn huge(bytes: usize) -> Self {
        Self::new(Kind::Huge(bytes)).header("content-type", "application/json")
    }

    /// Adds or replaces a header of the response.
    ///
    /// # Panics
    ///
    /// Panics when no header can be called this, or can carry this value.
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

    /// The body of a [`status`](Self::status) or [`json`](Self::json) response.
    pub fn body(mut self, body: impl Into<Vec<u8>>) -> Self {
        self.body = body.into();
        self
    }

    /// Returns the response with the fault. Some faults call `normal_response` only when all
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
                // Fails only if the server has stopped, and this task with it.
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

async fn drip(response: Response, period: Duration) -> Response {
    let (parts, body) = bytes(response).await;
    let drops = stream::unfold(body.into_iter(), move |mut rest| async move {
        let byte = rest.next()?;
        sleep(period).await;
        Some((Ok::<_, io::Error>(vec![byte]), rest))
    });
    Response::from_parts(parts, Body::from_stream(drops))
}

async fn cut(response: Response) -> Response {
    let (mut parts, body) = bytes(response).await;
    // The length of the whole body, so that the client notices the loss.
    let length = HeaderValue::from(body.len().max(2));
    parts.headers.insert(header::CONTENT_LENGTH, length);
    let half = body.get(..body.len() / 2).unwrap_or_default().to_vec();
    let halves = stream::unfold(Some(half), async |half| {
        if let Some(half) = half {
            return Some((Ok(half), None));
        }
        // Lets the first half be sent before the error.
        task::yield_now().await;
        Some((Err(io::Error::from(io::ErrorKind::ConnectionAborted)), None))
    });
    Response::from_parts(parts, Body::from_stream(halves))
}

fn huge(bytes: usize) -> Body {
    const CHUNK: usize = 64 * 1024;
    let chunks = stream::unfold(bytes, async |left| {
        let length = left.min(CHUNK);
        (length > 0).then(|| (Ok::<_, io::Error>(vec![b'1'; length]), left - length))
    });
    Body::from_stream(chunks)
}

/// Collects the body. Reading cannot fail, since it is in memory.
async fn bytes(response: Response) -> (axum::http::response::Parts, Vec<u8>) {
    let (parts, body) = response.into_parts();
    let body = to_bytes(body, usize::MAX).await.unwrap_or_default();
    (parts, body.to_vec())
}
