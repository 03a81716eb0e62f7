//! Sessions that last longer than a day.

use std::time::Duration;

use axum::http::Method;
use fief_axum::FiefAuthBuilder;
use fief_test_server::{Client, Endpoint, Fault, FiefTestServer};

use super::{builder, logged_in};
use crate::web::EMAIL;

const HOUR: Duration = Duration::from_secs(3600);
const MONTH: Duration = Duration::from_secs(30 * 24 * 3600);

/// Starts a server with access tokens that outlive each session.
async fn server() -> FiefTestServer {
    let client = Client::new("castles").token_lifetime(2 * MONTH);
    let server = FiefTestServer::builder().client(client);
    server.start().await.unwrap()
}

fn long(server: &FiefTestServer) -> FiefAuthBuilder {
    builder(server)
        .offline_access()
        .session_lifetime(MONTH)
        .idle_timeout(MONTH)
}

/// FD-83, SE-4
#[tokio::test]
async fn a_long_session_is_proven_once_a_day() {
    let server = server().await;
    let (_, mut visitor) = logged_in(&server, long(&server)).await;
    server.advance(23 * HOUR);
    assert_eq!(visitor.open("/castles").await.status, 200);
    assert_eq!(server.requests(Endpoint::Token), 1);
    server.advance(2 * HOUR);
    assert_eq!(visitor.open("/castles").await.status, 200);
    assert_eq!(visitor.open("/castles").await.status, 200);
    assert_eq!(server.requests(Endpoint::Token), 2);
}

/// FD-83, SE-4
#[tokio::test]
async fn an_unproven_session_waits_for_fief() {
    let server = server().await;
    let (_, mut visitor) = logged_in(&server, long(&server)).await;
    server.advance(25 * HOUR);
    assert_eq!(visitor.fetch(Method::HEAD, "/castles").await.status, 401);
    server.fault(Endpoint::Token, Fault::status(503));
    let response = visitor.fetch(Method::GET, "/castles").await;
    assert_eq!(response.status, 503);
    assert_eq!(response.header("set-cookie"), "");
    server.clear_faults();
    server.advance(Duration::from_secs(6));
    assert_eq!(visitor.fetch(Method::GET, "/castles").await.status, 200);
}

/// FD-83, SE-4
#[tokio::test]
async fn a_long_session_ends_with_its_user() {
    let server = server().await;
    let (_, mut visitor) = logged_in(&server, long(&server)).await;
    server.delete_user(EMAIL);
    server.advance(23 * HOUR);
    assert_eq!(visitor.fetch(Method::GET, "/castles").await.status, 200);
    server.advance(2 * HOUR);
    assert_eq!(visitor.fetch(Method::GET, "/castles").await.status, 401);
}

/// SE-4
#[tokio::test]
async fn no_session_lasts_longer_than_a_month() {
    let server = server().await;
    let (_, mut visitor) = logged_in(&server, long(&server)).await;
    for _ in 0..29 {
        server.advance(24 * HOUR);
        assert_eq!(visitor.fetch(Method::GET, "/castles").await.status, 200);
    }
    server.advance(25 * HOUR);
    assert_eq!(visitor.fetch(Method::GET, "/castles").await.status, 401);
}

/// FD-83: a setting without effect is an error.
#[tokio::test]
async fn lifetimes_that_cannot_be_kept_are_rejected() {
    let server = FiefTestServer::start().await;
    let error = |builder: FiefAuthBuilder| builder.build().err().unwrap().to_string();
    let too_long = long(&server).session_lifetime(MONTH + HOUR);
    assert!(error(too_long).contains("30 days"));
    let unproven = builder(&server).session_lifetime(25 * HOUR);
    assert!(error(unproven).contains("offline_access"));
    let without_effect = builder(&server).idle_timeout(25 * HOUR);
    assert!(error(without_effect).contains("idle_timeout"));
    builder(&server).session_lifetime(HOUR / 2).build().unwrap();
}
