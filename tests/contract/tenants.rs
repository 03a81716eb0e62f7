use reqwest::Method;
use serde_json::json;

use super::{
    Target,
    wire::{claims, send, text},
};

contract! {
    a_tenant_has_its_own_issuer_endpoints_and_key,
    a_tenants_tokens_name_its_issuer,
    a_token_is_rejected_by_another_tenant,
    a_client_is_not_known_to_another_tenant,
    a_user_is_not_known_to_another_tenant,
    the_token_endpoint_does_not_look_at_the_tenant,
}

const CLAUDE: &str = "claude@example.com";

async fn a_tenant_has_its_own_issuer_endpoints_and_key(fief: &Target) {
    let document = fief
        .get("/second/.well-known/openid-configuration")
        .await
        .json();
    assert_eq!(document["issuer"], json!(format!("{}/second", fief.issuer)));
    let endpoint = format!("{}/second/api/token", fief.base_url);
    assert_eq!(document["token_endpoint"], json!(endpoint));
    let ours = fief.get("/second/.well-known/jwks.json").await.json();
    let theirs = fief.get("/.well-known/jwks.json").await.json();
    assert_ne!(ours["keys"][0]["n"], theirs["keys"][0]["n"]);
}

async fn a_tenants_tokens_name_its_issuer(fief: &Target) {
    let tokens = fief.tokens("second", CLAUDE, &[]).await;
    let issuer = format!("{}/second", fief.issuer);
    for token in ["access_token", "id_token"] {
        assert_eq!(claims(&tokens[token])["iss"], json!(issuer));
    }
    let token = text(&tokens["access_token"]);
    let info = fief
        .user_api(Method::GET, "/second/api/userinfo", token, None)
        .await;
    assert_eq!(info.json()["email"], CLAUDE);
}

async fn a_token_is_rejected_by_another_tenant(fief: &Target) {
    let tokens = fief.tokens("second", CLAUDE, &[]).await;
    let token = text(&tokens["access_token"]);
    let info = fief
        .user_api(Method::GET, "/api/userinfo", token, None)
        .await;
    assert_eq!(
        (info.status, info.json()),
        (401, json!({"detail": "Unauthorized"}))
    );
}

async fn a_client_is_not_known_to_another_tenant(fief: &Target) {
    let url = fief.authorize_url("second", &[]).replace("/second/", "/");
    let response = send(fief.http.get(url)).await;
    assert_eq!(response.status, 400);
    assert_eq!(response.header("x-fief-error"), Some("invalid_client"));
}

async fn a_user_is_not_known_to_another_tenant(fief: &Target) {
    let mut browser = fief.browser();
    let url = fief.authorize_url("main", &[]);
    let page = fief.log_in(&mut browser, CLAUDE, &url).await;
    assert_eq!(page.headers["x-fief-error"], "bad_credentials");
}

async fn the_token_endpoint_does_not_look_at_the_tenant(fief: &Target) {
    let code = fief.code("second", CLAUDE, &[]).await;
    let mut client = fief.client("second").clone();
    client.base_url.clone_from(&fief.base_url);
    let response = fief.exchange(&client, &code).await;
    assert_eq!(response.status, 200);
    let token = claims(&response.json()["access_token"]);
    assert_eq!(token["iss"], json!(fief.issuer));
    assert_eq!(token["aud"], json!([client.id]));
}
