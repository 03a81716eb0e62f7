use std::time::Duration;

use fief_client::{FiefAcr, FiefError, Requirements};

use super::{NOW, World};

/// TV-23, D13: a login that is too old, or of which nothing is known.
#[tokio::test]
async fn the_age_of_the_login_is_required_to_the_second() {
    let world = World::start().await;
    let requirements = Requirements::new()
        .acr(FiefAcr::LevelZero)
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
