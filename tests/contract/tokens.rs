use aws_lc_rs::digest::{SHA256, digest};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use jsonwebtoken::{Algorithm, DecodingKey, Validation, jwk::JwkSet};
use serde_json::{Value, json};

use super::{
    Target,
    wire::{claims, members, part, text},
};

contract! {
    an_access_token_has_the_user_and_the_permissions,
    an_id_token_has_the_user,
    the_nonce_comes_back_only_when_sent,
    the_hashes_bind_code_and_access_token,
    both_tokens_are_signed_with_the_published_key,
    an_unknown_scope_is_granted_as_requested,
    lifetimes_are_the_clients,
}

async fn an_access_token_has_the_user_and_the_permissions(fief: &Target) {
    let tokens = fief.tokens("main", "anne@example.com", &[]).await;
    let token = claims(&tokens["access_token"]);
    let names = [
        "acr",
        "aud",
        "auth_time",
        "azp",
        "exp",
        "iat",
        "iss",
        "permissions",
        "scope",
        "sub",
    ];
    assert_eq!(members(&token), names);
    let id = &fief.client("main").id;
    assert_eq!(token["aud"], json!([id]));
    assert_eq!(token["azp"], json!(id));
    assert_eq!(token["iss"], json!(fief.issuer));
    assert_eq!(
        (&token["acr"], &token["scope"]),
        (&json!("1"), &json!("openid"))
    );
    assert_eq!(token["sub"], claims(&tokens["id_token"])["sub"]);
    assert_eq!(
        token["exp"].as_u64().unwrap() - token["iat"].as_u64().unwrap(),
        86_400
    );
    let permissions = token["permissions"].as_array().unwrap();
    let mut permissions: Vec<&str> = permissions.iter().map(text).collect();
    permissions.sort_unstable();
    assert_eq!(permissions, ["castles:create", "castles:read"]);
}

async fn an_id_token_has_the_user(fief: &Target) {
    let tokens = fief.tokens("main", "anne@example.com", &[]).await;
    let token = claims(&tokens["id_token"]);
    let names = [
        "acr",
        "at_hash",
        "aud",
        "auth_time",
        "azp",
        "c_hash",
        "email",
        "email_verified",
        "exp",
        "fields",
        "iat",
        "is_active",
        "iss",
        "sub",
        "tenant_id",
    ];
    assert_eq!(members(&token), names);
    assert_eq!(token["email"], "anne@example.com");
    assert_eq!(
        (&token["email_verified"], &token["is_active"]),
        (&json!(true), &json!(true))
    );
    let fields = json!({"birthdate": "1477-01-25", "first_name": "Anne", "newsletter": true});
    assert_eq!(token["fields"], fields);
    for id in ["sub", "tenant_id"] {
        let uuid = text(&token[id]);
        assert_eq!(uuid::Uuid::parse_str(uuid).unwrap().to_string(), uuid);
    }
}

async fn the_nonce_comes_back_only_when_sent(fief: &Target) {
    let tokens = fief
        .tokens("main", "anne@example.com", &[("nonce", Some("a nonce"))])
        .await;
    assert_eq!(claims(&tokens["id_token"])["nonce"], "a nonce");
}

async fn the_hashes_bind_code_and_access_token(fief: &Target) {
    let code = fief.code("main", "anne@example.com", &[]).await;
    let tokens = fief.exchange(fief.client("main"), &code).await.json();
    let token = claims(&tokens["id_token"]);
    assert_eq!(token["c_hash"], half_hash(&code));
    assert_eq!(token["at_hash"], half_hash(text(&tokens["access_token"])));
}

async fn both_tokens_are_signed_with_the_published_key(fief: &Target) {
    let tokens = fief.tokens("main", "anne@example.com", &[]).await;
    let set: JwkSet =
        serde_json::from_value(fief.get("/.well-known/jwks.json").await.json()).unwrap();
    let mut rules = Validation::new(Algorithm::RS256);
    rules.set_audience(&[&fief.client("main").id]);
    rules.set_issuer(&[&fief.issuer]);
    for token in ["access_token", "id_token"] {
        let header = part(&tokens[token], 0);
        assert_eq!(members(&header), ["alg", "kid"]);
        let key = DecodingKey::from_jwk(set.find(text(&header["kid"])).unwrap()).unwrap();
        jsonwebtoken::decode::<Value>(text(&tokens[token]), &key, &rules).unwrap();
    }
}

async fn an_unknown_scope_is_granted_as_requested(fief: &Target) {
    let scope = "moats openid castles";
    let tokens = fief
        .tokens("main", "louis@example.com", &[("scope", Some(scope))])
        .await;
    let token = claims(&tokens["access_token"]);
    assert_eq!(
        (&token["scope"], &token["permissions"]),
        (&json!(scope), &json!([]))
    );
}

async fn lifetimes_are_the_clients(fief: &Target) {
    let tokens = fief.tokens("short", "anne@example.com", &[]).await;
    assert_eq!(tokens["expires_in"], 5);
    for token in ["access_token", "id_token"] {
        let token = claims(&tokens[token]);
        assert_eq!(
            token["exp"].as_u64().unwrap() - token["iat"].as_u64().unwrap(),
            5
        );
    }
}

fn half_hash(value: &str) -> String {
    let hash = digest(&SHA256, value.as_bytes());
    URL_SAFE_NO_PAD.encode(&hash.as_ref()[..16])
}
