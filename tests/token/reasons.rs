//! What is wrong with a token is said by kind, with the name of the claim.

use std::time::Duration;

use fief_client::{FiefError, Reason, Requirements};
use serde_json::{Value, json};
use tracing::Level;

use super::{HEADER, NOW, Signer, World, assert_invalid};
use crate::{client::log::Log, keys::validate, web::metrics::Counts};

/// Returns what the error of a token says, without the beginning that all share.
async fn why(world: &World, token: &str) -> String {
    why_invalid(&world.validate(token).await.unwrap_err())
}

fn why_invalid(error: &FiefError) -> String {
    let text = error.to_string();
    let why = text.strip_prefix("the access token is invalid: ");
    why.unwrap_or(&text).to_owned()
}

/// FD-74, TV-28: nine broken claims, and more.
#[tokio::test]
async fn each_broken_claim_is_named() {
    let world = World::start().await;
    world.stop_at(NOW);
    for (name, value, says) in [
        ("iss", json!("https://other.example"), "has a wrong value"),
        ("iss", json!([world.server.issuer()]), "is of a wrong type"),
        ("aud", json!("other"), "has a wrong value"),
        ("aud", json!([1]), "is of a wrong type"),
        ("azp", json!(null), "is of a wrong type"),
        ("exp", json!("soon"), "is of a wrong type"),
        ("exp", json!(253_402_300_800_u64), "has a wrong value"),
        ("iat", json!(null), "is of a wrong type"),
        ("nbf", json!("1"), "is of a wrong type"),
        ("sub", json!("anne"), "has a wrong value"),
        ("sub", json!(1), "is of a wrong type"),
        ("scope", json!(["openid"]), "is of a wrong type"),
        ("acr", json!("2"), "has a wrong value"),
        ("acr", json!(1), "is of a wrong type"),
        ("permissions", json!("a"), "is of a wrong type"),
        ("permissions", json!([1]), "is of a wrong type"),
        ("auth_time", json!(true), "is of a wrong type"),
        ("nonce", json!("x"), "must not be present"),
        ("at_hash", json!(null), "must not be present"),
    ] {
        let token = world.token_with(name, &value.to_string());
        assert_eq!(why(&world, &token).await, format!("its {name} {says}"));
    }
    for name in [
        "iss",
        "aud",
        "exp",
        "iat",
        "sub",
        "scope",
        "acr",
        "permissions",
    ] {
        let mut claims = world.claims();
        claims.as_object_mut().unwrap().remove(name);
        let token = world.signer.sign(HEADER, claims.to_string());
        assert_eq!(why(&world, &token).await, format!("its {name} is missing"));
    }
}

/// FD-74, TV-28: and each part of a token that is none of Fief's.
#[tokio::test]
async fn what_is_wrong_with_the_form_is_named() {
    let world = World::start().await;
    let claims = world.claims().to_string();
    let good = world.token();
    let twice = claims.replacen('{', r#"{"iss":"x","#, 1);
    let header = |header: &str| world.signer.sign(header, &claims);
    for (token, says) in [
        ("undefined".to_owned(), "its structure cannot be parsed"),
        ("x".repeat(20_000), "it is too long"),
        ("a.b.c".to_owned(), "its header cannot be parsed"),
        (header(r#"{"kid":"signer"}"#), "its alg is missing"),
        (header(r#"{"alg":1}"#), "its alg is of a wrong type"),
        (
            header(r#"{"alg":"RS256","kid":null}"#),
            "its kid is of a wrong type",
        ),
        (
            header(r#"{"alg":"HS256"}"#),
            "its algorithm is not accepted",
        ),
        (
            header(r#"{"alg":"RS256","kid":"signer","crit":[]}"#),
            "its crit must not be present",
        ),
        (
            header(r#"{"alg":"RS256","kid":"signer","typ":"logout+jwt"}"#),
            "its typ has a wrong value",
        ),
        (
            header(r#"{"alg":"RS256","kid":"other"}"#),
            "it is signed with an unknown key",
        ),
        (format!("{good}="), "its signature cannot be parsed"),
        (format!("{good}AAAA"), "its signature is wrong"),
        (
            world.signer.sign(HEADER, "[]"),
            "its claims cannot be parsed",
        ),
        (
            world.signer.sign(HEADER, &twice),
            "its claims cannot be parsed",
        ),
    ] {
        assert_eq!(why(&world, &token).await, says);
    }
}

/// FD-72, TV-26: whatever it contains, also if the token was seen by a client before.
#[tokio::test]
async fn a_token_that_is_bound_to_its_sender_is_rejected() {
    let world = World::start().await;
    let fief = world.builder().build().unwrap();
    for cnf in [
        r#"{"jkt":"0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I"}"#,
        r#"{"x5t#S256":"bwcK0esc3ACC3DB2Y5_lESsXE8o9ltc05O89jdN-dg2"}"#,
        "{}",
        "null",
        "false",
        "\"\"",
        "[]",
    ] {
        for _ in 0..2 {
            let result = validate(&fief, &world.token_with("cnf", cnf)).await;
            let is_bound = matches!(result, Err(FiefError::AccessTokenInvalid(Reason::Bound)));
            assert!(is_bound, "{cnf}: {result:?}");
        }
    }
}

/// FD-93, TV-28: by how much, in the error and in the log, there once a minute.
#[tokio::test]
async fn clocks_that_differ_are_said_to_differ() {
    let world = World::start().await;
    world.stop_at(NOW);
    let fief = world.builder().build().unwrap();
    fief.prefetch_keys().await.unwrap();
    let (log, _guard) = Log::of(Level::WARN);
    let warnings = || log.text().matches("the clock of Fief is ahead").count();
    let says = "in the future: the clocks of Fief and of this machine differ";
    for name in ["iat", "nbf"] {
        let token = world.token_with(name, &(NOW + 300).to_string());
        let error = validate(&fief, &token).await.unwrap_err();
        assert_eq!(why_invalid(&error), format!("its {name} is 300 s {says}"));
        assert!(log.text().contains("seconds=300"), "{}", log.text());
        assert_eq!(warnings(), 1);
    }
    world.stop_at(NOW + 60);
    let token = world.token_with("iat", &(NOW + 300).to_string());
    let error = validate(&fief, &token).await.unwrap_err();
    assert_eq!(why_invalid(&error), format!("its iat is 240 s {says}"));
    assert_eq!(warnings(), 2);
}

/// FD-93, FD-71: a login in the future is one too; what is not signed by Fief is none.
#[tokio::test]
async fn only_tokens_of_fief_say_that_clocks_differ() {
    let world = World::start().await;
    world.stop_at(NOW);
    let fief = world.builder().build().unwrap();
    fief.prefetch_keys().await.unwrap();
    let (log, _guard) = Log::of(Level::WARN);
    let ahead = (NOW + 300).to_string();
    let stranger = Signer::new(aws_lc_rs::rsa::KeySize::Rsa2048);
    let forged = stranger.sign(HEADER, world.claims_with("iat", &ahead));
    assert_invalid(validate(&fief, &forged).await, "forged");
    assert_eq!(log.text(), "");
    let token = world.token_with("auth_time", &ahead);
    let recent = Requirements::new().max_age(Duration::from_secs(300));
    fief.validate_access_token(&token, &recent)
        .await
        .unwrap_err();
    assert!(log.text().contains("seconds=300"), "{}", log.text());
}

/// FD-74, TV-28: the time since then is in the error.
#[tokio::test]
async fn an_expired_token_says_since_when() {
    let world = World::start().await;
    world.stop_at(NOW + 90);
    let token = world.token_with("exp", &NOW.to_string());
    let error = world.validate(&token).await.unwrap_err();
    assert_eq!(
        error.to_string(),
        "the access token has expired: its exp was 90 s ago"
    );
    assert_eq!(error.reason().unwrap().label(), "expired");
}

/// FD-74, TV-28: expired differs from invalid, and each reason from the others.
#[tokio::test]
async fn rejected_tokens_are_counted_and_logged_by_reason() {
    let counts = Counts::default();
    let _recorder = metrics::set_default_local_recorder(&counts);
    let (log, _guard) = Log::of(Level::DEBUG);
    let world = World::start().await;
    let fief = world.builder().build().unwrap();
    for (name, value) in [
        ("exp", "0"),
        ("aud", "\"x\""),
        ("aud", "null"),
        ("iss", "\"x\""),
    ] {
        validate(&fief, &world.token_with(name, value))
            .await
            .unwrap_err();
    }
    for (outcome, count) in [("expired", 1), ("rejected", 3)] {
        let name = format!("fief_client_access_tokens_total {outcome}");
        assert_eq!(counts.of(&name), count, "{name}");
    }
    for (reason, count) in [("expired", 1), ("wrong_type", 1), ("wrong_value", 2)] {
        let name = format!("fief_client_rejections_total access_token {reason}");
        assert_eq!(counts.of(&name), count, "{name}");
        assert!(log.text().contains(&format!("reason=\"{reason}\"")));
    }
    assert!(
        log.text()
            .contains("the access token is invalid: its iss has a wrong value")
    );
}

/// TV-28, LG-1: neither a text nor `Debug` shows what a token contains.
#[tokio::test]
async fn a_reason_shows_nothing_of_the_token() {
    let world = World::start().await;
    let secret = "SECRET\n\u{1b}[31m";
    let mut tokens = Vec::new();
    for name in [
        "iss",
        "aud",
        "azp",
        "exp",
        "sub",
        "scope",
        "acr",
        "permissions",
        "nonce",
        "cnf",
    ] {
        for value in [json!(secret), json!({secret: secret}), json!([secret, 1])] {
            let mut claims = world.claims();
            claims[name] = value;
            claims[secret] = secret.into();
            tokens.push(world.signer.sign(HEADER, claims.to_string()));
        }
    }
    for name in ["alg", "kid", "typ", "crit"] {
        let mut header: Value = serde_json::from_str(HEADER).unwrap();
        header[name] = secret.into();
        tokens.push(
            world
                .signer
                .sign(header.to_string(), world.claims().to_string()),
        );
    }
    for token in tokens {
        // `azp` and `scope` may be any string.
        if let Err(error) = world.validate(&token).await {
            let shown = format!("{error} {error:?}");
            assert!(!shown.contains("SECRET"), "{shown}");
        }
    }
}
