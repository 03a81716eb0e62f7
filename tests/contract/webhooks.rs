use aws_lc_rs::hmac::{HMAC_SHA256, Key, sign};
use reqwest::Method;
use serde_json::{Value, json};

use super::{
    Target,
    hook::{Delivery, Hook},
    wire::text,
};

contract! {
    a_changed_profile_is_delivered_and_signed,
}

async fn a_changed_profile_is_delivered_and_signed(fief: &Target) {
    let mut hook = Hook::listen().await;
    let tokens = fief.tokens("main", "profile@example.com", &[]).await;
    let secret = fief.webhook(&hook.url, "user.updated").await;
    let body = json!({"fields": {"first_name": "Hélène"}});
    let token = text(&tokens["access_token"]);
    fief.user_api(Method::PATCH, "/api/profile", token, Some(body))
        .await;

    let (Delivery { headers, body }, event) = event(&mut hook, "Hélène").await;
    let timestamp = headers["x-fief-webhook-timestamp"].to_str().unwrap();
    let key = Key::new(HMAC_SHA256, secret.as_bytes());
    let tag = sign(&key, format!("{timestamp}.{body}").as_bytes());
    assert_eq!(headers["x-fief-webhook-signature"], hex(tag.as_ref()));
    assert_eq!(headers["content-type"], "application/json");
    assert_eq!(event["type"], "user.updated");
    assert_eq!(event["data"]["email"], "profile@example.com");
    assert_eq!(event["data"]["tenant"]["default"], true);
}

/// The next event with this text in it, as it stands: other cases cause events too.
async fn event(hook: &mut Hook, text: &str) -> (Delivery, Value) {
    loop {
        let delivery = hook.delivery().await;
        if delivery.body.contains(text) {
            let event = serde_json::from_str(&delivery.body).unwrap();
            return (delivery, event);
        }
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
