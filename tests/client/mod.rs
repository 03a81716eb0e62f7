//! The protocol of fief-client, through its public API.

mod access_token;
mod authorize;
mod blocking;
mod bounds;
mod callback;
mod cli;
mod configuration;
mod connections;
mod crypto;
mod deployments;
mod discovery;
mod encrypted_id_token;
mod environment;
mod errors;
mod faults;
mod id_token;
mod load;
pub(crate) mod log;
mod login;
mod pending;
mod recorder;
mod refresh;
mod secrets;
mod table;
mod tenants;
pub(crate) mod tls;
mod token;
mod transport;
mod user;
mod webhook;
mod whole;

use std::time::Duration;

use fief_client::{
    AuthorizationRequest, AuthorizationResponse, Fief, FiefBuilder, FiefError, FiefTokenResponse,
    FiefUserInfo, LoginAttempt,
};
use fief_test_server::{Endpoint, FiefTestServer};
use tokio::time::{sleep, timeout};
use url::Url;

pub(crate) const CALLBACK: &str = "https://www.bretagne.duchy/callback";
pub(crate) const ANNE: &str = "anne@example.com";
const TIMEOUT: Duration = Duration::from_secs(10);

/// Returns a builder for the server's first client, with the server's clock.
pub(crate) fn builder(server: &FiefTestServer) -> FiefBuilder {
    Fief::builder(server.url(), server.client_id())
        .client_secret(server.client_secret())
        .clock(server.clock())
}

pub(crate) fn fief(server: &FiefTestServer) -> Fief {
    builder(server).build().unwrap()
}

/// Builds a login URL, for which only the discovery document is fetched.
pub(crate) async fn discover(fief: &Fief) -> Result<Url, FiefError> {
    fief.auth_url(CALLBACK, &AuthorizationRequest::new()).await
}

/// Waits until an endpoint has received this many requests, with a timeout.
pub(crate) async fn wait_for_requests(
    server: &FiefTestServer,
    endpoint: Endpoint,
    requests: usize,
) {
    timeout(TIMEOUT, server.wait_for_requests(endpoint, requests))
        .await
        .unwrap_or_else(|_| panic!("{} of {requests}", server.requests(endpoint)));
}

/// Waits until a condition holds, with a timeout.
pub(crate) async fn wait_until(is_so: impl AsyncFn() -> bool) {
    let wait = async {
        while !is_so().await {
            sleep(Duration::from_millis(1)).await;
        }
    };
    timeout(TIMEOUT, wait).await.unwrap();
}

/// Begins a login of anne. Returns the attempt, and the query of the callback.
pub(crate) async fn begin(
    server: &FiefTestServer,
    fief: &Fief,
    request: AuthorizationRequest,
) -> (LoginAttempt, String) {
    let (url, attempt) = fief.begin_login(CALLBACK, request).await.unwrap();
    let callback = Url::parse(&server.log_in(ANNE, url).await).unwrap();
    (attempt, callback.query().unwrap().to_owned())
}

pub(crate) async fn finish(
    fief: &Fief,
    attempt: &LoginAttempt,
    query: &str,
) -> Result<(FiefTokenResponse, FiefUserInfo), FiefError> {
    let response = AuthorizationResponse::parse(query)?;
    fief.finish_login(attempt, &response).await
}

/// Logs anne in.
pub(crate) async fn log_in(
    server: &FiefTestServer,
    fief: &Fief,
    request: AuthorizationRequest,
) -> Result<(FiefTokenResponse, FiefUserInfo), FiefError> {
    let (attempt, query) = begin(server, fief, request).await;
    finish(fief, &attempt, &query).await
}

/// Returns the query parameters of a URL, in order.
pub(crate) fn query(url: &Url) -> Vec<(String, String)> {
    url.query_pairs().into_owned().collect()
}

pub(crate) fn parameter(url: &Url, name: &str) -> Option<String> {
    let mut pairs = query(url).into_iter();
    pairs.find(|(key, _)| key == name).map(|(_, value)| value)
}
