use aws_lc_rs::rsa::KeySize;
use fief_client::{FiefError, Requirements};
use fief_test_server::{Algorithm, Endpoint, Fault};
use serde_json::{Value, json};

use super::{Signer, World, assert_invalid};

async fn with_header(
    world: &World,
    header: &str,
) -> Result<fief_client::FiefAccessTokenInfo, FiefError> {
    let token = world.signer.sign(header, world.claims().to_string());
    world.validate(&token).await
}

/// TV-1: also if the signature is valid.
#[tokio::test]
async fn only_rs256_is_an_algorithm() {
    let world = World::start().await;
    for alg in [
        "none", "None", "NONE", "nOnE", "", "rs256", " RS256", "RS256 ", "RS384", "RS512", "PS256",
        "ES256", "HS256", "EdDSA", "RSA1_5",
    ] {
        let header = json!({"alg": alg, "kid": "signer"}).to_string();
        assert_invalid(with_header(&world, &header).await, alg);
    }
    for alg in ["null", "256", "[\"RS256\"]", "{\"RS256\":null}"] {
        let header = format!(r#"{{"alg":{alg},"kid":"signer"}}"#);
        assert_invalid(with_header(&world, &header).await, alg);
    }
    assert_invalid(with_header(&world, r#"{"kid":"signer"}"#).await, "no alg");
    assert!(
        with_header(&world, r#"{"alg":"\u0052S256","kid":"signer"}"#)
            .await
            .is_ok()
    );
}

/// TV-2: a secret that is published is not a key.
#[tokio::test]
async fn a_symmetric_key_verifies_nothing() {
    let world = World::start().await;
    let secret = json!({"kty": "oct", "kid": "secret", "alg": "RS256", "k": "c2VjcmV0"});
    let keys = json!({"keys": [secret, world.signer.jwk()]});
    world.server.fault(Endpoint::Jwks, Fault::json(keys));
    for secret in [b"secret".to_vec(), world.signer.modulus()] {
        let token = world
            .server
            .access_token()
            .algorithm(Algorithm::Hs256(secret));
        for kid in ["secret", "signer"] {
            let token = token.clone().header("kid", kid);
            assert_invalid(world.validate(&token.clone().mint()).await, kid);
            assert_invalid(
                world.validate(&token.header("alg", "RS256").mint()).await,
                kid,
            );
        }
    }
}

/// TV-6
#[tokio::test]
async fn a_critical_extension_is_rejected() {
    let world = World::start().await;
    for crit in [r#"["b64"]"#, r#"["exp"]"#, "[]", "null", "\"b64\"", "true"] {
        let header = format!(r#"{{"alg":"RS256","kid":"signer","b64":true,"crit":{crit}}}"#);
        assert_invalid(with_header(&world, &header).await, crit);
    }
}

/// TV-7: a key that the token brings along is neither used nor fetched.
#[tokio::test]
async fn a_key_in_the_header_is_not_used() {
    let world = World::start().await;
    let attacker = Signer::new(KeySize::Rsa2048);
    let elsewhere = format!("{}/api/userinfo", world.server.url());
    for (name, value) in [
        ("jwk", attacker.jwk()),
        ("jku", Value::from(elsewhere.clone())),
        ("x5u", Value::from(elsewhere)),
        ("x5c", json!(["MIIB"])),
    ] {
        let header = json!({"alg": "RS256", "kid": "signer", name: value}).to_string();
        let token = attacker.sign(&header, world.claims().to_string());
        assert_invalid(world.validate(&token).await, name);
        assert!(with_header(&world, &header).await.is_ok(), "{name}");
    }
    assert_eq!(world.server.requests(Endpoint::Userinfo), 0);
}

/// TV-7, TV-8: `kid` is a string that is compared whole.
#[tokio::test]
async fn a_key_id_is_compared_and_nothing_else() {
    let world = World::start().await;
    for kid in [
        "\"\"",
        "\"Signer\"",
        "\"signer \"",
        "\"sign\"",
        "\"../signer\"",
        "null",
        "1",
        "[\"signer\"]",
    ] {
        let header = format!(r#"{{"alg":"RS256","kid":{kid}}}"#);
        assert_invalid(with_header(&world, &header).await, kid);
    }
}

/// TV-8
#[tokio::test]
async fn a_token_without_a_key_id_needs_a_single_key() {
    let world = World::start().await;
    let token = world
        .signer
        .sign(r#"{"alg":"RS256"}"#, world.claims().to_string());
    world.validate(&token).await.unwrap();
    let mut other = Signer::new(KeySize::Rsa2048).jwk();
    other["kid"] = "other".into();
    let keys = json!({"keys": [world.signer.jwk(), other]});
    world.server.fault(Endpoint::Jwks, Fault::json(keys));
    world.server.reset_requests();
    assert_invalid(world.validate(&token).await, "two keys");
    assert_eq!(world.server.requests(Endpoint::Jwks), 1);
}

/// TV-11: claims that are not verified change nothing, not even the error.
#[tokio::test]
async fn the_signature_is_checked_before_the_claims() {
    let world = World::start().await;
    let attacker = Signer::new(KeySize::Rsa2048);
    let error = world
        .validate(&attacker.sign(super::HEADER, world.claims().to_string()))
        .await;
    let expected = error.unwrap_err().to_string();
    for claims in [
        world.claims_with("exp", "0"),
        world.claims_with("iss", "\"x\""),
        "junk".to_owned(),
    ] {
        let result = world.validate(&attacker.sign(super::HEADER, claims)).await;
        assert_eq!(result.unwrap_err().to_string(), expected);
    }
}

/// TV-22
#[tokio::test]
async fn a_type_must_be_that_of_an_access_token() {
    let world = World::start().await;
    let typed = |typ: &str| format!(r#"{{"alg":"RS256","kid":"signer","typ":{typ}}}"#);
    for good in [
        "\"JWT\"",
        "\"jwt\"",
        "\"at+jwt\"",
        "\"AT+JWT\"",
        "\"application/at+jwt\"",
    ] {
        assert!(with_header(&world, &typed(good)).await.is_ok(), "{good}");
    }
    for bad in [
        "\"id_token\"",
        "\"logout+jwt\"",
        "\"dpop+jwt\"",
        "\"\"",
        "null",
        "[\"JWT\"]",
    ] {
        assert_invalid(with_header(&world, &typed(bad)).await, bad);
    }
    let fief = world.builder().build().unwrap();
    let id_token = world
        .signer
        .sign(super::HEADER, world.claims_with("at_hash", "\"x\""));
    let result = fief
        .validate_access_token(&id_token, &Requirements::new())
        .await;
    assert_invalid(result, "an ID token");
}
