use std::time::Duration;

use http::{HeaderValue, StatusCode, header};
use reqwest::{RequestBuilder, Response};
use serde::de::DeserializeOwned;

use crate::{FiefError, RequestDetail};

/// The way to Fief: sends, bounds what comes back, and turns every fault into a [`FiefError`].
#[derive(Clone, Debug)]
pub(crate) struct Http {
    client: reqwest::Client,
    host: Option<HeaderValue>,
}

impl Http {
    pub(crate) fn new(
        builder: reqwest::ClientBuilder,
        host: Option<HeaderValue>,
    ) -> Result<Self, FiefError> {
        let client = builder
            .redirect(reqwest::redirect::Policy::none())
            .referer(false)
            .connect_timeout(CONNECT_TIMEOUT)
            .timeout(TIMEOUT)
            .pool_idle_timeout(IDLE_TIMEOUT)
            .pool_max_idle_per_host(MAX_IDLE)
            .build()
            .map_err(|error| FiefError::Configuration(chain(&error)))?;
        Ok(Self { client, host })
    }

    pub(crate) fn client(&self) -> &reqwest::Client {
        &self.client
    }

    /// Sends and reads a JSON answer of at most `limit` bytes.
    pub(crate) async fn json<T: DeserializeOwned>(
        &self,
        request: RequestBuilder,
        limit: usize,
    ) -> Result<T, FiefError> {
        let body = self.send(request, limit).await?;
        serde_json::from_slice(&body)
            .map_err(|_| FiefError::ResponseInvalid("not the JSON that was asked for"))
    }

    async fn send(&self, mut request: RequestBuilder, limit: usize) -> Result<Vec<u8>, FiefError> {
        if let Some(host) = &self.host {
            request = request.header(header::HOST, host.clone());
        }
        let response = request
            .header(header::ACCEPT, "application/json")
            .send()
            .await?;
        let status = response.status();
        if matches!(status, StatusCode::OK | StatusCode::ACCEPTED) {
            return match read(response, limit).await? {
                (body, true) => Ok(body),
                (_, false) => Err(FiefError::ResponseInvalid("the body is too large")),
            };
        }
        let (body, _) = read(response, ERROR_LIMIT).await?;
        Err(FiefError::Request {
            status,
            detail: RequestDetail::new(&body),
        })
    }
}

/// Reads at most `limit` bytes, and whether that was all.
async fn read(mut response: Response, limit: usize) -> Result<(Vec<u8>, bool), FiefError> {
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await? {
        let room = limit.saturating_sub(body.len());
        body.extend_from_slice(chunk.get(..room).unwrap_or(&chunk));
        if chunk.len() > room {
            return Ok((body, false));
        }
    }
    Ok((body, true))
}

/// An error and its causes in one line.
fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        text = format!("{text}: {cause}");
        source = cause.source();
    }
    text
}

const CONNECT_TIMEOUT: Duration = Duration::from_secs(2);
const TIMEOUT: Duration = Duration::from_secs(5);
// Fief's own server closes a connection that was idle for five seconds.
const IDLE_TIMEOUT: Duration = Duration::from_secs(4);
const MAX_IDLE: usize = 32;
const ERROR_LIMIT: usize = 2048;
