//! Tokens of a refresh that are verified late, or never.

use std::time::Duration;

use axum::http::Method;
use fief_test_server::{Endpoint, Fault};
use tokio::time::sleep;

use super::{
    app,
    lifetime::{long, server as month_server},
    logged_in,
    refresh::{LIFETIME, refreshing, server},
    store::Memory,
};
use crate::web::EMAIL;

const SECOND: Duration = Duration::from_secs(1);
const HOUR: Duration = Duration::from_secs(3600);

/// Without a store: the keys are back, and the browser is quiet for a minute.
#[tokio::test(flavor = "multi_thread")]
async fn in_cookies_tokens_that_are_verified_late_wait_for_their_browser() {
    let server = server().await;
    let (_, mut visitor) = logged_in(&server, refreshing(&server)).await;
    server.rotate_key();
    server.fault(Endpoint::Jwks, Fault::status(503));
    server.advance(LIFETIME - 30 * SECOND);
    server.reset_requests();
    assert_eq!(visitor.open("/castles").await.status, 200);
    server.clear_faults();
    server.advance(6 * SECOND);
    // Longer than it takes to verify them in the background.
    sleep(8 * SECOND).await;

    server.advance(60 * SECOND);
    assert_eq!(visitor.open("/castles").await.status, 200);
}

/// Fief never publishes the key of the new tokens.
#[tokio::test]
async fn tokens_that_are_never_verified_do_not_lock_their_user_out() {
    for store in [None, Some(Memory::default())] {
        let server = server().await;
        let kind = if store.is_some() { "store" } else { "cookies" };
        let builder = match &store {
            Some(store) => refreshing(&server).session_store(store.clone()),
            None => refreshing(&server),
        };
        let (_, mut visitor) = logged_in(&server, builder).await;
        let keys = reqwest::get(format!("{}/.well-known/jwks.json", server.url())).await;
        let keys: serde_json::Value = keys.unwrap().json().await.unwrap();
        server.rotate_key();
        server.fault(Endpoint::Jwks, Fault::json(keys));
        server.advance(LIFETIME - 30 * SECOND);
        assert_eq!(visitor.open("/castles").await.status, 200, "{kind}");
        server.advance(120 * SECOND);
        assert_eq!(visitor.open("/castles").await.status, 503, "{kind}");
        for _ in 0..8 {
            server.advance(HOUR / 2);
            visitor.open("/castles").await;
        }
        assert_eq!(visitor.open("/castles").await.status, 303, "{kind}");
    }
}

/// In cookies, while its user goes on to open pages.
#[tokio::test]
async fn in_cookies_tokens_that_are_never_verified_do_not_lock_an_active_user_out() {
    let server = server().await;
    let (_, mut visitor) = logged_in(&server, refreshing(&server)).await;
    let keys = reqwest::get(format!("{}/.well-known/jwks.json", server.url())).await;
    let keys: serde_json::Value = keys.unwrap().json().await.unwrap();
    server.rotate_key();
    server.fault(Endpoint::Jwks, Fault::json(keys));
    server.advance(LIFETIME - 30 * SECOND);
    assert_eq!(visitor.open("/castles").await.status, 200);
    for _ in 0..40 {
        server.advance(300 * SECOND);
        visitor.open("/castles").await;
    }
    assert_eq!(visitor.open("/castles").await.status, 303);
}

/// FD-83: SE-4: the proof is when Fief issued the tokens, not when they were verified.
#[tokio::test]
async fn tokens_that_are_verified_late_prove_nothing_new() {
    let server = month_server().await;
    let builder = long(&server).session_store(Memory::default());
    let (_, mut visitor) = logged_in(&server, builder).await;
    server.advance(23 * HOUR);
    // This renews the keys, and not the session.
    visitor.fetch(Method::HEAD, "/castles").await;
    server.rotate_key();
    server.fault(Endpoint::Jwks, Fault::status(503));
    server.advance(HOUR + 120 * SECOND);
    assert_eq!(visitor.open("/castles").await.status, 503);
    assert_eq!(server.requests(Endpoint::Token), 2);
    server.delete_user(EMAIL);
    server.advance(20 * HOUR);
    server.clear_faults();
    let late = visitor.open("/castles").await.status;
    server.advance(20 * HOUR);
    assert_eq!(visitor.open("/castles").await.status, 303, "{late}");
}

/// FD-20: D12: the other machine has the new tokens, and waits for the key that they are signed with.
#[tokio::test(flavor = "multi_thread")]
async fn a_refresh_that_waits_for_a_key_ends_no_session_elsewhere() {
    let server = server().await;
    let store = Memory::default();
    let auth = || refreshing(&server).session_store(store.clone());
    let (_, here) = logged_in(&server, auth()).await;
    let there = here.at(app(&auth().build().unwrap()));
    server.advance(LIFETIME + 120 * SECOND);
    here.clone().fetch(Method::HEAD, "/castles").await;
    there.clone().fetch(Method::HEAD, "/castles").await;
    server.rotate_key();
    server.reset_requests();
    server.fault(Endpoint::Jwks, Fault::hang());
    let mut first = here.clone();
    let first = tokio::spawn(async move { first.open("/castles").await.status });
    server.wait_for_requests(Endpoint::Jwks, 1).await;
    let second = there.clone().open("/castles").await.status;
    server.clear_faults();
    let first = first.await.unwrap();
    server.advance(6 * SECOND);
    let later = there.clone().open("/castles").await.status;
    assert_ne!(second, 303, "{first}, later {later}");
}
