//! Sessions that last longer than a day.

use std::{sync::Arc, time::Duration};

use axum::{Router, http::Method, routing::get};
use fief_axum::{Authenticated, FiefAuthBuilder};
use fief_test_server::{Client, Endpoint, Fault, FiefTestServer};

use super::{builder, logged_in};
use crate::web::EMAIL;

const HOUR: Duration = Duration::from_secs(3600);
const MONTH: Duration = Duration::from_secs(30 * 24 * 3600);

/// Starts a server with access tokens that outlive each session.
pub async fn server() -> FiefTestServer {
    let client = Client::new("castles").token_lifetime(2 * MONTH);
    let server = FiefTestServer::builder().client(client);
    server.start().await.unwrap()
}

pub fn long(server: &FiefTestServer) -> FiefAuthBuilder {
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

/// SE-4: a page that asks again and again, each time for 20 seconds.
#[tokio::test]
async fn a_browser_of_slow_requests_is_not_idle() {
    let server = Arc::new(FiefTestServer::start().await);
    let (auth, visitor) = logged_in(&server, builder(&server)).await;
    let clock = Arc::clone(&server);
    let slow = get(move |_: Authenticated| {
        let clock = Arc::clone(&clock);
        async move { clock.advance(Duration::from_secs(20)) }
    });
    let mut visitor = visitor.at(Router::new().route("/slow", slow).layer(auth.layer()));
    for request in 0..200 {
        let status = visitor.fetch(Method::GET, "/slow").await.status;
        assert_eq!(status, 200, "request {request}");
    }
}
