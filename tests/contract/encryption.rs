use serde_json::json;

use super::{
    Target,
    wire::{members, part, text},
};

contract! {
    an_encrypted_id_token_names_its_key,
    an_access_token_is_never_encrypted,
    a_refreshed_id_token_is_encrypted_too,
}

const ANNE: &str = "anne@example.com";

async fn an_encrypted_id_token_names_its_key(fief: &Target) {
    let tokens = fief.tokens("encrypted", ANNE, &[]).await;
    assert_eq!(text(&tokens["id_token"]).split('.').count(), 5);
    let header = part(&tokens["id_token"], 0);
    assert_eq!(members(&header), ["alg", "enc", "kid"]);
    assert_eq!(
        (&header["alg"], &header["enc"]),
        (&json!("RSA-OAEP-256"), &json!("A256CBC-HS512"))
    );
    assert_eq!(header["kid"], fief.encryption_key("encrypted")["kid"]);
}

async fn an_access_token_is_never_encrypted(fief: &Target) {
    let tokens = fief.tokens("encrypted", ANNE, &[]).await;
    assert_eq!(text(&tokens["access_token"]).split('.').count(), 3);
}

async fn a_refreshed_id_token_is_encrypted_too(fief: &Target) {
    let offline = [("scope", Some("openid offline_access"))];
    let tokens = fief.tokens("encrypted", ANNE, &offline).await;
    let client = fief.client("encrypted");
    let refreshed = fief
        .refresh(client, text(&tokens["refresh_token"]), None)
        .await;
    assert_eq!(text(&refreshed.json()["id_token"]).split('.').count(), 5);
}
