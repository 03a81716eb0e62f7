use fief_client::FiefError;
use fief_test_server::{Endpoint, Fault, FiefTestServer};

use super::{discover, fief};

/// DJ-4: bounded while it streams, whatever length it says.
#[tokio::test]
async fn a_body_that_is_too_large_is_refused() {
    let server = FiefTestServer::start().await;
    server.fault(Endpoint::Discovery, Fault::huge(20_000_000));
    let error = discover(&fief(&server)).await.unwrap_err();
    assert!(error.to_string().contains("too large"), "{error}");
}

/// DJ-4: of an error 2 KB are kept.
#[tokio::test]
async fn a_large_error_is_cut_to_2_kb() {
    let server = FiefTestServer::start().await;
    server.fault(
        Endpoint::Discovery,
        Fault::status(500).body("x".repeat(1_000_000)),
    );
    let Err(FiefError::Request { detail, .. }) = discover(&fief(&server)).await else {
        panic!("another error");
    };
    assert_eq!(detail.as_str().len(), 2048);
}
