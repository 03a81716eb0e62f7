//! The user that sent the request.

use std::{sync::Arc, time::Duration};

use axum::{Json, Router, http::Request, routing::get};
use fief_axum::{CurrentUser, FreshUser};
use fief_client::{FiefAcr, FiefUserInfo};
use fief_test_server::{Endpoint, Fault, FiefTestServer};
use serde_json::json;

use super::{EMAIL, api, call, one, send, status};

async fn current(CurrentUser(user): CurrentUser) -> Json<Arc<FiefUserInfo>> {
    Json(user)
}

async fn fresh(FreshUser(user): FreshUser) -> Json<Arc<FiefUserInfo>> {
    Json(user)
}

async fn optional(user: Option<CurrentUser>) -> String {
    user.and_then(|CurrentUser(user)| user.email.clone())
        .unwrap_or("anonymous".into())
}

fn app(server: &FiefTestServer) -> Router {
    let app = one(get(current))
        .route("/fresh", get(fresh))
        .route("/optional", get(optional));
    app.layer(api(server).layer())
}

/// I08
#[tokio::test]
async fn an_anonymous_request_is_a_401_without_a_request_to_fief() {
    let server = FiefTestServer::start().await;
    let app = app(&server);
    let expired = server.access_token().expired().mint();

    assert_eq!(send(&app, Request::get("/")).await.status, 401);
    assert_eq!(status(&app, &expired).await, 401);
    assert_eq!(server.requests(Endpoint::Userinfo), 0);
}

/// I09, N11
#[tokio::test]
async fn a_user_is_fetched_once() {
    let server = FiefTestServer::start().await;
    let app = app(&server);
    let (first, second) = (
        server.access_token().mint(),
        server.access_token().acr("1").mint(),
    );

    assert_eq!(send(&app, call(&first)).await.json()["email"], EMAIL);
    assert_eq!(
        send(&app, call(&second)).await.json()["fields"]["first_name"],
        "Anne"
    );
    assert_eq!(server.requests(Endpoint::Userinfo), 1);
}

/// I12, N11, Q3A
#[tokio::test]
async fn the_fresh_variant_fetches_each_time_and_updates_the_cache() {
    let server = FiefTestServer::start().await;
    let (app, token) = (app(&server), server.access_token().mint());
    let fresh = || Request::get("/fresh").header("authorization", format!("Bearer {token}"));

    send(&app, fresh()).await;
    send(&app, fresh()).await;
    assert_eq!(server.requests(Endpoint::Userinfo), 2);
    assert_eq!(status(&app, &token).await, 200);
    assert_eq!(server.requests(Endpoint::Userinfo), 2);
}

/// I10
#[tokio::test]
async fn the_optional_user_is_none_for_an_anonymous_request() {
    let server = FiefTestServer::start().await;
    let app = app(&server);
    let with = |token: String| {
        Request::get("/optional").header("authorization", format!("Bearer {token}"))
    };
    let expired = server.access_token().expired().mint();

    assert_eq!(
        send(&app, Request::get("/optional")).await.body,
        "anonymous"
    );
    assert_eq!(send(&app, with(expired)).await.body, "anonymous");
    assert_eq!(
        send(&app, with(server.access_token().mint())).await.body,
        EMAIL
    );
}

/// I11
#[tokio::test]
async fn a_guard_goes_before_the_user() {
    let server = FiefTestServer::start().await;
    let auth = api(&server);
    let guard = auth
        .require()
        .scope("castles")
        .acr(FiefAcr::LevelOne)
        .permission("create");
    let app = one(get(current).route_layer(guard));
    let good = server
        .access_token()
        .scope("castles")
        .acr("1")
        .permission("create");

    assert_eq!(status(&app, &server.access_token().mint()).await, 403);
    assert_eq!(status(&app, &good.clone().acr("0").mint()).await, 401);
    assert_eq!(
        status(&app, &good.clone().permissions(["read"]).mint()).await,
        403
    );
    assert_eq!(server.requests(Endpoint::Userinfo), 0);
    assert_eq!(status(&app, &good.mint()).await, 200);
}

/// D16, RB-10
#[tokio::test]
async fn a_fief_that_fails_is_a_503_and_forgotten_soon() {
    let server = FiefTestServer::start().await;
    let (app, token) = (app(&server), server.access_token().mint());

    for fault in [
        Fault::status(500),
        Fault::status(503),
        Fault::garbage(),
        Fault::redirect("http://127.0.0.1/"),
    ] {
        server.fault(Endpoint::Userinfo, fault);
        let response = send(&app, call(&token)).await;
        assert_eq!(response.status, 503);
        assert_eq!(response.header("retry-after"), "5");
    }
    server.clear_faults();
    server.advance(Duration::from_secs(5));
    assert_eq!(status(&app, &token).await, 200);
}

/// D16, IT-13
#[tokio::test]
async fn another_users_info_is_rejected_and_not_kept() {
    let server = FiefTestServer::start().await;
    let (app, token) = (app(&server), server.access_token().mint());
    let other =
        json!({"sub": "ca19f041-618e-417a-a68a-3840a568fb8f", "email": "other@example.com"});
    server.fault_once(Endpoint::Userinfo, Fault::json(other));

    assert_eq!(status(&app, &token).await, 503);
    server.advance(Duration::from_secs(5));
    assert_eq!(send(&app, call(&token)).await.json()["email"], EMAIL);
}

/// D16, RB-8
#[tokio::test]
async fn requests_at_the_same_time_share_one_response() {
    let server = FiefTestServer::start().await;
    let (app, token) = (app(&server), server.access_token().mint());
    server.fault(Endpoint::Userinfo, Fault::hang());

    let requests: Vec<_> = (0..50)
        .map(|_| {
            let (app, token) = (app.clone(), token.clone());
            tokio::spawn(async move { status(&app, &token).await })
        })
        .collect();
    server.wait_for_requests(Endpoint::Userinfo, 1).await;
    server.clear_faults();

    for request in requests {
        assert_eq!(request.await.unwrap(), 200);
    }
    assert_eq!(server.requests(Endpoint::Userinfo), 1);
}

/// RB-5
#[tokio::test]
async fn a_caller_that_hangs_up_does_not_affect_other_callers() {
    let server = FiefTestServer::start().await;
    let (app, token) = (app(&server), server.access_token().mint());
    server.fault(Endpoint::Userinfo, Fault::hang());
    let request = || {
        let (app, token) = (app.clone(), token.clone());
        tokio::spawn(async move { status(&app, &token).await })
    };

    let first = request();
    server.wait_for_requests(Endpoint::Userinfo, 1).await;
    first.abort();
    first.await.unwrap_err();
    let second = request();
    server.clear_faults();

    assert_eq!(second.await.unwrap(), 200);
    assert_eq!(server.requests(Endpoint::Userinfo), 1);
}
