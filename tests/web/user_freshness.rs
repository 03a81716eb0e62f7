//! For how long a user is known.

use std::time::Duration;

use axum::{Router, routing::get};
use fief_axum::{CurrentUser, FiefAuth, FiefAuthBuilder, FreshUser};
use fief_test_server::{Endpoint, Fault, FiefTestServer};

use super::{EMAIL, call, fief, one, send, status};

fn builder(server: &FiefTestServer) -> FiefAuthBuilder {
    FiefAuth::builder(fief(server))
}

fn app(builder: FiefAuthBuilder) -> Router {
    one(get(async |_: CurrentUser| "inside"))
        .route("/fresh", get(async |_: FreshUser| "inside"))
        .layer(builder.build().unwrap().layer())
}

/// Returns the number of userinfo requests for two requests with this time between them.
async fn fetches(server: &FiefTestServer, app: Router, apart: Duration) -> usize {
    let token = server.access_token().mint();
    server.reset_requests();
    assert_eq!(status(&app, &token).await, 200);
    server.advance(apart);
    assert_eq!(status(&app, &token).await, 200);
    server.requests(Endpoint::Userinfo)
}

/// D16, Q3A
#[tokio::test]
async fn after_five_minutes_the_user_is_fetched_again() {
    let server = FiefTestServer::start().await;
    let apart = async |seconds| {
        let app = app(builder(&server));
        fetches(&server, app, Duration::from_secs(seconds)).await
    };

    assert_eq!(apart(299).await, 1);
    assert_eq!(apart(300).await, 2);
}

/// D16
#[tokio::test]
async fn the_time_to_live_can_be_another() {
    let server = FiefTestServer::start().await;
    let apart = async |seconds| {
        let minute = builder(&server).user_cache_ttl(Duration::from_secs(60));
        fetches(&server, app(minute), Duration::from_secs(seconds)).await
    };

    assert_eq!(apart(59).await, 1);
    assert_eq!(apart(60).await, 2);
}

/// D16
#[tokio::test]
async fn without_a_time_to_live_the_user_is_fetched_each_time() {
    let server = FiefTestServer::start().await;
    let app = app(builder(&server).user_cache_ttl(Duration::ZERO));

    assert_eq!(fetches(&server, app, Duration::ZERO).await, 2);
}

/// RB-9
#[tokio::test]
async fn a_clock_that_goes_back_makes_no_user_fresh() {
    let server = FiefTestServer::start().await;
    let (app, token) = (app(builder(&server)), server.access_token().mint());
    assert_eq!(status(&app, &token).await, 200);

    server.set_time(server.clock()() - Duration::from_secs(30));
    assert_eq!(status(&app, &token).await, 200);

    assert_eq!(server.requests(Endpoint::Userinfo), 2);
}

/// D16
#[tokio::test]
async fn the_cache_serves_while_fief_is_unreachable() {
    let server = FiefTestServer::start().await;
    let (app, token) = (app(builder(&server)), server.access_token().mint());
    send(&app, call(&token)).await;
    server.fault(Endpoint::Userinfo, Fault::status(503));

    assert_eq!(status(&app, &token).await, 200);
}

/// D16: it says nothing about the user.
#[tokio::test]
async fn a_fief_that_fails_takes_no_user_out_of_the_cache() {
    let server = FiefTestServer::start().await;
    let (app, token) = (app(builder(&server)), server.access_token().mint());
    assert_eq!(status(&app, &token).await, 200);
    server.fault(Endpoint::Userinfo, Fault::status(503));

    assert_eq!(send(&app, call(&token).uri("/fresh")).await.status, 503);
    assert_eq!(status(&app, &token).await, 200);
}

/// RB-8: a response in flight may be older than the change.
#[tokio::test]
async fn an_invalidated_user_is_fetched_again_even_during_a_fetch() {
    let server = FiefTestServer::start().await;
    let auth = builder(&server).build().unwrap();
    let app = one(get(async |_: CurrentUser| "inside")).layer(auth.layer());
    let token = server.access_token().mint();
    server.fault(Endpoint::Userinfo, Fault::hang());
    let under_way = {
        let (app, token) = (app.clone(), token.clone());
        tokio::spawn(async move { status(&app, &token).await })
    };
    server.wait_for_requests(Endpoint::Userinfo, 1).await;

    auth.invalidate_user(server.user_id(EMAIL)).await;
    server.clear_faults();

    assert_eq!(under_way.await.unwrap(), 200);
    assert_eq!(status(&app, &token).await, 200);
    assert_eq!(server.requests(Endpoint::Userinfo), 2);
}

/// FD-91: who waits for user info waits for as long as the client does, and sends no second request meanwhile.
#[tokio::test]
async fn a_response_within_the_timeout_of_the_client_is_waited_for() {
    let server = FiefTestServer::start().await;
    let client = crate::client::builder(&server).timeout(Duration::from_secs(30));
    let app = app(FiefAuth::builder(client.build().unwrap()));
    server.fault(Endpoint::Userinfo, Fault::delay(Duration::from_secs(16)));

    assert_eq!(status(&app, &server.access_token().mint()).await, 200);

    assert_eq!(server.requests(Endpoint::Userinfo), 1);
}
