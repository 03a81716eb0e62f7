use std::time::Duration;

use aws_lc_rs::hmac::{HMAC_SHA256, Key, sign};
use axum::{Router, body::Bytes, routing::post};
use http::HeaderMap;
use reqwest::Method;
use serde_json::{Value, json};
use tokio::{
    net::TcpListener,
    sync::mpsc::{UnboundedReceiver, unbounded_channel},
};

use super::{Target, wire::text};

contract! {
    a_changed_profile_is_told_and_signed,
}

async fn a_changed_profile_is_told_and_signed(fief: &Target) {
    let (url, mut deliveries) = listen().await;
    let secret = fief.webhook(&url, "user.updated").await;
    let tokens = fief.tokens("main", "profile@example.com", &[]).await;
    let token = text(&tokens["access_token"]);
    fief.user_api(
        Method::PATCH,
        "/api/profile",
        token,
        Some(json!({"fields": {"first_name": "Hélène"}})),
    )
    .await;

    let wait = tokio::time::timeout(Duration::from_secs(30), deliveries.recv());
    let (headers, body) = wait.await.unwrap().unwrap();
    let timestamp = headers["x-fief-webhook-timestamp"].to_str().unwrap();
    let message = [timestamp.as_bytes(), b".", &body].concat();
    let tag = sign(&Key::new(HMAC_SHA256, secret.as_bytes()), &message);
    assert_eq!(headers["x-fief-webhook-signature"], hex(tag.as_ref()));
    assert_eq!(headers["content-type"], "application/json");
    let event: Value = serde_json::from_slice(&body).unwrap();
    assert_eq!(event["type"], "user.updated");
    assert_eq!(event["data"]["email"], "profile@example.com");
    assert_eq!(event["data"]["tenant"]["default"], true);
    assert!(String::from_utf8_lossy(&body).contains("Hélène"));
}

/// An address that takes deliveries, and what arrives there.
async fn listen() -> (String, UnboundedReceiver<(HeaderMap, Bytes)>) {
    let (sender, receiver) = unbounded_channel();
    let take = async move |headers: HeaderMap, body: Bytes| {
        let _ = sender.send((headers, body));
    };
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/hook", listener.local_addr().unwrap());
    let app = Router::new().route("/hook", post(take));
    tokio::spawn(async { axum::serve(listener, app).await });
    (url, receiver)
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
