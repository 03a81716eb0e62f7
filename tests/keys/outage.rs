use std::time::SystemTime;

use fief_client::FiefError;
use fief_test_server::{Endpoint, Fault};
use serde_json::json;

use super::{
    MINUTE, SECOND, at_once, connected, fetches, pause, token, token_of_unknown_key, validate,
};
use crate::client::wait_for_requests;

/// DJ-10: before the ten minutes have passed, and without waiting for it.
#[tokio::test]
async fn keys_are_renewed_in_the_background() {
    let (server, fief) = connected().await;
    let token = token(&server, 0);
    server.advance(7 * MINUTE);
    assert!(at_once(&fief, &token).await.unwrap().is_ok());
    assert_eq!(fetches(&server), 0);
    server.advance(2 * MINUTE);
    assert!(at_once(&fief, &token).await.unwrap().is_ok());
    server.wait_for_requests(Endpoint::Jwks, 1).await;
}

/// DJ-10: seven minutes are too early.
#[tokio::test]
async fn young_keys_are_not_renewed() {
    let (server, fief) = connected().await;
    server.advance(7 * MINUTE);
    validate(&fief, &token(&server, 0)).await.unwrap();
    pause().await;
    assert_eq!(fetches(&server), 0);
}

/// DJ-10, TV-25: past the ten minutes the first use waits for one attempt; then the old keys serve.
#[tokio::test]
async fn keys_that_are_due_are_fetched_once_before_they_serve_on() {
    let (server, fief) = connected().await;
    let token = token(&server, 0);
    validate(&fief, &token).await.unwrap();
    server.fault(Endpoint::Jwks, Fault::hang());
    server.advance(11 * MINUTE);
    assert!(at_once(&fief, &token).await.is_none());
    server.wait_for_requests(Endpoint::Jwks, 1).await;
    server.fault(Endpoint::Jwks, Fault::status(500));
    server.clear_faults();
    validate(&fief, &token).await.unwrap();
    assert!(at_once(&fief, &token).await.unwrap().is_ok());
}

/// TV-25, D6: others go on with the old keys meanwhile, also if it began before that.
#[tokio::test]
async fn past_ten_minutes_nobody_waits_for_an_attempt_of_another() {
    let (server, fief) = connected().await;
    server.fault(Endpoint::Jwks, Fault::hang());
    server.advance(10 * MINUTE - 5 * SECOND);
    assert!(at_once(&fief, &token(&server, 0)).await.is_some());
    wait_for_requests(&server, Endpoint::Jwks, 1).await;
    server.advance(10 * SECOND);
    assert!(at_once(&fief, &token(&server, 1)).await.is_some());
}

/// DJ-10: once an attempt has failed, no caller waits for the next ones.
#[tokio::test]
async fn old_keys_serve_at_once_during_a_fetch() {
    let (server, fief) = connected().await;
    server.fault(Endpoint::Jwks, Fault::status(500));
    server.advance(11 * MINUTE);
    validate(&fief, &token(&server, 0)).await.unwrap();
    server.fault(Endpoint::Jwks, Fault::hang());
    server.reset_requests();
    server.advance(MINUTE / 2);
    let next = at_once(&fief, &token(&server, 1)).await;
    assert!(next.unwrap().is_ok());
    server.wait_for_requests(Endpoint::Jwks, 1).await;
}

/// DJ-10, RB-10: an hour without Fief, seen and new tokens, and then it is back.
#[tokio::test]
async fn an_outage_of_an_hour_is_survived() {
    let (server, fief) = connected().await;
    server.fault(Endpoint::Discovery, Fault::reset());
    server.fault(Endpoint::Jwks, Fault::reset());
    let seen = token(&server, 0);
    validate(&fief, &seen).await.unwrap();
    for minute in 1..=60 {
        server.advance(MINUTE);
        validate(&fief, &seen).await.unwrap();
        validate(&fief, &token(&server, minute)).await.unwrap();
    }
    assert!(fief.keys_age().unwrap() >= 60 * MINUTE);
    server.clear_faults();
    server.rotate_key();
    server.reset_requests();
    server.advance(MINUTE);
    validate(&fief, &token(&server, 0)).await.unwrap();
    assert!(fief.keys_age().unwrap() < MINUTE);
    assert_eq!(fetches(&server), 1);
}

/// DJ-10: then it is unknown whether they are still Fief's.
#[tokio::test]
async fn after_a_day_old_keys_serve_no_longer() {
    let (server, fief) = connected().await;
    let server_is_away = || server.fault(Endpoint::Jwks, Fault::status(503));
    let long = server.access_token().expires_in(48 * 60 * MINUTE).mint();
    validate(&fief, &long).await.unwrap();
    server_is_away();
    server.advance(24 * 60 * MINUTE - MINUTE);
    validate(&fief, &long).await.unwrap();
    server.advance(MINUTE);
    let rejected = validate(&fief, &long).await;
    assert!(
        matches!(rejected, Err(FiefError::Request { .. })),
        "{rejected:?}"
    );
    assert_eq!(fief.keys_age(), None);
    server.clear_faults();
    server.advance(MINUTE);
    validate(&fief, &long).await.unwrap();
}

/// DJ-10: not even during a fetch.
#[tokio::test]
async fn after_a_day_old_keys_are_not_used_during_a_fetch() {
    let (server, fief) = connected().await;
    server.set_time(SystemTime::now());
    validate(&fief, &token_of_unknown_key(&server, 0))
        .await
        .unwrap_err();
    let long = server.access_token().expires_in(48 * 60 * MINUTE).mint();
    server.fault(Endpoint::Jwks, Fault::status(500));
    server.advance(24 * 60 * MINUTE - 5 * SECOND);
    validate(&fief, &long).await.unwrap();
    server.fault(Endpoint::Jwks, Fault::hang());
    server.reset_requests();
    server.advance(SECOND);
    assert!(at_once(&fief, &long).await.unwrap().is_ok());
    wait_for_requests(&server, Endpoint::Jwks, 1).await;
    server.advance(5 * SECOND);
    assert!(at_once(&fief, &long).await.is_none());
}

/// DJ-10, DJ-5, DJ-12: what is no key set replaces none.
#[tokio::test]
async fn a_bad_response_never_replaces_valid_keys() {
    let (server, fief) = connected().await;
    let token = token(&server, 0);
    let many: Vec<_> = (0..65)
        .map(|i| json!({"kty": "RSA", "kid": i.to_string()}))
        .collect();
    for fault in [
        Fault::json(json!({"keys": []})),
        Fault::json(json!({"keys": null})),
        Fault::json(json!({"keys": {}})),
        Fault::json(json!({"keys": "x"})),
        Fault::json(json!({"keys": [{"kty": "oct", "k": "AA"}]})),
        Fault::json(json!({"keys": many})),
        Fault::json(json!([])),
        Fault::json(json!(null)),
        Fault::json(json!({})),
        Fault::status(200)
            .header("content-type", "text/html")
            .body("<html>busy</html>"),
        Fault::status(200).body(""),
        Fault::status(200).body(format!("{{\"keys\":{}", "[".repeat(100_000))),
        Fault::status(204),
        Fault::status(302),
        Fault::status(404),
        Fault::status(500),
        Fault::garbage(),
        Fault::cut(),
        Fault::reset(),
        Fault::huge(20_000_000),
    ] {
        server.clear_faults();
        server.fault(Endpoint::Jwks, fault.clone());
        server.reset_requests();
        server.advance(15 * MINUTE);
        validate(&fief, &token)
            .await
            .unwrap_or_else(|error| panic!("{fault:?}: {error}"));
        assert!(fetches(&server) >= 1, "{fault:?}");
    }
}
