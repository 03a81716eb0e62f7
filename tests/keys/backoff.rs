use std::time::{Duration, SystemTime};

use fief_client::FiefError;
use fief_test_server::{Endpoint, Fault, FiefTestServer};
use tokio::time::sleep;

use super::{MINUTE, SECOND, connected, fetches, token, token_of_unknown_key, validate};
use crate::client::wait_for_requests;

/// DJ-14, Q20: a first failure ends with the next use; after more of them attempts are few.
#[tokio::test]
async fn without_keys_attempts_back_off_and_recover() {
    let server = FiefTestServer::start().await;
    server.set_time(SystemTime::now());
    let fief = crate::client::fief(&server);
    let token = token(&server, 0);
    server.fault(Endpoint::Jwks, Fault::status(500));
    for _ in 0..100 {
        let error = validate(&fief, &token).await;
        assert!(matches!(error, Err(FiefError::Request { .. })), "{error:?}");
    }
    assert_eq!(fetches(&server), 2);
    server.clear_faults();
    server.advance(MINUTE / 2);
    validate(&fief, &token).await.unwrap();
}

/// DJ-14: while it fails, use after use, the attempts are few; half a minute is the longest pause.
#[tokio::test]
async fn attempts_back_off() {
    let (server, fief) = connected().await;
    let token = token(&server, 0);
    server.set_time(SystemTime::now());
    server.fault(Endpoint::Jwks, Fault::status(500));
    server.advance(11 * MINUTE);
    for _ in 0..600 {
        server.advance(MINUTE / 60);
        validate(&fief, &token).await.unwrap();
        sleep(Duration::from_millis(2)).await;
    }
    let attempts = fetches(&server);
    assert!((2..60).contains(&attempts), "{attempts} in ten minutes");
    // Which joins the attempt that is under way, or makes one.
    validate(&fief, &token_of_unknown_key(&server, 0))
        .await
        .unwrap_err();
    server.clear_faults();
    server.reset_requests();
    server.advance(MINUTE / 2 + MINUTE / 60);
    validate(&fief, &token).await.unwrap();
    wait_for_requests(&server, Endpoint::Jwks, 1).await;
}

/// DJ-14: also when the keys are too old to serve.
#[tokio::test]
async fn with_keys_that_are_too_old_attempts_back_off() {
    let (server, fief) = connected().await;
    server.set_time(SystemTime::now());
    server.fault(Endpoint::Jwks, Fault::status(500));
    server.advance(25 * 60 * MINUTE);
    let token = token(&server, 0);
    for _ in 0..20 {
        let error = validate(&fief, &token).await;
        assert!(matches!(error, Err(FiefError::Request { .. })), "{error:?}");
    }
    assert_eq!(fetches(&server), 2);
}

/// DJ-14: a minute of failures costs a handful of attempts.
#[tokio::test]
async fn attempts_in_the_background_back_off() {
    let (server, fief) = connected().await;
    server.set_time(SystemTime::now());
    server.fault(Endpoint::Jwks, Fault::status(500));
    server.advance(11 * MINUTE);
    for _ in 0..60 {
        server.advance(SECOND);
        fief.prefetch_keys().await.unwrap();
        sleep(Duration::from_millis(10)).await;
    }
    assert!((4..15).contains(&fetches(&server)), "{}", fetches(&server));
}

/// DJ-14: what failed before the last success is forgotten.
#[tokio::test]
async fn after_a_success_the_back_off_begins_again() {
    let server = FiefTestServer::start().await;
    server.set_time(SystemTime::now());
    let fief = crate::client::fief(&server);
    server.fault(Endpoint::Jwks, Fault::status(500));
    for _ in 0..8 {
        fief.prefetch_keys().await.unwrap_err();
        server.advance(MINUTE / 2);
    }
    server.clear_faults();
    fief.prefetch_keys().await.unwrap();
    server.fault(Endpoint::Jwks, Fault::status(500));
    server.advance(11 * MINUTE);
    fief.prefetch_keys().await.unwrap();
    server.reset_requests();
    server.advance(SECOND);
    fief.prefetch_keys().await.unwrap();
    wait_for_requests(&server, Endpoint::Jwks, 1).await;
}
