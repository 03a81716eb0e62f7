//! What is optional forgives that nobody is logged in, and nothing else.

use axum::{Router, http::Request, routing::get};
use fief_axum::Authenticated;
use fief_client::FiefAcr;
use fief_test_server::{Endpoint, Fault, FiefTestServer};

use super::{api, call, one, send, status, unchecked};

async fn greet(token: Option<Authenticated>) -> String {
    token.map_or("stranger".into(), |Authenticated(token)| {
        token.id().to_string()
    })
}

async fn app(server: &FiefTestServer) -> Router {
    one(get(greet)).layer(api(server).layer())
}

/// I03
#[tokio::test]
async fn nobody_is_none_and_somebody_is_some() {
    let server = FiefTestServer::start().await;
    let app = app(&server).await;
    let expired = server.access_token().expires_in(-3600).mint();

    assert_eq!(send(&app, Request::get("/")).await.body, "stranger");
    assert_eq!(send(&app, call(&expired)).await.body, "stranger");
    assert_eq!(send(&app, call("INVALID")).await.body, "stranger");
    let anne = server.user_id(super::EMAIL).to_string();
    assert_eq!(
        send(&app, call(&server.access_token().mint())).await.body,
        anne
    );
}

/// D4
#[tokio::test]
async fn a_malformed_header_is_not_forgiven() {
    let server = FiefTestServer::start().await;
    let app = app(&server).await;

    assert_eq!(status(&app, "two tokens").await, 400);
}

/// D4, D5
#[tokio::test]
async fn a_fief_that_is_away_is_not_forgiven() {
    let server = FiefTestServer::start().await;
    server.fault(Endpoint::Discovery, Fault::status(500));
    let app = app(&server).await;

    assert_eq!(status(&app, &server.access_token().mint()).await, 503);
    assert_eq!(send(&app, Request::get("/")).await.body, "stranger");
}

/// I03
#[tokio::test]
async fn an_optional_guard_lets_nobody_pass() {
    let server = FiefTestServer::start().await;
    let app = one(unchecked().route_layer(api(&server).require().optional()));
    let expired = server.access_token().expires_in(-3600).mint();

    assert_eq!(send(&app, Request::get("/")).await.status, 200);
    assert_eq!(status(&app, &expired).await, 200);
    assert_eq!(status(&app, &server.access_token().mint()).await, 200);
}

/// I04
#[tokio::test]
async fn an_optional_guard_does_not_forgive_what_somebody_lacks() {
    let server = FiefTestServer::start().await;
    let auth = api(&server);
    let scope = one(unchecked().route_layer(auth.require().scope("castles").optional()));
    let acr = one(unchecked().route_layer(auth.require().acr(FiefAcr::LevelOne).optional()));
    let token = server.access_token().mint();

    assert_eq!(status(&scope, &token).await, 403);
    assert_eq!(status(&acr, &token).await, 401);
    assert_eq!(send(&scope, Request::get("/")).await.status, 200);
}
