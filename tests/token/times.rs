use std::time::{Duration, UNIX_EPOCH};

use fief_client::{FiefAccessTokenInfo, FiefError, Requirements};
use fief_test_server::{Endpoint, Fault};

use super::{NOW, World, assert_expired, assert_invalid};
use crate::{client::wait_for_requests, keys::validate};

async fn at(
    world: &World,
    seconds: u64,
    claim: &str,
    json: &str,
) -> Result<FiefAccessTokenInfo, FiefError> {
    world.stop_at(seconds);
    world.claim(claim, json).await
}

/// TV-14
#[tokio::test]
async fn a_token_expires_at_its_second_and_the_leeway() {
    let world = World::start().await;
    let expiry = NOW.to_string();
    assert!(at(&world, NOW + 59, "exp", &expiry).await.is_ok());
    assert_expired(at(&world, NOW + 60, "exp", &expiry).await);
}

/// TV-14
#[tokio::test]
async fn the_expiry_is_a_number_of_a_real_time() {
    let world = World::start().await;
    for bad in [
        "\"10000000000\"",
        "null",
        "true",
        "[]",
        "[10000000000]",
        "{}",
        "1e400",
        "1e300",
        "18446744073709551615",
        "253402300800",
        "-1e400",
        "NaN",
        "Infinity",
        "0x7fffffff",
        "1_0",
    ] {
        assert_invalid(at(&world, NOW, "exp", bad).await, bad);
    }
    for past in ["0", "-1", "-9223372036854775808", "-1e300", "1.5", "-0.0"] {
        let result = at(&world, NOW, "exp", past).await;
        assert!(
            matches!(result, Err(FiefError::AccessTokenExpired { .. })),
            "{past}: {result:?}"
        );
    }
    for good in ["2000000001.9", "2.1e9", "253402300799"] {
        assert!(at(&world, NOW, "exp", good).await.is_ok(), "{good}");
    }
}

/// TV-14: a fraction of a second does not make it a second later.
#[tokio::test]
async fn an_expiry_is_rounded_down() {
    let world = World::start().await;
    assert_expired(at(&world, NOW + 60, "exp", &format!("{NOW}.5")).await);
}

/// TV-14: it may expire while the keys are fetched.
#[tokio::test]
async fn a_token_that_expires_during_the_fetch_of_keys_is_expired() {
    let world = World::start().await;
    let fief = world.builder().build().unwrap();
    let token = world.token_with("exp", &NOW.to_string());
    world.stop_at(NOW);
    world.server.fault(Endpoint::Discovery, Fault::hang());
    let validation = tokio::spawn(async move { validate(&fief, &token).await });
    wait_for_requests(&world.server, Endpoint::Discovery, 1).await;
    world.stop_at(NOW + 60);
    world.server.clear_faults();
    world.publish([world.signer.jwk()]);
    assert_expired(validation.await.unwrap());
}

/// TV-15
#[tokio::test]
async fn a_token_is_not_valid_before_its_time() {
    let world = World::start().await;
    assert!(
        at(&world, NOW, "nbf", &(NOW + 60).to_string())
            .await
            .is_ok()
    );
    assert_invalid(
        at(&world, NOW, "nbf", &(NOW + 61).to_string()).await,
        "too early",
    );
    for bad in ["null", "\"1\"", "true", "[]", "1e300"] {
        assert_invalid(at(&world, NOW, "nbf", bad).await, bad);
    }
}

/// TV-16
#[tokio::test]
async fn a_token_is_not_issued_in_the_future() {
    let world = World::start().await;
    assert!(
        at(&world, NOW, "iat", &(NOW + 60).to_string())
            .await
            .is_ok()
    );
    assert_invalid(
        at(&world, NOW, "iat", &(NOW + 61).to_string()).await,
        "the future",
    );
    for bad in ["null", "\"1\"", "[]", "1e300"] {
        assert_invalid(at(&world, NOW, "iat", bad).await, bad);
    }
    let mut claims = world.claims();
    claims.as_object_mut().unwrap().remove("iat");
    assert_invalid(world.payload(claims.to_string()).await, "none");
}

/// TV-17
#[tokio::test]
async fn the_leeway_can_be_set_and_is_bounded() {
    let world = World::start().await;
    world.stop_at(NOW);
    let token = world.token_with("exp", &(NOW - 100).to_string());
    for (leeway, is_good) in [(0, false), (100, false), (101, true), (300, true)] {
        let fief = world
            .builder()
            .leeway(Duration::from_secs(leeway))
            .build()
            .unwrap();
        let result = fief
            .validate_access_token(&token, &Requirements::new())
            .await;
        assert_eq!(result.is_ok(), is_good, "{leeway}");
    }
    let long = world.builder().leeway(Duration::from_secs(301)).build();
    assert!(matches!(long, Err(FiefError::Configuration(_))));
}

/// TV-15, TV-16, TV-17: it is that of `nbf` and `iat` too.
#[tokio::test]
async fn the_leeway_is_the_same_for_all_times() {
    let world = World::start().await;
    world.stop_at(NOW);
    for (leeway, ahead, is_good) in [
        (0, 0, true),
        (0, 1, false),
        (300, 300, true),
        (300, 301, false),
    ] {
        let builder = world.builder().leeway(Duration::from_secs(leeway));
        let fief = builder.build().unwrap();
        for claim in ["nbf", "iat"] {
            let token = world.token_with(claim, &(NOW + ahead).to_string());
            let result = validate(&fief, &token).await;
            assert_eq!(result.is_ok(), is_good, "{claim} {leeway} {ahead}");
        }
    }
}

/// RB-9: a wrong clock accepts no token, and does no harm.
#[tokio::test]
async fn a_clock_outside_of_history_accepts_no_token() {
    let world = World::start().await;
    let times = [
        UNIX_EPOCH,
        UNIX_EPOCH - Duration::from_secs(1),
        UNIX_EPOCH + Duration::from_secs(u64::MAX >> 2),
    ];
    for time in times {
        let fief = world.builder().clock(move || time).build().unwrap();
        let requirements = Requirements::new().max_age(Duration::MAX);
        let result = fief
            .validate_access_token(&world.token(), &requirements)
            .await;
        assert!(result.is_err(), "{time:?}");
        assert!(fief.keys_age().is_none_or(|age| age.is_zero()));
    }
}

/// RB-9, TV-14: before 1970 no token is valid, not even an old one.
#[tokio::test]
async fn a_clock_before_1970_admits_no_old_token() {
    let world = World::start().await;
    let before = UNIX_EPOCH - Duration::from_secs(1);
    let fief = world.builder().clock(move || before).build().unwrap();
    assert_expired(validate(&fief, &world.token_with("iat", "0")).await);
}

/// RB-9: an expired token stays so when the clock is set back to before it was issued.
#[tokio::test]
async fn a_clock_that_goes_back_does_not_prolong() {
    let world = World::start().await;
    let (fief, requirements) = (world.builder().build().unwrap(), Requirements::new());
    let token = world.token_with("iat", &NOW.to_string());
    world.stop_at(NOW);
    fief.validate_access_token(&token, &requirements)
        .await
        .unwrap();
    world.stop_at(NOW - 61);
    assert_invalid(
        fief.validate_access_token(&token, &requirements).await,
        "seen before",
    );
    assert_invalid(world.validate(&token).await, "new");
}
