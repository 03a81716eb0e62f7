use std::time::Duration;

use serde_json::{Value, json};

use super::{
    Target,
    wire::{claims, members, text},
};

contract! {
    a_refresh_gives_a_new_token_and_ends_the_old_one,
    a_reused_token_does_not_end_the_new_one,
    a_refreshed_login_is_level_zero,
    a_scope_may_narrow_and_not_widen,
    narrowing_offline_access_away_is_the_end,
    another_clients_token_is_rejected,
    a_refresh_token_expires,
    a_deleted_users_token_is_rejected,
}

const OFFLINE: [(&str, Option<&str>); 1] = [("scope", Some("openid offline_access"))];

async fn a_refresh_gives_a_new_token_and_ends_the_old_one(fief: &Target) {
    let main = fief.client("main");
    let old = offline(fief, "main").await;
    let response = fief.refresh(main, text(&old["refresh_token"]), None).await;
    assert_eq!(response.status, 200);
    assert_eq!(response.header("cache-control"), Some("no-store"));
    let new = response.json();
    assert_eq!(
        members(&new),
        [
            "access_token",
            "expires_in",
            "id_token",
            "refresh_token",
            "token_type"
        ]
    );
    assert_ne!(new["refresh_token"], old["refresh_token"]);
    let again = fief.refresh(main, text(&old["refresh_token"]), None).await;
    assert_eq!(
        (again.status, again.json()),
        (400, json!({"error": "invalid_grant"}))
    );
}

async fn a_reused_token_does_not_end_the_new_one(fief: &Target) {
    let main = fief.client("main");
    let old = offline(fief, "main").await;
    let new = fief
        .refresh(main, text(&old["refresh_token"]), None)
        .await
        .json();
    fief.refresh(main, text(&old["refresh_token"]), None).await;
    let newer = fief.refresh(main, text(&new["refresh_token"]), None).await;
    assert_eq!(newer.status, 200);
}

async fn a_refreshed_login_is_level_zero(fief: &Target) {
    let changes = [OFFLINE[0], ("nonce", Some("a nonce"))];
    let old = fief.tokens("main", "anne@example.com", &changes).await;
    let response = fief
        .refresh(fief.client("main"), text(&old["refresh_token"]), None)
        .await;
    let new = response.json();
    let (before, after) = (claims(&old["id_token"]), claims(&new["id_token"]));
    assert_eq!((&before["acr"], &after["acr"]), (&json!("1"), &json!("0")));
    assert_eq!(claims(&new["access_token"])["acr"], "0");
    assert_eq!(after["auth_time"], before["auth_time"]);
    assert_eq!((after.get("nonce"), after.get("c_hash")), (None, None));
}

async fn a_scope_may_narrow_and_not_widen(fief: &Target) {
    let main = fief.client("main");
    let changes = [("scope", Some("openid offline_access castles"))];
    let old = fief.tokens("main", "anne@example.com", &changes).await;
    let token = text(&old["refresh_token"]);
    let wider = fief
        .refresh(main, token, Some("openid offline_access castles moats"))
        .await;
    assert_eq!(
        (wider.status, wider.json()),
        (400, json!({"error": "invalid_scope"}))
    );
    let narrow = fief
        .refresh(main, token, Some("offline_access"))
        .await
        .json();
    assert_eq!(claims(&narrow["access_token"])["scope"], "offline_access");
}

async fn narrowing_offline_access_away_is_the_end(fief: &Target) {
    let main = fief.client("main");
    let old = offline(fief, "main").await;
    let token = text(&old["refresh_token"]);
    let last = fief.refresh(main, token, Some("openid")).await.json();
    assert_eq!(last.get("refresh_token"), None);
    assert_eq!(fief.refresh(main, token, None).await.status, 400);
}

async fn another_clients_token_is_rejected(fief: &Target) {
    let tokens = offline(fief, "main").await;
    let token = text(&tokens["refresh_token"]);
    let response = fief.refresh(fief.client("other"), token, None).await;
    assert_eq!(response.json(), json!({"error": "invalid_grant"}));
    assert_eq!(
        fief.refresh(fief.client("main"), token, None).await.status,
        200
    );
}

async fn a_refresh_token_expires(fief: &Target) {
    let tokens = offline(fief, "short").await;
    fief.advance(Duration::from_secs(11)).await;
    let token = text(&tokens["refresh_token"]);
    let response = fief.refresh(fief.client("short"), token, None).await;
    assert_eq!(response.json(), json!({"error": "invalid_grant"}));
}

async fn a_deleted_users_token_is_rejected(fief: &Target) {
    let tokens = fief.tokens("main", "leaving@example.com", &OFFLINE).await;
    fief.delete_user("leaving@example.com").await;
    let token = text(&tokens["refresh_token"]);
    let response = fief.refresh(fief.client("main"), token, None).await;
    assert_eq!(response.json(), json!({"error": "invalid_grant"}));
    let info = fief.user_api(
        reqwest::Method::GET,
        "/api/userinfo",
        text(&tokens["access_token"]),
        None,
    );
    assert_eq!(info.await.status, 500);
}

async fn offline(fief: &Target, client: &str) -> Value {
    fief.tokens(client, "anne@example.com", &OFFLINE).await
}
