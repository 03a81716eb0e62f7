//! Rejections by `/api/userinfo`, which are cached for a short time.

use std::time::Duration;

use axum::{Router, routing::get};
use fief_axum::{Authenticated, CurrentUser};
use fief_test_server::{Endpoint, Fault, FiefTestServer};
use serde_json::json;
use tokio::task::JoinSet;

use super::{EMAIL, api, call, one, send, status};

fn app(server: &FiefTestServer) -> Router {
    one(get(async |_: CurrentUser| "inside"))
        .route("/token", get(async |_: Authenticated| "inside"))
        .layer(api(server).layer())
}

/// Two tokens of one user.
fn tokens(server: &FiefTestServer) -> (String, String) {
    let (first, second) = (server.access_token(), server.access_token().acr("1"));
    (first.mint(), second.mint())
}

/// Userinfo of a user that is no longer active.
fn inactive(server: &FiefTestServer) -> Fault {
    Fault::json(json!({"sub": server.user_id(EMAIL), "is_active": false}))
}

/// D16, Q32
#[tokio::test]
async fn a_userinfo_401_is_a_401_and_not_repeated_at_once() {
    let server = FiefTestServer::start().await;
    let (app, token) = (app(&server), server.access_token().mint());
    server.fault(Endpoint::Userinfo, Fault::status(401));

    let response = send(&app, call(&token)).await;
    status(&app, &token).await;

    assert_eq!(response.status, 401);
    assert_eq!(response.challenge(), r#"Bearer error="invalid_token""#);
    assert_eq!(server.requests(Endpoint::Userinfo), 1);
}

/// RB-8
#[tokio::test]
async fn a_rejection_is_forgotten_after_five_seconds() {
    let server = FiefTestServer::start().await;
    let (app, token) = (app(&server), server.access_token().mint());
    server.fault_once(Endpoint::Userinfo, Fault::status(401));

    assert_eq!(status(&app, &token).await, 401);
    server.advance(Duration::from_secs(4));
    assert_eq!(status(&app, &token).await, 401);
    server.advance(Duration::from_secs(1));
    assert_eq!(status(&app, &token).await, 200);
}

/// RB-8
#[tokio::test]
async fn one_tokens_rejection_is_not_another_ones_and_is_forgotten_soon() {
    let server = FiefTestServer::start().await;
    let app = app(&server);
    let (first, second) = tokens(&server);
    server.fault_once(Endpoint::Userinfo, Fault::status(401));

    assert_eq!(status(&app, &first).await, 401);
    assert_eq!(status(&app, &second).await, 200);
    server.advance(Duration::from_secs(6));
    assert_eq!(status(&app, &first).await, 200);
}

/// RB-8: nor while it is under way.
#[tokio::test]
async fn tokens_at_the_same_time_share_no_rejection() {
    let server = FiefTestServer::start().await;
    let app = app(&server);
    let (first, second) = tokens(&server);
    // Both tokens are cached, so both requests are sent before the first response arrives.
    for token in [&first, &second] {
        send(&app, call(token).uri("/token")).await;
    }
    server.fault_once(Endpoint::Userinfo, Fault::status(401));

    let statuses = tokio::join!(status(&app, &first), status(&app, &second));

    assert_eq!(statuses, (401, 200));
}

/// IT-14: the token is still good, the account is not.
#[tokio::test]
async fn an_inactive_user_is_rejected_with_any_token() {
    let server = FiefTestServer::start().await;
    let app = app(&server);
    let (first, second) = tokens(&server);
    server.fault(Endpoint::Userinfo, inactive(&server));

    assert_eq!(status(&app, &first).await, 401);
    assert_eq!(status(&app, &second).await, 401);
    assert_eq!(server.requests(Endpoint::Userinfo), 1);
}

/// Rejects fifty requests at the same time.
async fn reject_fifty(server: &FiefTestServer, fault: Fault) {
    let (app, token) = (app(server), server.access_token().mint());
    send(&app, call(&token).uri("/token")).await;
    server.fault(Endpoint::Userinfo, fault);
    let mut requests = JoinSet::new();
    for _ in 0..50 {
        let (app, token) = (app.clone(), token.clone());
        requests.spawn(async move { status(&app, &token).await });
    }
    assert_eq!(requests.join_all().await, [401; 50]);
}

/// D16, RB-8
#[tokio::test]
async fn requests_at_the_same_time_share_a_rejection() {
    let server = FiefTestServer::start().await;
    reject_fifty(&server, Fault::status(401)).await;
    assert_eq!(server.requests(Endpoint::Userinfo), 1);
}

/// D16, IT-14
#[tokio::test]
async fn requests_at_the_same_time_share_an_inactive_user() {
    let server = FiefTestServer::start().await;
    reject_fifty(&server, inactive(&server)).await;
    assert_eq!(server.requests(Endpoint::Userinfo), 1);
}
