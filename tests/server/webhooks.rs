use axum::{Router, body::Bytes, extract::State, http::HeaderMap, routing::post};
use fief_test_server::FiefTestServer;
use serde_json::{Value, json};
use tokio::{net::TcpListener, sync::mpsc};

use super::EMAIL;
use crate::client::tls;

type Deliveries = mpsc::UnboundedReceiver<(HeaderMap, Bytes)>;

#[tokio::test]
async fn changes_of_users_are_delivered_and_signed() {
    let (server, mut deliveries) = with_webhook().await;
    server.set_active(EMAIL, false);
    let (headers, body) = deliveries.recv().await.unwrap();
    let event: Value = serde_json::from_slice(&body).unwrap();
    assert_eq!(event["type"], "user.updated");
    assert_eq!(event["data"]["is_active"], false);
    assert_eq!(event["data"]["id"], json!(server.user_id(EMAIL)));
    assert_eq!(event["data"]["tenant"]["default"], true);
    assert_eq!(headers["x-fief-webhook-signature"].len(), 64);
    assert_eq!(headers["x-fief-webhook-timestamp"], "2000000000");
}

#[tokio::test]
async fn permissions_come_and_go() {
    let (server, mut deliveries) = with_webhook().await;
    server.set_permissions(EMAIL, ["castles:read"]);
    server.set_permissions(EMAIL, [""; 0]);
    let mut kinds = [next(&mut deliveries).await, next(&mut deliveries).await];
    kinds.sort_unstable();
    assert_eq!(
        kinds,
        ["user_permission.created", "user_permission.deleted"]
    );
}

#[tokio::test]
async fn any_event_can_be_sent() {
    let (server, mut deliveries) = with_webhook().await;
    server.send_webhook("role.updated", json!({"name": "castles"}));
    assert_eq!(next(&mut deliveries).await, "role.updated");
}

#[tokio::test]
#[should_panic(expected = "ftp://example.com")]
async fn an_address_of_another_scheme_is_rejected() {
    let server = FiefTestServer::start().await;
    server.add_webhook("ftp://example.com", "secret");
}

/// Also to a name that resolves to several addresses, and behind a certificate of no known authority.
#[tokio::test]
async fn changes_are_delivered_by_https() {
    let (server, mut deliveries) = with_webhook().await;
    let (first, _) = deliveries_of(&server, &mut deliveries).await;
    let plain = format!("http://{}", first["host"].to_str().unwrap());
    let address = tls::proxy_to(&plain, tls::EXPIRED).await;
    server.add_webhook(format!("{address}/hook"), "secret");
    server.set_active(EMAIL, true);
    let kinds = [next(&mut deliveries).await, next(&mut deliveries).await];
    assert_eq!(kinds, ["user.updated", "user.updated"]);
}

async fn deliveries_of(server: &FiefTestServer, deliveries: &mut Deliveries) -> (HeaderMap, Bytes) {
    server.set_active(EMAIL, false);
    deliveries.recv().await.unwrap()
}

async fn next(deliveries: &mut Deliveries) -> String {
    let (_, body) = deliveries.recv().await.unwrap();
    let event: Value = serde_json::from_slice(&body).unwrap();
    event["type"].as_str().unwrap().to_owned()
}

async fn with_webhook() -> (FiefTestServer, Deliveries) {
    let (sender, deliveries) = mpsc::unbounded_channel();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/hook?x=1", listener.local_addr().unwrap());
    let app = Router::new().route("/hook", post(keep)).with_state(sender);
    tokio::spawn(async { axum::serve(listener, app).await });

    let server = FiefTestServer::start().await;
    server.add_webhook(url, "secret");
    server.set_time(std::time::UNIX_EPOCH + std::time::Duration::from_secs(2_000_000_000));
    (server, deliveries)
}

async fn keep(
    State(sender): State<mpsc::UnboundedSender<(HeaderMap, Bytes)>>,
    headers: HeaderMap,
    body: Bytes,
) {
    sender.send((headers, body)).unwrap();
}
