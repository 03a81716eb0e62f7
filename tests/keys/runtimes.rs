use std::{
    pin::pin,
    task::{Context, Poll, Waker},
};

use fief_client::{Fief, FiefError};
use fief_test_server::{Endpoint, Fault, FiefTestServer};
use tokio::runtime::Runtime;

use super::{at_once, token, validate};

/// DJ-8: outside of a runtime there is an error, not a panic.
#[test]
fn without_a_runtime_there_is_an_error() {
    let fief = Fief::builder("https://fief.example.com", "client")
        .build()
        .unwrap();
    let mut connecting = pin!(fief.connect());
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
    let runtime = || Runtime::new().unwrap();
    let servers = runtime();
    let server = servers.block_on(FiefTestServer::start());
    let fief = crate::client::fief(&server);
    server.fault(Endpoint::Jwks, Fault::hang());
    let first = runtime();
    let token = token(&server, 0);
    assert!(first.block_on(at_once(&fief, &token)).is_none());
    first.block_on(server.arrived(Endpoint::Jwks, 1));
    drop(first);
    server.clear_faults();
    runtime().block_on(validate(&fief, &token)).unwrap();
}
