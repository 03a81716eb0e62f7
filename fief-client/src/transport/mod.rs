mod client_auth;
mod error;
mod origin;
mod retry_after;

use std::time::Duration;

use http::{HeaderValue, Method, header};
use reqwest::{RequestBuilder, Response, retry};
use serde::de::DeserializeOwned;
use serde_json::Value;
use url::Url;

use self::retry_after::RetryAfter;
pub use self::{client_auth::ClientAuth, error::TransportError, origin::is_loopback};
pub(crate) use self::{
    client_auth::Credentials,
    origin::{Endpoint, Origin},
};
use crate::{FiefError, RequestDetail, error::Chain, fief, jose::json, metrics};

/// HTTP client: sends requests to Fief, bounds the responses and turns failures into a [`FiefError`].
#[derive(Debug)]
pub(crate) struct Http {
    client: reqwest::Client,
    host: Option<HeaderValue>,
    retry_after: RetryAfter,
}

impl Http {
    /// Builds the client. Our policies are set last, so that they override those of the caller.
    pub(crate) fn new(
        builder: reqwest::ClientBuilder,
        server: String,
        host: Option<HeaderValue>,
    ) -> Result<Self, FiefError> {
        let client = builder
            .redirect(reqwest::redirect::Policy::none())
            .retry(retry_gets(server))
            .referer(false)
            .connect_timeout(CONNECT_TIMEOUT)
            .timeout(TIMEOUT)
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
            retry_after: RetryAfter::default(),
        })
    }

    /// Fetches a public document. After a `Retry-After`, repeats that error until the time has passed.
    pub(crate) async fn fetch_document<T: DeserializeOwned>(
        &self,
        url: Url,
        limit: usize,
        now: u64,
    ) -> Result<T, FiefError> {
        if let Some(error) = self.retry_after.error(now) {
            return Err(error);
        }
        let document = self.receive(self.client.get(url), limit).await;
        self.retry_after.observe(&document, now);
        document
    }

    /// Sends a form with the credentials of the client.
    pub(crate) async fn post_form<'a, T: DeserializeOwned>(
        &self,
        url: Url,
        mut form: Vec<(&'a str, &'a str)>,
        credentials: &'a Credentials,
    ) -> Result<T, FiefError> {
        let mut request = self.client.post(url);
        match credentials.basic() {
            Some((id, secret)) => {
                let [id, secret] = [id, secret].map(fief::basic_credential);
                request = request.basic_auth(id, Some(secret));
            }
            None => form.extend(credentials.parameters()),
        }
        self.receive(request.form(&form), USER_LIMIT).await
    }

    /// Sends a GET with an access token
    /// ([RFC 6750, section 2.1](https://www.rfc-editor.org/rfc/rfc6750#section-2.1)).
    pub(crate) async fn get_bearer<T: DeserializeOwned>(
        &self,
        url: Url,
        access_token: &str,
    ) -> Result<T, FiefError> {
        let request = self.client.get(url).bearer_auth(access_token);
        self.receive(request, USER_LIMIT).await
    }

    /// Sends JSON with an access token.
    pub(crate) async fn send_json<T: DeserializeOwned>(
        &self,
        method: Method,
        url: Url,
        access_token: &str,
        body: &Value,
    ) -> Result<T, FiefError> {
        let request = self
            .client
            .request(method, url)
            .bearer_auth(access_token)
            .header(header::CONTENT_TYPE, "application/json")
            .body(body.to_string());
        self.receive(request, USER_LIMIT).await
    }

    /// Sends a request and reads a JSON response of at most `limit` bytes.
    async fn receive<T: DeserializeOwned>(
        &self,
        request: RequestBuilder,
        limit: usize,
    ) -> Result<T, FiefError> {
        let body = self.send(request, limit).await?;
        str::from_utf8(&body)
            .ok()
            .and_then(json::object)
            .ok_or(FiefError::ResponseInvalid(
                "its body is not the expected JSON",
            ))
    }

    async fn send(&self, mut request: RequestBuilder, limit: usize) -> Result<Vec<u8>, FiefError> {
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

const CONNECT_TIMEOUT: Duration = Duration::from_secs(2);
const TIMEOUT: Duration = Duration::from_secs(5);
const MAX_IDLE: usize = 32;
/// Bytes of a response about a user.
const USER_LIMIT: usize = 256 * 1024;
const ERROR_LIMIT: usize = 2048;
