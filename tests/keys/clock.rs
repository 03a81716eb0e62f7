use std::time::{Duration, SystemTime};

use fief_client::FiefError;
use fief_test_server::{Endpoint, Fault, FiefTestServer};

use super::{MINUTE, connected, fetches, pause, token, token_of_unknown_key, validate};

/// RB-9: a clock that was set back a little changes nothing, and one that was set back a lot gets new keys.
#[tokio::test]
async fn keys_from_another_time_are_fetched_again() {
    let (server, fief) = connected().await;
    let now = SystemTime::now();
    server.set_time(now - MINUTE / 2);
    validate(&fief, &token(&server, 0)).await.unwrap();
    assert_eq!(fetches(&server), 0);
    server.set_time(now - 60 * MINUTE);
    validate(&fief, &token(&server, 1)).await.unwrap();
    assert_eq!(fetches(&server), 1);
}

/// RB-9: nor does it cost a fetch.
#[tokio::test]
async fn a_clock_that_goes_back_by_a_minute_renews_nothing() {
    let (server, fief) = connected().await;
    let now = SystemTime::now();
    server.set_time(now);
    validate(&fief, &token_of_unknown_key(&server, 0))
        .await
        .unwrap_err();
    server.set_time(now - MINUTE);
    assert_eq!(fief.keys_age(), Some(Duration::ZERO));
    validate(&fief, &token(&server, 0)).await.unwrap();
    pause().await;
    assert_eq!(fetches(&server), 1);
}

/// DJ-7, RB-9
#[tokio::test]
async fn a_clock_that_goes_back_ends_the_cool_down() {
    let (server, fief) = connected().await;
    let now = SystemTime::now();
    server.set_time(now);
    validate(&fief, &token_of_unknown_key(&server, 0))
        .await
        .unwrap_err();
    server.rotate_key();
    server.set_time(now - MINUTE / 2);
    validate(&fief, &token(&server, 0)).await.unwrap();
}

/// DJ-14, RB-9
#[tokio::test]
async fn a_clock_that_goes_back_ends_the_back_off() {
    let server = FiefTestServer::start().await;
    let now = SystemTime::now();
    server.set_time(now);
    let fief = crate::client::fief(&server);
    server.fault(Endpoint::Jwks, Fault::status(500));
    for _ in 0..3 {
        fief.prefetch_keys().await.unwrap_err();
    }
    assert_eq!(fetches(&server), 2);
    server.clear_faults();
    server.set_time(now - MINUTE);
    fief.prefetch_keys().await.unwrap();
}

/// RB-9, TV-25: keys kept in use during an outage are not valid until then once the clock is set back.
#[tokio::test]
async fn a_clock_that_goes_back_does_not_prolong_old_keys() {
    let (server, fief) = connected().await;
    let now = SystemTime::now();
    server.set_time(now);
    validate(&fief, &token_of_unknown_key(&server, 0))
        .await
        .unwrap_err();
    let old = token(&server, 0);
    server.fault(Endpoint::Jwks, Fault::status(500));
    server.set_time(now + 300 * MINUTE);
    validate(&fief, &old).await.unwrap();
    server.clear_faults();
    server.rotate_key();
    server.set_time(now + 20 * MINUTE);
    let removed = validate(&fief, &old).await;
    assert!(
        matches!(removed, Err(FiefError::AccessTokenInvalid(_))),
        "{removed:?}"
    );
}

/// RB-9, TV-25: nor are keys used after a failed fetch, if the clock was set back to before they were fetched.
#[tokio::test]
async fn a_failed_fetch_keeps_no_keys_from_another_time() {
    let (server, fief) = connected().await;
    server.set_time(SystemTime::now() - 60 * MINUTE);
    let old = token(&server, 0);
    server.fault(Endpoint::Jwks, Fault::status(500));
    validate(&fief, &old).await.unwrap_err();
    server.clear_faults();
    server.rotate_key();
    let removed = validate(&fief, &old).await;
    assert!(
        matches!(removed, Err(FiefError::AccessTokenInvalid(_))),
        "{removed:?}"
    );
}
