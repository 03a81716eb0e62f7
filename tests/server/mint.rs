use std::time::{Duration, UNIX_EPOCH};

use fief_test_server::{Algorithm, FiefTestServer};
use serde_json::{Value, json};

use super::{http, userinfo};

#[tokio::test]
async fn a_minted_token_is_valid_until_something_is_changed() {
    let server = FiefTestServer::start().await;
    let token = || server.access_token();
    assert_eq!(userinfo(&server, &token().mint()).await.0, 200);
    let bad = [
        token().expired_ago(Duration::from_secs(61)).mint(),
        token().without_claim("sub").mint(),
        token().unpublished_key().mint(),
        token().algorithm(Algorithm::None).mint(),
        token()
            .algorithm(Algorithm::Hs256(b"secret".to_vec()))
            .mint(),
        token().header("alg", "RS512").mint(),
    ];
    for token in bad {
        assert_eq!(userinfo(&server, &token).await.0, 401, "{token}");
    }
}

#[tokio::test]
async fn a_minted_token_has_the_claims_that_were_set() {
    let server = FiefTestServer::start().await;
    let token = server
        .access_token()
        .permission("castles:create")
        .scope("castles")
        .acr("1")
        .claim("exp", json!("soon"))
        .without_claim("iss")
        .header("crit", json!(["b64"]))
        .mint();
    let claims = claims(&token);
    assert_eq!(claims["permissions"], json!(["castles:create"]));
    assert_eq!(claims["scope"], "openid castles");
    assert_eq!(claims["acr"], "1");
    assert_eq!(claims["exp"], "soon");
    assert_eq!(claims.get("iss"), None);
    assert_eq!(header(&token)["crit"], json!(["b64"]));
}

#[tokio::test]
async fn time_is_the_servers() {
    let server = FiefTestServer::start().await;
    let time = UNIX_EPOCH + Duration::from_secs(2_000_000_000);
    server.set_time(time);
    let token = server.access_token().mint();
    assert_eq!(claims(&token)["iat"], 2_000_000_000);
    assert_eq!(server.clock()(), time);

    server.advance(Duration::from_secs(86_400 + 61));
    assert_eq!(userinfo(&server, &token).await.0, 401);
}

#[tokio::test]
async fn a_rotated_key_is_gone_and_an_added_one_is_not_alone() {
    let server = FiefTestServer::start().await;
    let first = server.access_token().mint();
    server.add_key();
    assert_eq!(published(&server).await.len(), 2);
    assert_eq!(userinfo(&server, &first).await.0, 200);

    server.rotate_key();
    assert_eq!(published(&server).await, [server.kid()]);
    assert_eq!(userinfo(&server, &first).await.0, 401);
    assert_eq!(
        userinfo(&server, &server.access_token().mint()).await.0,
        200
    );
}

async fn published(server: &FiefTestServer) -> Vec<String> {
    let url = format!("{}/.well-known/jwks.json", server.url());
    let set: Value = http().get(url).send().await.unwrap().json().await.unwrap();
    let keys = set["keys"].as_array().unwrap().iter();
    keys.map(|key| key["kid"].as_str().unwrap().to_owned())
        .collect()
}

pub fn claims(token: &str) -> Value {
    part(token, 1)
}

fn header(token: &str) -> Value {
    part(token, 0)
}

fn part(token: &str, index: usize) -> Value {
    let part = token.split('.').nth(index).unwrap();
    serde_json::from_slice(&base64url(part)).unwrap()
}

fn base64url(text: &str) -> Vec<u8> {
    use base64::Engine as _;
    base64::engine::general_purpose::URL_SAFE_NO_PAD
        .decode(text)
        .unwrap()
}
