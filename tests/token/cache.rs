use std::time::{Duration, SystemTime};

use fief_client::{FiefAcr, FiefError, Requirements};
use fief_test_server::{Endpoint, Fault, FiefTestServer};
use serde_json::{Value, json};

use super::{HEADER, NOW, World, assert_expired, assert_invalid};
use crate::{
    keys::{fetches, validate},
    web::metrics::Counts,
};

/// TV-24: to the second, without being verified again.
#[tokio::test]
async fn a_token_seen_before_still_expires() {
    let world = World::start().await;
    let (fief, requirements) = (world.builder().build().unwrap(), Requirements::new());
    let token = world.token_with("exp", &NOW.to_string());
    world.stop_at(NOW + 59);
    fief.validate_access_token(&token, &requirements)
        .await
        .unwrap();
    world.server.advance(Duration::from_secs(1));
    assert_expired(fief.validate_access_token(&token, &requirements).await);
}

/// TV-21, TV-24
#[tokio::test]
async fn requirements_are_checked_at_each_use() {
    let world = World::start().await;
    let fief = world.builder().build().unwrap();
    let token = world.token();
    let plain = Requirements::new();
    fief.validate_access_token(&token, &plain).await.unwrap();
    for more in [
        plain.clone().scope("x"),
        plain.clone().acr(FiefAcr::LevelOne),
        plain.clone().permission("x"),
        plain.clone().any_permission(["x", "y"]),
        plain.clone().any_permission([""; 0]),
        plain.clone().max_age(Duration::from_secs(60)),
    ] {
        assert!(
            fief.validate_access_token(&token, &more).await.is_err(),
            "{more:?}"
        );
    }
    fief.validate_access_token(&token, &plain).await.unwrap();
}

/// TV-24: a cache belongs to one client.
#[tokio::test]
async fn what_one_client_has_seen_another_has_not() {
    let world = World::start().await;
    let requirements = Requirements::new();
    let token = world.token_with("aud", "\"other\"");
    let lax = world.builder().any_audience().build().unwrap();
    lax.validate_access_token(&token, &requirements)
        .await
        .unwrap();
    let strict = world.builder().build().unwrap();
    assert_invalid(
        strict.validate_access_token(&token, &requirements).await,
        "strict",
    );
}

/// TV-24: the whole token is compared.
#[tokio::test]
async fn the_signature_of_a_token_seen_before_opens_nothing_else() {
    let world = World::start().await;
    let (fief, requirements) = (world.builder().build().unwrap(), Requirements::new());
    let token = world.token();
    fief.validate_access_token(&token, &requirements)
        .await
        .unwrap();
    let (_, signature) = token.rsplit_once('.').unwrap();
    let other = world.signer.sign(HEADER, world.claims_with("acr", "\"1\""));
    let (text, _) = other.rsplit_once('.').unwrap();
    for forged in [
        format!("{text}.{signature}"),
        format!("x{token}"),
        token[1..].to_owned(),
    ] {
        assert_invalid(
            fief.validate_access_token(&forged, &requirements).await,
            &forged,
        );
    }
}

/// TV-24, RB-2: a cache of no or almost no size changes no result.
#[tokio::test]
async fn the_cache_can_be_small_or_off() {
    let world = World::start().await;
    let requirements = Requirements::new();
    for (bytes, entries) in [
        (0, 0),
        (0, 10),
        (10, 0),
        (1, 1),
        (4096, 1),
        (4096, 2),
        (1 << 40, 3),
    ] {
        let fief = world.builder().token_cache(bytes, entries).build().unwrap();
        for number in 0..5 {
            let token = world.token_with("jti", &number.to_string());
            fief.validate_access_token(&token, &requirements)
                .await
                .unwrap();
            let again = fief
                .validate_access_token(&token, &requirements)
                .await
                .unwrap();
            assert_eq!(again.access_token(), token);
        }
    }
}

/// TV-25, DJ-11: within ten minutes, also for a token that was seen before.
#[tokio::test]
async fn a_key_that_was_removed_stops_verifying() {
    let server = FiefTestServer::start().await;
    let fief = crate::client::fief(&server);
    let requirements = Requirements::new();
    let seen = server.access_token().mint();
    let new = server.access_token().claim("jti", 1).mint();
    fief.validate_access_token(&seen, &requirements)
        .await
        .unwrap();
    server.rotate_key();
    server.advance(Duration::from_secs(600));
    assert_invalid(
        fief.validate_access_token(&seen, &requirements).await,
        "seen",
    );
    assert_invalid(fief.validate_access_token(&new, &requirements).await, "new");
}

/// TV-25: a failed fetch does not bring a removed key back.
#[tokio::test]
async fn a_key_stays_withdrawn() {
    let server = FiefTestServer::start().await;
    server.set_time(SystemTime::now());
    let fief = crate::client::fief(&server);
    let requirements = Requirements::new();
    let old = server.access_token().mint();
    fief.validate_access_token(&old, &requirements)
        .await
        .unwrap();
    server.rotate_key();
    let new = server.access_token().mint();
    fief.validate_access_token(&new, &requirements)
        .await
        .unwrap();
    server.fault(Endpoint::Jwks, Fault::status(500));
    server.advance(Duration::from_secs(3600));
    fief.validate_access_token(&new, &requirements)
        .await
        .unwrap();
    let unknown = fief.validate_access_token(&old, &requirements).await;
    assert!(matches!(unknown, Err(FiefError::Request { .. })));
    assert_invalid(
        fief.validate_access_token(&old, &requirements).await,
        "in the cool-down",
    );
}

/// TV-24: a rejected token is not cached.
#[tokio::test]
async fn a_token_that_was_rejected_is_rejected_again() {
    let world = World::start().await;
    let fief = world.builder().build().unwrap();
    for claim in ["iss", "aud", "nonce"] {
        let token = world.token_with(claim, "\"x\"");
        for _ in 0..2 {
            assert_invalid(validate(&fief, &token).await, claim);
        }
    }
}

/// D7: keys that stay do not have seen tokens verified again.
#[tokio::test]
async fn a_renewal_forgets_no_token() {
    let counts = Counts::default();
    let _guard = metrics::set_default_local_recorder(&counts);
    let server = FiefTestServer::start().await;
    let fief = crate::client::fief(&server);
    let token = server.access_token().mint();
    for _ in 0..3 {
        validate(&fief, &token).await.unwrap();
        server.advance(Duration::from_secs(660));
    }
    assert_eq!(fetches(&server), 3);
    assert_eq!(counts.of(VERIFIED), 1);
    assert_eq!(counts.of(SEEN), 2);
}

/// TV-24, RB-2: in entries and bytes, including what a token's permissions and client take in addition to its text.
#[tokio::test]
async fn the_cache_is_bounded() {
    let world = World::start().await;
    let short = tokens(&world, "permissions", json!([]));
    let long = tokens(&world, "permissions", vec!["p"; 100].into());
    let of_client = tokens(&world, "azp", "c".repeat(4000).into());
    let (length, permissions) = (short[0].len() as u64, 100 * 40);
    let longest = of_client[0].len() as u64;
    for (bytes, entries, tokens, most) in [
        (1 << 30, 1000, &short, 60),
        (1 << 30, 10, &short, 10),
        (30 * length, 1000, &short, 30),
        (30 * permissions, 1000, &long, 30),
        (30 * longest, 1000, &of_client, 20),
    ] {
        let counts = Counts::default();
        let _guard = metrics::set_default_local_recorder(&counts);
        let fief = world.builder().token_cache(bytes, entries).build().unwrap();
        for token in tokens.iter().chain(tokens.iter().rev()) {
            validate(&fief, token).await.unwrap();
        }
        let seen = counts.of(SEEN);
        assert!((1..=most).contains(&seen), "{bytes} {entries}: {seen}");
    }
}

/// Sixty tokens that differ, each with this claim.
fn tokens(world: &World, claim: &str, value: Value) -> Vec<String> {
    let mut claims = world.claims();
    claims[claim] = value;
    let numbered = (0..60).map(|number| {
        claims["jti"] = number.into();
        world.signer.sign(HEADER, claims.to_string())
    });
    numbered.collect()
}

const SEEN: &str = "fief_client_access_tokens_total cached";
const VERIFIED: &str = "fief_client_access_tokens_total verified";
