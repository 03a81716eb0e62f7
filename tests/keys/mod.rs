//! Fief's keys: fetched once, renewed in time, kept while Fief is unreachable.

mod backoff;
mod budgets;
mod clock;
mod concurrency;
mod health;
mod key_sets;
mod meanwhile;
mod outage;
mod real;
mod rotation;
mod runtimes;
mod start;

use std::{
    future::poll_fn,
    pin::{Pin, pin},
    task::Poll,
    time::Duration,
};

use fief_client::{Fief, FiefAccessTokenInfo, FiefError, Requirements};
use fief_test_server::{Endpoint, FiefTestServer};
use tokio::time::sleep;

pub(crate) const SECOND: Duration = Duration::from_secs(1);
pub(crate) const MINUTE: Duration = Duration::from_secs(60);

/// Returns a server, and a client that has fetched its keys.
pub(crate) async fn connected() -> (FiefTestServer, Fief) {
    let server = FiefTestServer::start().await;
    let fief = crate::client::fief(&server);
    fief.prefetch_keys().await.unwrap();
    server.reset_requests();
    (server, fief)
}

pub(crate) async fn validate(fief: &Fief, token: &str) -> Result<FiefAccessTokenInfo, FiefError> {
    fief.validate_access_token(token, &Requirements::new())
        .await
}

/// Validates a token. Returns `None` if that has to wait.
pub(crate) async fn at_once(
    fief: &Fief,
    token: &str,
) -> Option<Result<FiefAccessTokenInfo, FiefError>> {
    poll_once(pin!(validate(fief, token))).await
}

/// Polls a future once. Returns `None` if it is pending.
pub(crate) async fn poll_once<T>(mut future: Pin<&mut impl Future<Output = T>>) -> Option<T> {
    poll_fn(|context| match future.as_mut().poll(context) {
        Poll::Ready(result) => Poll::Ready(Some(result)),
        Poll::Pending => Poll::Ready(None),
    })
    .await
}

/// A valid token that differs from all others.
pub(crate) fn token(server: &FiefTestServer, number: usize) -> String {
    server.access_token().claim("jti", number).mint()
}

/// Returns a token of a key that Fief does not have.
pub(crate) fn token_of_unknown_key(server: &FiefTestServer, number: usize) -> String {
    let kid = format!("stranger {number}");
    server.access_token().header("kid", kid).mint()
}

/// Waits for a moment, in which something must not happen.
pub(crate) async fn pause() {
    sleep(Duration::from_millis(50)).await;
}

pub(crate) fn fetches(server: &FiefTestServer) -> usize {
    server.requests(Endpoint::Jwks)
}
