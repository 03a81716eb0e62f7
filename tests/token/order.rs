use fief_client::Requirements;

use super::{World, assert_expired, assert_invalid};

/// TV-23: who somebody is comes before what they may.
#[tokio::test]
async fn what_is_invalid_is_told_before_what_is_lacking() {
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
