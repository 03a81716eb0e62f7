use std::time::Duration;

use fief_client::{FiefAcr, FiefError, Requirements};
use fief_test_server::Endpoint;
use serde_json::Value;

use super::{HEADER, NOW, World, assert_expired, assert_invalid};
use crate::keys::validate;

/// TV-1, TV-3, TV-6, TV-11: a token that is rejected for its size, form or header costs no request.
#[tokio::test]
async fn what_is_rejected_before_the_signature_costs_no_request() {
    let world = World::start().await;
    let claims = world.claims().to_string();
    let mut bad = vec!["x".repeat(20_000), "a.b".to_owned()];
    for header in [
        r#"{"alg":"none","kid":"x"}"#,
        r#"{"alg":"HS256","kid":"x"}"#,
        r#"{"alg":"RS256","kid":"x","crit":["exp"]}"#,
    ] {
        bad.push(world.signer.sign(header, &claims));
    }
    for token in bad {
        assert_invalid(world.validate(&token).await, &token);
    }
    assert_eq!(world.server.requests(Endpoint::Discovery), 0);
}

/// TV-11, D4: the issuer and the audience come before the times, and these before the kind.
#[tokio::test]
async fn of_bad_claims_the_first_in_order_is_reported() {
    let world = World::start().await;
    for (claim, is_told_first) in [("iss", true), ("aud", true), ("nonce", false)] {
        let mut claims = world.claims();
        claims[claim] = "x".into();
        claims["exp"] = 0.into();
        let result = world.payload(claims.to_string()).await;
        let is_invalid = matches!(result, Err(FiefError::AccessTokenInvalid(_)));
        assert_eq!(is_invalid, is_told_first, "{claim}: {result:?}");
    }
}

/// TV-23: authentication comes before authorization.
#[tokio::test]
async fn what_is_invalid_is_reported_before_what_is_lacking() {
    let world = World::start().await;
    let requirements = Requirements::new().scope("x").permission("x");
    let fief = world.builder().build().unwrap();
    for (claim, value) in [
        ("iss", "\"x\""),
        ("aud", "\"x\""),
        ("nonce", "1"),
        ("nbf", "9000000000"),
    ] {
        let token = world.token_with(claim, value);
        assert_invalid(
            fief.validate_access_token(&token, &requirements).await,
            claim,
        );
    }
    let token = world.token_with("exp", "0");
    assert_expired(fief.validate_access_token(&token, &requirements).await);
}

/// TV-23, TV-24: also of a cached token, expiry is reported first.
#[tokio::test]
async fn of_a_token_seen_before_expiry_is_reported_before_what_is_lacking() {
    let world = World::start().await;
    let fief = world.builder().build().unwrap();
    let token = world.token_with("exp", &NOW.to_string());
    world.stop_at(NOW);
    validate(&fief, &token).await.unwrap();
    world.stop_at(NOW + 60);
    let lacking = Requirements::new().scope("x");
    assert_expired(fief.validate_access_token(&token, &lacking).await);
}

/// TV-23: scopes, ACR, age of the login, permissions.
#[tokio::test]
async fn what_is_lacking_is_reported_in_order() {
    let world = World::start().await;
    world.stop_at(NOW);
    let mut claims = world.claims();
    let scope = lacking(&world, &claims).await;
    assert!(matches!(scope, FiefError::AccessTokenMissingScope { .. }));
    claims["scope"] = "x".into();
    let acr = lacking(&world, &claims).await;
    assert!(matches!(acr, FiefError::AccessTokenAcrTooLow { .. }));
    claims["acr"] = "1".into();
    let age = lacking(&world, &claims).await;
    assert!(matches!(age, FiefError::AccessTokenAuthTooOld { .. }));
    claims["auth_time"] = NOW.into();
    let permission = lacking(&world, &claims).await;
    assert!(matches!(
        permission,
        FiefError::AccessTokenMissingPermission { .. }
    ));
}

/// Returns the error of a token that has to meet one requirement of each kind.
async fn lacking(world: &World, claims: &Value) -> FiefError {
    let required = Requirements::new()
        .permission("x")
        .max_age(Duration::from_secs(1))
        .acr(FiefAcr::LevelOne)
        .scope("x");
    let token = world.signer.sign(HEADER, claims.to_string());
    let fief = world.builder().build().unwrap();
    fief.validate_access_token(&token, &required)
        .await
        .unwrap_err()
}
