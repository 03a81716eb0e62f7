//! Refreshes whose new tokens cannot be verified at once, since Fief has a new key and the keys cannot be
//! fetched.

use std::time::Duration;

use fief_test_server::{Endpoint, Fault, FiefTestServer};

use super::{
    Visitor, app, logged_in,
    refresh::{LIFETIME, refreshing, server},
    store::Memory,
};

/// Makes the next tokens unverifiable, and those of before expired or not.
fn lose_keys(server: &FiefTestServer, later: Duration) {
    server.rotate_key();
    server.fault(Endpoint::Jwks, Fault::status(503));
    server.advance(later);
    server.reset_requests();
}

fn find_keys(server: &FiefTestServer) {
    server.clear_faults();
    server.advance(Duration::from_secs(6));
}

/// FD-20, RF-9
#[tokio::test]
async fn the_tokens_of_a_refresh_are_kept_until_they_can_be_verified() {
    let server = server().await;
    let (_, mut visitor) = logged_in(&server, refreshing(&server)).await;
    lose_keys(&server, LIFETIME + Duration::from_secs(120));
    assert_eq!(visitor.open("/castles").await.status, 503);
    find_keys(&server);
    assert_eq!(visitor.open("/castles").await.status, 200);
    assert_eq!(server.requests(Endpoint::Token), 1);
    // And its refresh token is the new one.
    server.advance(LIFETIME);
    assert_eq!(visitor.open("/castles").await.status, 200);
}

/// FD-20: a JWKS that is empty for a moment.
#[tokio::test]
async fn the_tokens_of_a_refresh_outlive_keys_that_are_missing_for_a_moment() {
    let server = server().await;
    let (_, mut visitor) = logged_in(&server, refreshing(&server)).await;
    server.rotate_key();
    let empty = Fault::json(serde_json::json!({ "keys": [] }));
    server.fault(Endpoint::Jwks, empty);
    server.advance(LIFETIME + Duration::from_secs(120));
    server.reset_requests();
    assert_eq!(visitor.open("/castles").await.status, 503);
    find_keys(&server);
    assert_eq!(visitor.open("/castles").await.status, 200);
    assert_eq!(server.requests(Endpoint::Token), 1);
}

/// FD-20: meanwhile, the access token of before is valid.
#[tokio::test]
async fn a_valid_session_goes_on_while_its_new_tokens_are_not_verified() {
    let server = server().await;
    let (_, mut visitor) = logged_in(&server, refreshing(&server)).await;
    lose_keys(&server, LIFETIME - Duration::from_secs(30));
    for _ in 0..3 {
        assert_eq!(visitor.open("/castles").await.status, 200);
        server.advance(Duration::from_secs(6));
    }
    find_keys(&server);
    server.advance(Duration::from_secs(120));
    assert_eq!(visitor.open("/castles").await.status, 200);
    assert_eq!(server.requests(Endpoint::Token), 1);
}

/// FD-20, D12: with a store, each machine goes on.
#[tokio::test]
async fn another_machine_verifies_the_tokens_of_a_refresh() {
    let server = server().await;
    let store = Memory::default();
    let auth = || refreshing(&server).session_store(store.clone());
    let (_, mut visitor) = logged_in(&server, auth()).await;
    let mut other: Visitor = visitor.at(app(&auth().build().unwrap()));
    lose_keys(&server, LIFETIME + Duration::from_secs(120));
    assert_eq!(visitor.open("/castles").await.status, 503);
    assert_eq!(other.open("/castles").await.status, 503);
    find_keys(&server);
    assert_eq!(other.open("/castles").await.status, 200);
    assert_eq!(visitor.open("/castles").await.status, 200);
    assert_eq!(server.requests(Endpoint::Token), 1);
    server.advance(LIFETIME);
    assert_eq!(visitor.open("/castles").await.status, 200);
}

/// D12: the refresh token is used, also once its response is forgotten.
#[tokio::test]
async fn in_cookies_unverified_tokens_are_kept_for_ten_minutes() {
    let server = server().await;
    let (_, mut visitor) = logged_in(&server, refreshing(&server)).await;
    lose_keys(&server, LIFETIME + Duration::from_secs(120));
    for _ in 0..12 {
        assert_eq!(visitor.open("/castles").await.status, 503);
        server.advance(Duration::from_secs(54));
    }
    server.clear_faults();
    assert_eq!(visitor.open("/castles").await.status, 303);
    assert_eq!(server.requests(Endpoint::Token), 1);
}

/// RF-9: the tokens are not forgotten, and neither is a logout.
#[tokio::test]
async fn a_session_with_unverified_tokens_can_be_ended() {
    let server = server().await;
    let store = Memory::default();
    let auth = || refreshing(&server).session_store(store.clone());
    let (_, mut visitor) = logged_in(&server, auth()).await;
    let mut copied = visitor.at(app(&auth().build().unwrap()));
    lose_keys(&server, LIFETIME + Duration::from_secs(120));
    assert_eq!(visitor.open("/castles").await.status, 503);
    visitor.open("/logout").await;
    find_keys(&server);
    assert_eq!(copied.open("/castles").await.status, 303);
}

/// SE-10: a store knows no token, also while it is not verified.
#[tokio::test]
async fn unverified_tokens_are_sealed() {
    let server = server().await;
    let store = Memory::default();
    let builder = refreshing(&server).session_store(store.clone());
    let (_, mut visitor) = logged_in(&server, builder).await;
    lose_keys(&server, LIFETIME + Duration::from_secs(120));
    visitor.open("/castles").await;
    assert!(!store.shows_tokens());
}
