use std::time::Duration;

use fief_client::{
    FiefAcr::{LevelOne, LevelZero},
    FiefError, Requirements,
};
use serde_json::json;

use super::{HEADER, NOW, World};
use crate::keys::validate;

/// TV-23, D13: a login that is too old, or of which nothing is known.
#[tokio::test]
async fn the_age_of_the_login_is_required_to_the_second() {
    let world = World::start().await;
    let requirements = Requirements::new()
        .acr(LevelZero)
        .max_age(Duration::from_secs(300));
    world.stop_at(NOW);
    let fief = world.builder().leeway(Duration::ZERO).build().unwrap();
    for (auth_time, is_good) in [
        (NOW, true),
        (NOW - 300, true),
        (NOW - 301, false),
        (0, false),
    ] {
        let token = world.token_with("auth_time", &auth_time.to_string());
        let result = fief.validate_access_token(&token, &requirements).await;
        assert_eq!(result.is_ok(), is_good, "{auth_time}");
    }
    let unknown = fief
        .validate_access_token(&world.token(), &requirements)
        .await;
    assert!(matches!(
        unknown,
        Err(FiefError::AccessTokenAuthTooOld { .. })
    ));
}

/// FD-71, TV-27: by more than the leeway, however far.
#[tokio::test]
async fn a_login_in_the_future_is_not_recent() {
    let world = World::start().await;
    world.stop_at(NOW);
    let fief = world.builder().build().unwrap();
    let required = Requirements::new().max_age(Duration::from_secs(300));
    for (ahead, is_good) in [(0, true), (60, true), (61, false), (86_400, false)] {
        let token = world.token_with("auth_time", &(NOW + ahead).to_string());
        let result = fief.validate_access_token(&token, &required).await;
        let is_old = matches!(result, Err(FiefError::AccessTokenAuthTooOld { .. }));
        assert_eq!((result.is_ok(), is_old), (is_good, !is_good), "{ahead}");
        validate(&fief, &token).await.unwrap();
    }
    let far = world.token_with("auth_time", "253402300799");
    let longest = Requirements::new().max_age(Duration::MAX);
    assert!(fief.validate_access_token(&far, &longest).await.is_err());
}

/// TV-20, TV-21, TV-23, D13: the highest ACR, the shortest age, all permissions; of alternatives any.
#[tokio::test]
async fn the_strictest_of_repeated_requirements_counts() {
    let world = World::start().await;
    world.stop_at(NOW);
    let fief = world.builder().leeway(Duration::ZERO).build().unwrap();
    let mut claims = world.claims();
    claims["permissions"] = json!(["b"]);
    claims["auth_time"] = (NOW - 100).into();
    let token = world.signer.sign(HEADER, claims.to_string());
    let (new, age) = (Requirements::new, Duration::from_secs);
    for (required, is_met) in [
        (new().acr(LevelOne).acr(LevelZero), false),
        (new().acr(LevelZero).acr(LevelOne), false),
        (new().acr(LevelZero).acr(LevelZero), true),
        (new().max_age(age(99)).max_age(age(200)), false),
        (new().max_age(age(200)).max_age(age(99)), false),
        (new().max_age(age(200)).max_age(age(100)), true),
        (new().permission("b").permission("a"), false),
        (new().permission("a").permission("b"), false),
        (new().any_permission(["a", "b"]), true),
        (new().any_permission(["b", "a"]), true),
        (new().any_permission(["a", "c"]), false),
    ] {
        let result = fief.validate_access_token(&token, &required).await;
        assert_eq!(result.is_ok(), is_met, "{required:?}");
    }
}

/// TV-23, D13: with the leeway, at each place that checks them.
#[tokio::test]
async fn requirements_can_be_checked_later() {
    let world = World::start().await;
    world.stop_at(NOW);
    let fief = world.builder().build().unwrap();
    let required = Requirements::new().max_age(Duration::from_secs(300));
    for (age, is_good) in [(360, true), (361, false)] {
        let token = world.token_with("auth_time", &(NOW - age).to_string());
        let info = validate(&fief, &token).await.unwrap();
        let later = fief.check_requirements(&info, &required);
        let at_once = fief.validate_access_token(&token, &required).await;
        assert_eq!((later.is_ok(), at_once.is_ok()), (is_good, is_good));
        let lacking = fief.check_requirements(&info, &Requirements::new().scope("x"));
        assert!(matches!(
            lacking,
            Err(FiefError::AccessTokenMissingScope { .. })
        ));
    }
}
