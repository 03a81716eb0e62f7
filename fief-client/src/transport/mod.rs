mod backoff;
mod call;
mod client_auth;
mod error;
mod flight;
mod load;
mod log_limit;
mod origin;
mod plain_http;
mod retry_after;
mod timeouts;

use http::{HeaderValue, Method, header};
use reqwest::{RequestBuilder, Response, retry};
use serde::de::DeserializeOwned;
use serde_json::Value;
use url::Url;

use self::load::{Load, Slot};
pub(crate) use self::{
    backoff::Backoff,
    call::Call,
    client_auth::Credentials,
    flight::{SingleFlight, Work},
    origin::{Endpoint, Origin},
    plain_http::http_builder,
    timeouts::Timeouts,
};
pub use self::{
    client_auth::ClientAuth,
    error::TransportError,
    log_limit::{LogLimit, LogLimits},
    origin::is_loopback,
};
use crate::{FiefError, RequestDetail, clock::Clock, error::Chain, fief, jose::json, metrics};

/// HTTP client: sends requests to Fief within the bounds of [`Load`], bounds the responses and turns failures into a
/// [`FiefError`].
#[derive(Debug)]
pub(crate) struct Http {
    client: reqwest::Client,
    host: Option<HeaderValue>,
    load: Load,
}

/// Where a request goes, and what it is for.
#[derive(Debug)]
pub(crate) struct Target {
    pub(crate) call: Call,
    pub(crate) url: Url,
}

/// A request without a usable response.
#[derive(Debug)]
pub(crate) struct Failure {
    pub(crate) error: FiefError,
    /// Whether the load on Fief allowed the request.
    pub(crate) was_admitted: bool,
    /// Whether the request was sent, or part of it.
    pub(crate) was_sent: bool,
}

impl From<Failure> for FiefError {
    fn from(failure: Failure) -> Self {
        failure.error
    }
}

impl Http {
    /// Builds the client. Our policies are set last, so that they override those of the caller.
    pub(crate) fn new(
        builder: reqwest::ClientBuilder,
        server: String,
        host: Option<HeaderValue>,
        timeouts: Timeouts,
    ) -> Result<Self, FiefError> {
        let client = builder
            .redirect(reqwest::redirect::Policy::none())
            .retry(retry_gets(server))
            .referer(false)
            .connect_timeout(timeouts.connect)
            .timeout(timeouts.total)
            .pool_idle_timeout(fief::IDLE_TIMEOUT)
            .pool_max_idle_per_host(MAX_IDLE)
            // Bodies are small, and compressed ones could be bombs.
            .no_gzip()
            .no_brotli()
            .no_deflate()
            .no_zstd()
            // Would log every byte, secrets included.
            .connection_verbose(false)
            .build()
            .map_err(|error| unbuilt(&error))?;
        Ok(Self {
            client,
            host,
            load: Load::new(),
        })
    }

    /// Fetches a public document.
    pub(crate) async fn fetch_document<T: DeserializeOwned>(
        &self,
        Target { call, url }: Target,
        limit: usize,
        clock: &Clock,
    ) -> Result<T, Failure> {
        let request = self.client.get(url);
        self.receive(call, request, limit, clock).await
    }

    /// Sends a form with the credentials of the client.
    pub(crate) async fn post_form<'a, T: DeserializeOwned>(
        &self,
        Target { call, url }: Target,
        mut form: Vec<(&'a str, &'a str)>,
        credentials: &'a Credentials,
        clock: &Clock,
    ) -> Result<T, Failure> {
        let mut request = self.client.post(url);
        match credentials.basic() {
            Some((id, secret)) => {
                let [id, secret] = [id, secret].map(fief::basic_credential);
                request = request.basic_auth(id, Some(secret));
            }
            None => form.extend(credentials.parameters()),
        }
        self.receive(call, request.form(&form), USER_LIMIT, clock)
            .await
    }

    /// Sends a GET with an access token
    /// ([RFC 6750, section 2.1](https://www.rfc-editor.org/rfc/rfc6750#section-2.1)).
    pub(crate) async fn get_bearer<T: DeserializeOwned>(
        &self,
        Target { call, url }: Target,
        access_token: &str,
        clock: &Clock,
    ) -> Result<T, FiefError> {
        let request = self.client.get(url).bearer_auth(access_token);
        Ok(self.receive(call, request, USER_LIMIT, clock).await?)
    }

    /// Sends JSON with an access token.
    pub(crate) async fn send_json<T: DeserializeOwned>(
        &self,
        (method, url): (Method, Url),
        access_token: &str,
        body: &Value,
        clock: &Clock,
    ) -> Result<T, FiefError> {
        let request = self
            .client
            .request(method, url)
            .bearer_auth(access_token)
            .header(header::CONTENT_TYPE, "application/json")
            .body(body.to_string());
        Ok(self
            .receive(Call::UserApi, request, USER_LIMIT, clock)
            .await?)
    }

    /// Sends a request, if the load on Fief allows it, and reads a JSON response of at most `limit` bytes.
    async fn receive<T: DeserializeOwned>(
        &self,
        call: Call,
        request: RequestBuilder,
        limit: usize,
        clock: &Clock,
    ) -> Result<T, Failure> {
        let slot = self
            .load
            .admit(call, clock.now())
            .map_err(|error| Failure {
                error,
                was_admitted: false,
                was_sent: false,
            })?;
        let result = self.send(&slot, request, limit).await.and_then(|body| {
            let object = str::from_utf8(&body).ok().and_then(json::object);
            object.ok_or(FiefError::ResponseInvalid(
                "its body is not the expected JSON",
            ))
        });
        slot.finish(&result, clock.now());
        result.map_err(|error| Failure {
            was_admitted: true,
            was_sent: !error.is_connect(),
            error,
        })
    }

    /// Sends a request, which only the holder of a [`Slot`] may.
    async fn send(
        &self,
        _: &Slot<'_>,
        mut request: RequestBuilder,
        limit: usize,
    ) -> Result<Vec<u8>, FiefError> {
        if let Some(host) = &self.host {
            request = request.header(header::HOST, host.clone());
        }
        let request = request
            .header(header::ACCEPT, "application/json")
            .build()
            .map_err(failed)?;
        let method = request.method().clone();
        let path = request.url().path().to_owned();
        let response = self.client.execute(request).await;
        metrics::request(path, response.as_ref().ok().map(Response::status));
        let response = response.map_err(failed)?;
        let status = response.status();
        if fief::is_success(&method, status) {
            return match read(response, limit).await {
                (body, Ok(BodyEnd::Complete)) => Ok(body),
                (_, Ok(BodyEnd::TooLong)) => {
                    Err(FiefError::ResponseInvalid("its body is too large"))
                }
                (_, Err(error)) => Err(failed(error)),
            };
        }
        let retry_after = retry_after::parse(status, response.headers());
        // The status says enough, even if the body breaks off.
        let (body, _) = read(response, ERROR_LIMIT).await;
        Err(FiefError::Request {
            status,
            detail: RequestDetail::new(&body, retry_after),
        })
    }
}

/// Returns the error for an HTTP client that cannot be built.
fn unbuilt(error: &reqwest::Error) -> FiefError {
    FiefError::Configuration(format!(
        "http_client cannot be built: check the headers, certificates and proxies that it sets, and the system's \
         certificates: {}",
        Chain(error)
    ))
}

/// Returns the error of a request that failed.
fn failed(error: reqwest::Error) -> FiefError {
    FiefError::Transport(TransportError::new(error))
}

enum BodyEnd {
    Complete,
    TooLong,
}

/// Reads at most `limit` bytes. Returns them and how the body ended.
async fn read(mut response: Response, limit: usize) -> (Vec<u8>, Result<BodyEnd, reqwest::Error>) {
    let mut body = Vec::new();
    loop {
        let chunk = match response.chunk().await {
            Ok(Some(chunk)) => chunk,
            Ok(None) => return (body, Ok(BodyEnd::Complete)),
            Err(error) => return (body, Err(error)),
        };
        let room = limit.saturating_sub(body.len());
        body.extend_from_slice(chunk.get(..room).unwrap_or(&chunk));
        if chunk.len() > room {
            return (body, Ok(BodyEnd::TooLong));
        }
    }
}

/// Retries a GET once if no response began: nothing listened, or an idle connection had been closed.
///
/// Everything else is sent once: codes and refresh tokens can be used only once.
fn retry_gets(server: String) -> retry::Builder {
    retry::for_host(server)
        .max_retries_per_request(1)
        .classify_fn(|attempt| {
            let error = attempt
                .error()
                .and_then(|error| error.downcast_ref::<reqwest::Error>());
            let no_response = error.is_some_and(|error| error.is_connect() || !error.is_timeout());
            if no_response && attempt.method() == Method::GET {
                attempt.retryable()
            } else {
                attempt.success()
            }
        })
}

const MAX_IDLE: usize = 32;
/// Bytes of a response about a user.
const USER_LIMIT: usize = 256 * 1024;
const ERROR_LIMIT: usize = 2048;
