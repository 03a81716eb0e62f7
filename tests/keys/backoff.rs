use std::time::SystemTime;

use fief_client::FiefError;
use fief_test_server::{Endpoint, Fault, FiefTestServer};
use tokio::task::yield_now;

use super::{MINUTE, connected, fetches, stranger, token, validate};

/// DJ-14, Q20: a first failure is over with the next use; after more of them attempts are few.
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
        yield_now().await;
    }
    let attempts = fetches(&server);
    assert!((5..60).contains(&attempts), "{attempts} in ten minutes");
    // Which joins the attempt that is under way, or makes one.
    validate(&fief, &stranger(&server, 0)).await.unwrap_err();
    server.clear_faults();
    server.reset_requests();
    server.advance(MINUTE / 2 + MINUTE / 60);
    validate(&fief, &token).await.unwrap();
    server.arrived(Endpoint::Jwks, 1).await;
}
