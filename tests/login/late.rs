//! Responses that arrive late, and those in which two write the session.

use std::{sync::Arc, time::Duration};

use axum::{
    Router,
    extract::Request,
    middleware::{self, Next},
    routing::get,
};
use fief_axum::{Authenticated, CurrentSession, FiefAuthBuilder};
use fief_test_server::{Endpoint, Fault, FiefTestServer};

use super::{
    Visitor, ahead, app, builder, builder_with, key, logged_in,
    refresh::{LIFETIME, refreshing, server},
    visitor::page,
};

fn sets_session(cookies: &[String]) -> bool {
    cookies
        .iter()
        .any(|cookie| cookie.starts_with("__Host-fief_session"))
}

/// FD-8, SE-15: seeing a user again never writes the session.
#[tokio::test]
async fn a_renewal_does_not_rewrite_the_session() {
    let server = FiefTestServer::start().await;
    let (_, visitor) = logged_in(&server, builder(&server)).await;
    server.advance(Duration::from_secs(90));
    let (response, cookies) = visitor.send_once(page("/castles", "none")).await;
    assert_eq!(response.status, 200);
    assert!(!sets_session(&cookies));
    assert!(cookies[0].starts_with("__Host-fief_seen="), "{cookies:?}");
}

/// FD-8, FD-9, SE-15: a slow page in another process, while this one refreshes the session.
#[tokio::test]
async fn a_late_response_brings_no_older_session_back() {
    let server = Arc::new(server().await);
    let (_, old) = logged_in(&server, refreshing(&server)).await;
    server.advance(Duration::from_secs(120));
    let clock = Arc::clone(&server);
    let slow = get(move |_: Authenticated| {
        let clock = Arc::clone(&clock);
        async move { clock.advance(Duration::from_secs(90)) }
    });
    let other = refreshing(&server).build().unwrap();
    let slow = old.at(Router::new().route("/slow", slow).layer(other.layer()));

    let (response, cookies) = slow.send_once(page("/slow", "none")).await;

    assert_eq!(response.status, 200);
    assert_eq!(cookies, [""; 0]);
}

/// FD-9, SE-15: the browser has had the refreshed session for long, and another process may have
/// refreshed it again.
#[tokio::test]
async fn a_response_that_outlasts_a_refresh_writes_no_session() {
    let server = Arc::new(server().await);
    let (auth, visitor) = logged_in(&server, refreshing(&server)).await;
    server.advance(LIFETIME);
    let (clock, other) = (Arc::clone(&server), visitor.clone());
    let slow = get(move |_: Authenticated| {
        let (clock, other) = (Arc::clone(&clock), other.clone());
        async move {
            let (_, cookies) = other.send_once(page("/castles", "none")).await;
            assert!(sets_session(&cookies));
            clock.advance(LIFETIME);
        }
    });
    let slow = visitor.at(Router::new().route("/slow", slow).layer(auth.layer()));

    let (response, cookies) = slow.send_once(page("/slow", "none")).await;

    assert_eq!(response.status, 200);
    assert!(!sets_session(&cookies), "{} cookies", cookies.len());
}

/// FD-9, SE-15: meanwhile, another request has refreshed what it would write.
#[tokio::test]
async fn a_response_writes_no_session_that_was_refreshed_again() {
    let server = Arc::new(server().await);
    let sooner = refreshing(&server).refresh_after(Duration::from_secs(10));
    let (auth, visitor) = logged_in(&server, sooner).await;
    server.advance(Duration::from_secs(15));
    let (clock, other) = (Arc::clone(&server), visitor.clone());
    let slow = get(move |_: Authenticated| {
        let (clock, other) = (Arc::clone(&clock), other.clone());
        async move {
            clock.advance(Duration::from_secs(15));
            let (_, cookies) = other.send_once(page("/castles", "none")).await;
            assert!(sets_session(&cookies));
        }
    });
    let slow = visitor.at(Router::new().route("/slow", slow).layer(auth.layer()));

    let (response, cookies) = slow.send_once(page("/slow", "none")).await;

    assert_eq!(server.requests(Endpoint::Token), 3);
    assert_eq!(response.status, 200);
    assert!(!sets_session(&cookies), "{} cookies", cookies.len());
}

/// D12: otherwise the refresh would be lost.
#[tokio::test]
async fn a_late_response_writes_a_session_that_the_browser_does_not_have() {
    let server = Arc::new(server().await);
    let (auth, visitor) = logged_in(&server, refreshing(&server)).await;
    server.advance(LIFETIME);
    let clock = Arc::clone(&server);
    let slow = get(move |_: Authenticated| {
        let clock = Arc::clone(&clock);
        async move { clock.advance(LIFETIME) }
    });
    let slow = visitor.at(Router::new().route("/slow", slow).layer(auth.layer()));

    let (response, cookies) = slow.send_once(page("/slow", "none")).await;

    assert_eq!(response.status, 200);
    assert!(sets_session(&cookies));
}

/// Returns a browser at an application with a middleware that authenticates each request, and its callback. The old
/// session was valid when the login began.
async fn about_to_log_in_again(
    server: &FiefTestServer,
    auth: FiefAuthBuilder,
) -> (Visitor, String) {
    let auth = auth.build().unwrap();
    let look =
        async |_: Option<Authenticated>, request: Request, next: Next| next.run(request).await;
    let app = app(&auth)
        .layer(middleware::from_fn(look))
        .layer(auth.layer());
    let mut visitor = Visitor::new(app);
    visitor.log_in(server, "/login").await;
    server.advance(LIFETIME - Duration::from_secs(100));
    let callback = visitor.begin(server, "/login").await;
    server.advance(Duration::from_secs(200));
    (visitor, callback)
}

fn written_sessions(cookies: &[String]) -> usize {
    let is_session = |cookie: &&String| cookie.starts_with("__Host-fief_session=");
    cookies.iter().filter(is_session).count()
}

/// FD-10, SE-15
#[tokio::test]
async fn a_login_is_written_once_although_the_old_session_has_expired() {
    let server = server().await;
    let (mut visitor, callback) = about_to_log_in_again(&server, builder(&server)).await;
    let (_, cookies) = visitor.send_once(page(&callback, "none")).await;
    visitor.store_cookies(&cookies);
    assert_eq!(written_sessions(&cookies), 1);
    assert_eq!(visitor.open("/castles").await.status, 200);
}

/// SE-15
#[tokio::test]
async fn a_login_is_written_once_although_the_old_session_is_refreshed() {
    let server = server().await;
    let (visitor, callback) = about_to_log_in_again(&server, refreshing(&server)).await;
    server.reset_requests();
    let (_, cookies) = visitor.send_once(page(&callback, "none")).await;
    assert_eq!(written_sessions(&cookies), 1);
    // The refresh, and the exchange.
    assert_eq!(server.requests(Endpoint::Token), 2);
}

/// FD-1, SE-16: in cookies, in the same second.
#[tokio::test]
async fn a_login_right_after_a_revocation_counts() {
    let server = FiefTestServer::start().await;
    let (auth, before) = logged_in(&server, builder(&server)).await;
    let user = server.user_id(crate::web::EMAIL);

    auth.revoke_user_sessions(user).await.unwrap();
    let mut after = Visitor::new(app(&auth));
    after.log_in(&server, "/login").await;

    assert_eq!(after.open("/castles").await.status, 200);
    assert_eq!(before.clone().open("/castles").await.status, 303);
}

/// FD-2, SE-16: in cookies of another process, whose clock is ahead or behind.
#[tokio::test]
async fn a_revocation_counts_for_sessions_of_other_clocks() {
    let server = FiefTestServer::start().await;
    for [session, revocation] in [[5, 0], [0, 5]] {
        let auth = |seconds| builder_with(&server, ahead(&server, seconds), key());
        let (_, visitor) = logged_in(&server, auth(session)).await;
        server.advance(Duration::from_secs(2));
        let auth = auth(revocation).build().unwrap();
        auth.revoke_user_sessions(server.user_id(crate::web::EMAIL))
            .await
            .unwrap();
        assert_eq!(visitor.at(app(&auth)).open("/castles").await.status, 303);
    }
}

async fn id(session: CurrentSession) -> String {
    session.id().unwrap().to_string()
}

/// SE-1: also if the session is the same for `CurrentSession`.
#[tokio::test]
async fn each_login_has_a_session_of_its_own() {
    let server = FiefTestServer::start().await;
    let (auth, visitor) = logged_in(&server, builder(&server)).await;
    let app = || {
        Router::new()
            .route("/id", get(id))
            .merge(auth.routes())
            .layer(auth.layer())
    };
    let mut visitor = visitor.at(app());
    let first = visitor.open("/id").await.body;
    visitor.log_in(&server, "/login").await;
    assert_ne!(visitor.open("/id").await.body, first);
}

/// The first response of two leaves the session out, since it is being refreshed again. That fails.
#[tokio::test(flavor = "multi_thread")]
async fn in_cookies_a_response_that_does_not_write_the_session_leaves_that_to_the_next_one() {
    let server = Arc::new(server().await);
    let sooner = refreshing(&server).refresh_after(Duration::from_secs(10));
    let (auth, visitor) = logged_in(&server, sooner).await;
    server.advance(Duration::from_secs(61));
    let (sender, mut second) = tokio::sync::mpsc::unbounded_channel();
    let (clock, other) = (Arc::clone(&server), visitor.clone());
    let slow = get(move |_: Authenticated| {
        let (server, other, sender) = (Arc::clone(&clock), other.clone(), sender.clone());
        async move {
            server.advance(Duration::from_secs(15));
            server.fault(Endpoint::Token, Fault::hang());
            let other = async move { other.send_once(page("/castles", "none")).await };
            sender.send(tokio::spawn(other)).unwrap();
            server.wait_for_requests(Endpoint::Token, 3).await;
        }
    });
    let slow = visitor.at(Router::new().route("/slow", slow).layer(auth.layer()));
    let (first, first_cookies) = slow.send_once(page("/slow", "none")).await;
    let (second, second_cookies) = second.recv().await.unwrap().await.unwrap();
    assert_eq!((first.status.as_u16(), second.status.as_u16()), (200, 200));
    assert!(sets_session(&first_cookies) || sets_session(&second_cookies));
}
