//! What is said of a token at once, while Fief's keys are known.

use std::time::Duration;

use fief_test_server::{Endpoint, Fault};

use super::{NOW, World, assert_expired, assert_invalid};
use crate::keys::validate;

/// TV-14, TV-24, TV-25: while Fief's keys are not known, or due, nothing is said of a token; otherwise all is.
#[tokio::test]
async fn a_token_is_validated_without_waiting_where_the_keys_are_known() {
    let world = World::start().await;
    let fief = world.builder().build().unwrap();
    let token = world.token_with("exp", &(NOW + 3600).to_string());
    let other = world.token_with("jti", "\"other\"");
    world.stop_at(NOW);
    assert!(fief.try_validate_access_token(&token).is_none());
    let info = validate(&fief, &token).await.unwrap();
    for _ in 0..2 {
        let seen = fief.try_validate_access_token(&token).unwrap().unwrap();
        assert_eq!(seen.id(), info.id());
        let new = fief.try_validate_access_token(&other).unwrap().unwrap();
        assert_eq!(new.access_token(), other);
    }
    assert_invalid(fief.try_validate_access_token(&token[1..]).unwrap(), "cut");
    assert_invalid(
        fief.try_validate_access_token(b"\xff.\xff.\xff").unwrap(),
        "no text",
    );
    assert_invalid(
        fief.try_validate_access_token("x".repeat(100_000)).unwrap(),
        "too long",
    );
    world.server.advance(Duration::from_secs(600));
    assert!(fief.try_validate_access_token(&token).is_none());
    // But what is no token needs no keys.
    assert_invalid(
        fief.try_validate_access_token("no token").unwrap(),
        "no token",
    );
    validate(&fief, &token).await.unwrap();
    world.server.fault(Endpoint::Jwks, Fault::status(500));
    world.server.advance(Duration::from_secs(3060));
    assert_expired(validate(&fief, &token).await);
    assert_expired(fief.try_validate_access_token(&token).unwrap());
}

/// TV-14, DJ-7: an unknown key id costs one request per cool-down; callers may wait for it only while it is in flight,
/// and not afterwards.
#[tokio::test]
async fn an_unknown_key_is_rejected_without_waiting_in_the_cool_down() {
    let world = World::start().await;
    let fief = world.builder().build().unwrap();
    fief.prefetch_keys().await.unwrap();
    world.stop_at(NOW);
    let unknown = world.server.access_token().header("kid", "unknown").mint();
    assert!(fief.try_validate_access_token(&unknown).is_none());
    world.server.reset_requests();
    world
        .server
        .fault(Endpoint::Jwks, Fault::delay(Duration::from_millis(300)));
    let first = tokio::spawn({
        let (fief, unknown) = (fief.clone(), unknown.clone());
        async move { validate(&fief, &unknown).await }
    });
    world.server.wait_for_requests(Endpoint::Jwks, 1).await;
    assert!(fief.try_validate_access_token(&unknown).is_none());
    assert_invalid(first.await.unwrap(), "first");
    assert_invalid(fief.try_validate_access_token(&unknown).unwrap(), "cooling");
    world.server.advance(Duration::from_secs(29));
    assert_invalid(
        fief.try_validate_access_token(&unknown).unwrap(),
        "still cooling",
    );
    world.server.advance(Duration::from_secs(1));
    assert!(fief.try_validate_access_token(&unknown).is_none());
}
