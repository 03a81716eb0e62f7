use fief_client::Fief;
use serde_json::json;

use super::{SUB, World, assert_invalid};
use crate::keys::validate;

/// TV-12
#[tokio::test]
async fn the_issuer_is_one_string_and_equal() {
    let world = World::start().await;
    let issuer = world.server.issuer();
    for bad in [
        json!([issuer]),
        json!(null),
        json!(format!("{issuer}/")),
        json!(issuer.to_uppercase()),
        json!(issuer[..issuer.len() - 1]),
        json!(format!(" {issuer}")),
        json!({"iss": issuer}),
        json!(""),
    ] {
        assert_invalid(world.claim("iss", &bad.to_string()).await, &bad.to_string());
    }
}

/// TV-13
#[tokio::test]
async fn the_audience_contains_this_client() {
    let world = World::start().await;
    let client = world.server.client_id();
    for good in [json!([client]), json!(["other", client])] {
        world.claim("aud", &good.to_string()).await.unwrap();
    }
    for bad in [
        json!([]),
        json!(""),
        json!(null),
        json!(1),
        json!({client: true}),
        json!([[client]]),
        json!([client, 1]),
        json!([client, null]),
        json!(format!("{client}x")),
        json!(format!("x {client}")),
        json!(client[1..]),
    ] {
        assert_invalid(world.claim("aud", &bad.to_string()).await, &bad.to_string());
    }
}

/// TV-13: any audience is not none.
#[tokio::test]
async fn any_audience_is_still_an_audience() {
    let world = World::start().await;
    let fief = world.builder().any_audience().build().unwrap();
    let requirements = fief_client::Requirements::new();
    for (aud, is_good) in [
        ("\"x\"", true),
        ("[\"x\"]", true),
        ("[]", false),
        ("\"\"", false),
        ("1", false),
    ] {
        let token = world
            .signer
            .sign(super::HEADER, world.claims_with("aud", aud));
        let result = fief.validate_access_token(&token, &requirements).await;
        assert_eq!(result.is_ok(), is_good, "{aud}");
    }
}

/// TV-13
#[tokio::test]
async fn the_audience_has_its_case() {
    let world = World::start().await;
    let fief = Fief::builder(world.server.url(), "Castles")
        .clock(world.server.clock())
        .build()
        .unwrap();
    for (aud, is_good) in [
        (r#""Castles""#, true),
        (r#""castles""#, false),
        (r#"["CASTLES"]"#, false),
    ] {
        let result = validate(&fief, &world.token_with("aud", aud)).await;
        assert_eq!(result.is_ok(), is_good, "{aud}");
    }
}

/// TV-13, D3: they come on top of this one.
#[tokio::test]
async fn other_audiences_do_not_replace_this_client() {
    let world = World::start().await;
    let fief = world.builder().audiences(["spa"]).build().unwrap();
    validate(&fief, &world.token()).await.unwrap();
}

/// TV-18
#[tokio::test]
async fn the_subject_is_a_hyphenated_uuid() {
    let world = World::start().await;
    let upper = world
        .claim("sub", &json!(SUB.to_uppercase()).to_string())
        .await
        .unwrap();
    assert_eq!(upper.id().to_string(), SUB);
    for bad in [
        json!(SUB.replace('-', "")),
        json!(format!("{{{SUB}}}")),
        json!(format!("urn:uuid:{SUB}")),
        json!(format!("{SUB} ")),
        json!(format!("{SUB}\0")),
        json!(""),
        json!(1),
        json!(null),
    ] {
        assert_invalid(world.claim("sub", &bad.to_string()).await, &bad.to_string());
    }
}

/// TV-19
#[tokio::test]
async fn scopes_are_separated_by_spaces_alone() {
    let world = World::start().await;
    let info = world
        .claim("scope", r#""openid  a\tb c\nd E ""#)
        .await
        .unwrap();
    assert_eq!(info.scope(), ["openid", "a\tb", "c\nd", "E"]);
    assert!(!info.has_scope("a") && !info.has_scope("e") && !info.has_scope(""));
    for bad in ["null", "[\"openid\"]", "1", "{}"] {
        assert_invalid(world.claim("scope", bad).await, bad);
    }
}

/// TV-20
#[tokio::test]
async fn acr_is_one_of_two_strings() {
    let world = World::start().await;
    for bad in [
        "1",
        "1.0",
        "true",
        "null",
        "\"2\"",
        "\"01\"",
        "\"1 \"",
        "\"\"",
        "\"LevelOne\"",
        "[\"1\"]",
        r#"{"1":null}"#,
    ] {
        assert_invalid(world.claim("acr", bad).await, bad);
    }
}

/// TV-21
#[tokio::test]
async fn permissions_are_an_array_of_strings() {
    let world = World::start().await;
    for bad in [
        "null",
        "\"castles:create\"",
        r#"{"castles:create":true}"#,
        "[1]",
        "[null]",
        "[[\"a\"]]",
    ] {
        assert_invalid(world.claim("permissions", bad).await, bad);
    }
    let info = world
        .claim("permissions", r#"["castles:create"]"#)
        .await
        .unwrap();
    assert!(!info.has_permission("castles:creat") && !info.has_permission("castles:create:all"));
}

/// TV-19, TV-21
#[tokio::test]
async fn scopes_and_permissions_are_whole_words() {
    let world = World::start().await;
    let scoped = world.claim("scope", r#""read write""#).await.unwrap();
    for other in ["read:all", "rea", "Read", "ad", "read write", ""] {
        assert!(!scoped.has_scope(other), "{other}");
    }
    let permitted = world.claim("permissions", r#"["read"]"#).await.unwrap();
    for other in ["read:all", "rea", "Read", "ad", ""] {
        assert!(!permitted.has_permission(other), "{other}");
    }
}

/// TV-22: with any value.
#[tokio::test]
async fn an_id_token_is_no_access_token() {
    let world = World::start().await;
    for name in ["nonce", "c_hash", "at_hash"] {
        for value in ["\"x\"", "null", "\"\"", "[]"] {
            assert_invalid(world.claim(name, value).await, name);
        }
    }
    let id_token = world.server.id_token().nonce("n").mint();
    world.server.clear_faults();
    assert_invalid(
        world.validate(&id_token).await,
        "without scope and permissions",
    );
}
