use std::{
    fmt::Debug,
    pin::pin,
    task::{Context, Poll, Waker},
};

use fief_client::{Fief, FiefError};
use fief_test_server::{Endpoint, Fault, FiefTestServer};
use tokio::runtime::Runtime;

use super::{at_once, connected, poll_once, token, validate};
use crate::client::wait_for_requests;

/// DJ-8: outside of a runtime there is an error, not a panic.
#[test]
fn without_a_runtime_there_is_an_error() {
    let fief = Fief::builder("https://fief.example.com", "client")
        .build()
        .unwrap();
    let mut connecting = pin!(fief.prefetch_keys());
    let mut context = Context::from_waker(Waker::noop());
    let result = connecting.as_mut().poll(&mut context);
    assert!(matches!(
        result,
        Poll::Ready(Err(FiefError::Configuration(_)))
    ));
}

/// DJ-8: the runtime that fetched can be gone.
#[test]
fn a_client_outlives_the_runtime_that_fetched() {
    let servers = runtime();
    let server = servers.block_on(FiefTestServer::start());
    lost_before(&server, &crate::client::fief(&server));
}

/// DJ-8, DJ-11: a fetch for a new key that was lost with its runtime is made again.
#[test]
fn a_new_key_outlives_the_runtime_that_fetched_it() {
    let servers = runtime();
    let (server, fief) = servers.block_on(connected());
    server.rotate_key();
    lost_before(&server, &fief);
}

/// DJ-8, RB-5: callers that wait for a fetch that is lost with its runtime repeat it.
#[test]
fn callers_that_wait_outlive_the_runtime_that_fetched() {
    let servers = runtime();
    let server = servers.block_on(FiefTestServer::start());
    let fief = crate::client::fief(&server);
    lost_during(&servers, &server, &fief, fief.prefetch_keys());
}

/// DJ-8, DJ-11: also for callers that wait for it.
#[test]
fn callers_that_wait_for_a_lost_fetch_of_a_new_key_get_it() {
    let servers = runtime();
    let (server, fief) = servers.block_on(connected());
    server.rotate_key();
    let token = token(&server, 0);
    lost_during(&servers, &server, &fief, validate(&fief, &token));
}

/// Validates a token after the fetch for it was lost with its runtime.
fn lost_before(server: &FiefTestServer, fief: &Fief) {
    let token = token(server, 0);
    drop(hanging(server, fief, &token));
    server.clear_faults();
    runtime().block_on(validate(fief, &token)).unwrap();
}

/// Loses a fetch that a caller waits for.
fn lost_during<T: Debug>(
    servers: &Runtime,
    server: &FiefTestServer,
    fief: &Fief,
    waiting: impl Future<Output = Result<T, FiefError>>,
) {
    let mut waiting = pin!(waiting);
    let first = hanging(server, fief, &token(server, 0));
    assert!(servers.block_on(poll_once(waiting.as_mut())).is_none());
    drop(first);
    server.clear_faults();
    servers.block_on(waiting).unwrap();
}

/// A runtime on which a fetch for a token hangs.
fn hanging(server: &FiefTestServer, fief: &Fief, token: &str) -> Runtime {
    let runtime = runtime();
    server.fault(Endpoint::Jwks, Fault::hang());
    assert!(runtime.block_on(at_once(fief, token)).is_none());
    runtime.block_on(wait_for_requests(server, Endpoint::Jwks, 1));
    runtime
}

fn runtime() -> Runtime {
    Runtime::new().unwrap()
}
