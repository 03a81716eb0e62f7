//! Streams, and the tokens that they get from their sessions.

use std::time::Duration;

use axum::http::Method;
use fief_axum::FiefAuthBuilder;
use fief_test_server::{Endpoint, FiefTestServer};
use tokio::time::timeout;

use super::{
    app, builder, ended,
    lifetime::{long, server as month_server},
    logged_in,
    refresh::{LIFETIME, refreshing, server},
    store::Memory,
};
use crate::web::EMAIL;

const SECOND: Duration = Duration::from_secs(1);
const HOUR: Duration = Duration::from_secs(3600);

/// A stream that gets a token again and again, with a store.
#[tokio::test]
async fn a_stream_with_a_store_gets_tokens_for_as_long_as_its_session_lasts() {
    let server = server().await;
    let builder = refreshing(&server).session_store(Memory::default());
    let (auth, visitor) = logged_in(&server, builder).await;
    let session = ended::session(&auth, &visitor).await;
    server.advance(LIFETIME - 30 * SECOND);
    assert!(session.access_token().await.is_ok());
    server.advance(120 * SECOND);
    assert!(session.access_token().await.is_ok(), "the second token");
    assert_eq!(visitor.clone().open("/castles").await.status, 200);
}

/// Another tab has refreshed the session.
async fn refreshed_by_another_request(server: &FiefTestServer, builder: FiefAuthBuilder) {
    let (auth, mut visitor) = logged_in(server, builder).await;
    let session = ended::session(&auth, &visitor).await;
    server.advance(LIFETIME - 30 * SECOND);
    assert_eq!(visitor.open("/castles").await.status, 200);
    server.advance(120 * SECOND);
    assert_eq!(visitor.open("/castles").await.status, 200);
    assert!(session.access_token().await.is_ok());
}

#[tokio::test]
async fn with_a_store_a_stream_gets_a_token_after_another_request_refreshed_its_session() {
    let server = server().await;
    let builder = refreshing(&server).session_store(Memory::default());
    refreshed_by_another_request(&server, builder).await;
}

#[tokio::test]
async fn in_cookies_a_stream_gets_a_token_after_another_request_refreshed_its_session() {
    let server = server().await;
    refreshed_by_another_request(&server, refreshing(&server)).await;
}

/// `select!` in a loop calls `ended` again for each message.
#[tokio::test]
async fn waiting_again_does_not_end_a_session_that_was_refreshed() {
    let server = server().await;
    let (auth, mut visitor) = logged_in(&server, refreshing(&server)).await;
    let session = ended::session(&auth, &visitor).await;
    server.advance(LIFETIME - 30 * SECOND);
    assert_eq!(visitor.open("/castles").await.status, 200);
    server.advance(120 * SECOND);
    assert_eq!(visitor.open("/castles").await.status, 200);
    let ended = timeout(3 * SECOND, session.ended()).await;
    assert!(ended.is_err(), "it has ended");
}

#[tokio::test]
async fn a_session_that_has_expired_gives_no_more_tokens() {
    for store in [Some(Memory::default()), None] {
        let server = FiefTestServer::start().await;
        let builder = builder(&server).session_lifetime(600 * SECOND);
        let builder = match store {
            Some(store) => builder.session_store(store),
            None => builder,
        };
        let (auth, visitor) = logged_in(&server, builder).await;
        let session = ended::session(&auth, &visitor).await;
        server.advance(1200 * SECOND);
        assert_eq!(visitor.clone().open("/castles").await.status, 303);
        assert!(session.access_token().await.is_err());
    }
}

/// Also not new ones.
#[tokio::test]
async fn a_session_that_has_expired_is_not_refreshed() {
    let server = server().await;
    let builder = refreshing(&server).session_lifetime(24 * HOUR);
    let (auth, visitor) = logged_in(&server, builder).await;
    let session = ended::session(&auth, &visitor).await;
    server.advance(30 * HOUR);
    server.reset_requests();
    let token = session.access_token().await;
    assert!(token.is_err());
    assert_eq!(server.requests(Endpoint::Token), 0);
}

/// It was ended on another machine.
#[tokio::test]
async fn a_session_that_was_ended_elsewhere_gives_no_more_tokens() {
    let server = server().await;
    let store = Memory::default();
    let auth = || refreshing(&server).session_store(store.clone());
    let (here, visitor) = logged_in(&server, auth()).await;
    let session = ended::session(&here, &visitor).await;
    let there = auth().build().unwrap();
    let mut other = visitor.at(app(&there));
    assert_eq!(other.fetch(Method::POST, "/logout").await.status, 303);
    assert_eq!(visitor.clone().open("/castles").await.status, 303);
    assert!(session.access_token().await.is_err());
}

/// FD-83: SE-4
#[tokio::test]
async fn a_stream_of_an_unproven_session_ends() {
    let server = month_server().await;
    let (auth, visitor) = logged_in(&server, long(&server)).await;
    let session = ended::session(&auth, &visitor).await;
    server.delete_user(EMAIL);
    server.advance(25 * HOUR);
    assert_eq!(
        visitor.clone().fetch(Method::GET, "/castles").await.status,
        401
    );
    timeout(5 * SECOND, session.ended()).await.unwrap();
}
