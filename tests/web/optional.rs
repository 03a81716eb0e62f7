//! Optional authentication accepts anonymous requests, and no other failure.

use std::time::Duration;

use axum::{
    Router,
    http::Request,
    routing::{get, post},
};
use fief_axum::{Authenticated, Authorized, CurrentSession, CurrentUser};
use fief_client::FiefAcr;
use fief_test_server::{Endpoint, Fault, FiefTestServer};

use super::{
    COOKIE, api,
    authorized::{Strict, strict},
    call, cookie_api, guarded, one, send, status, unchecked,
};

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
async fn an_anonymous_request_is_none_and_an_authenticated_one_is_some() {
    let server = FiefTestServer::start().await;
    let app = app(&server).await;
    let expired = server.access_token().expired().mint();

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
async fn an_unreachable_fief_is_not_ignored() {
    let server = FiefTestServer::start().await;
    server.fault(Endpoint::Discovery, Fault::status(500));
    let app = app(&server).await;

    assert_eq!(status(&app, &server.access_token().mint()).await, 503);
    assert_eq!(send(&app, Request::get("/")).await.body, "stranger");
}

/// I03
#[tokio::test]
async fn an_optional_guard_accepts_anonymous_requests() {
    let server = FiefTestServer::start().await;
    let app = one(unchecked().route_layer(api(&server).require().optional()));
    let expired = server.access_token().expired().mint();

    assert_eq!(send(&app, Request::get("/")).await.status, 200);
    assert_eq!(status(&app, &expired).await, 200);
    assert_eq!(status(&app, &server.access_token().mint()).await, 200);
}

/// I04
#[tokio::test]
async fn an_optional_guard_rejects_users_that_lack_something() {
    let server = FiefTestServer::start().await;
    let auth = api(&server);
    let scope = one(unchecked().route_layer(auth.require().scope("castles").optional()));
    let acr = one(unchecked().route_layer(auth.require().acr(FiefAcr::LevelOne).optional()));
    let token = server.access_token().mint();

    assert_eq!(status(&scope, &token).await, 403);
    assert_eq!(status(&acr, &token).await, 401);
    assert_eq!(send(&scope, Request::get("/")).await.status, 200);
}

/// I04, D4, CS-1
#[tokio::test]
async fn an_optional_guard_forgives_nothing_else() {
    let server = FiefTestServer::start().await;
    let auth = cookie_api(&server);
    let app = guarded(auth.require().optional());
    let nobodys = guarded(auth.require().predicate(|_| false).optional());
    let token = server.access_token().mint();
    let post = Request::post("/").header("cookie", format!("{COOKIE}={token}"));

    assert_eq!(status(&nobodys, &token).await, 403);
    assert_eq!(status(&app, "two tokens").await, 400);
    assert_eq!(send(&app, post).await.error(), "cross_site_request");
}

/// D4, D5
#[tokio::test]
async fn an_optional_guard_does_not_ignore_an_unreachable_fief() {
    let server = FiefTestServer::start().await;
    server.fault(Endpoint::Discovery, Fault::status(500));
    let app = guarded(api(&server).require().optional());

    assert_eq!(status(&app, &server.access_token().mint()).await, 503);
}

/// D8: even if an outer guard is optional.
#[tokio::test]
async fn an_optional_guard_around_a_required_one_opens_nothing() {
    let server = FiefTestServer::start().await;
    let auth = api(&server);
    let outside = guarded(auth.require()).layer(auth.require().optional());
    let inside = guarded(auth.require().optional()).layer(auth.require());

    for app in [outside, inside] {
        assert_eq!(send(&app, Request::get("/")).await.status, 401);
        assert_eq!(status(&app, "INVALID").await, 401);
    }
}

/// D5
#[tokio::test]
async fn an_optional_extractor_that_nothing_surrounds_is_our_fault() {
    assert_eq!(send(&one(get(greet)), Request::get("/")).await.status, 500);
}

/// CS-1
#[tokio::test]
async fn an_optional_extractor_takes_no_cookie_of_another_site() {
    let server = FiefTestServer::start().await;
    let app = one(post(greet)).layer(cookie_api(&server).layer());
    let cookie = format!("{COOKIE}={}", server.access_token().mint());

    let response = send(&app, Request::post("/").header("cookie", cookie)).await;

    assert_eq!(response.error(), "cross_site_request");
}

/// D4
#[tokio::test]
async fn an_optional_policy_rejects_users_that_lack_something() {
    let server = FiefTestServer::start().await;
    let app = one(get(async |_: Option<Authorized<Strict>>| "inside")).layer(api(&server).layer());
    let old = strict(&server).authenticated_ago(Duration::from_secs(900));

    assert_eq!(status(&app, &strict(&server).mint()).await, 200);
    assert_eq!(status(&app, &strict(&server).acr("0").mint()).await, 401);
    assert_eq!(status(&app, &old.mint()).await, 401);
    let unlike = strict(&server).permissions(["create"]).mint();
    assert_eq!(status(&app, &unlike).await, 403);
}

/// D16, Q32
#[tokio::test]
async fn an_optional_user_is_none_while_fief_fails_and_none_is_known() {
    let server = FiefTestServer::start().await;
    let greet = async |user: Option<CurrentUser>| user.is_some().to_string();
    let app = one(get(greet)).layer(api(&server).layer());
    let token = server.access_token().mint();

    for rejected in [403, 404, 429, 500, 503] {
        server.fault(Endpoint::Userinfo, Fault::status(rejected));
        let response = send(&app, super::call(&token)).await;
        assert_eq!((response.status.as_u16(), &*response.body), (200, "false"));
        server.advance(Duration::from_secs(60));
    }
}

/// D4
#[tokio::test]
async fn an_optional_session_is_none_only_for_anonymous_requests() {
    let server = FiefTestServer::start().await;
    let greet = async |session: Option<CurrentSession>| session.is_some().to_string();
    let app = one(get(greet)).layer(api(&server).layer());
    let token = server.access_token().mint();

    assert_eq!(send(&app, Request::get("/")).await.body, "false");
    assert_eq!(send(&app, call("INVALID")).await.body, "false");
    assert_eq!(send(&app, call("two tokens")).await.status, 400);
    assert_eq!(send(&app, call(&token)).await.body, "true");
}
