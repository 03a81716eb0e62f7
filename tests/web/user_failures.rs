//! User info while Fief fails: per user, and never an outage of all.

use std::{
    sync::Arc,
    time::{Duration, SystemTime},
};

use axum::{Json, Router, routing::get};
use fief_axum::{CurrentUser, FiefAuth, FreshUser};
use fief_client::FiefUserInfo;
use fief_test_server::{Endpoint, Fault, FiefTestServer, User};
use serde_json::json;
use tracing::Level;

use super::{EMAIL, call, fief, one, send, status};
use crate::client::log::Log;

const SECOND: Duration = Duration::from_secs(1);
const HOUR: Duration = Duration::from_secs(3600);

async fn current(CurrentUser(user): CurrentUser) -> Json<Arc<FiefUserInfo>> {
    Json(user)
}

async fn optional(user: Option<CurrentUser>) -> String {
    user.map_or("none".into(), |user| user.sub.to_string())
}

/// Returns a server with a clock that stands still, an application, and a token that lasts for two days.
async fn start() -> (FiefTestServer, FiefAuth, Router, String) {
    let server = FiefTestServer::start().await;
    server.set_time(SystemTime::now());
    let auth = FiefAuth::new(fief(&server));
    let routes = one(get(current))
        .route("/optional", get(optional))
        .route("/fresh", get(async |_: FreshUser| "fresh"));
    let app = routes.layer(auth.layer());
    let token = server.access_token().expires_in(48 * HOUR).mint();
    (server, auth, app, token)
}

async fn status_of(app: &Router, token: &str, path: &'static str) -> u16 {
    send(app, call(token).uri(path)).await.status.into()
}

/// FD-62, D16: whatever fails, it is one request in five seconds.
#[tokio::test]
async fn a_user_who_cannot_be_fetched_is_requested_once_in_five_seconds() {
    let other = json!({"sub": "ca19f041-618e-417a-a68a-3840a568fb8f"});
    let faults = [
        (1, Fault::status(500)),
        (1, Fault::status(503)),
        (1, Fault::status(429).header("retry-after", "5")),
        (1, Fault::json(other)),
        // A GET without a response is sent twice.
        (2, Fault::garbage()),
        (2, Fault::reset()),
    ];
    for (once, fault) in faults {
        let (server, _, app, token) = start().await;
        server.fault(Endpoint::Userinfo, fault.clone());
        let requests = || {
            let requests = server.requests(Endpoint::Userinfo);
            server.reset_requests();
            requests
        };
        for _ in 0..100 {
            assert_eq!(status(&app, &token).await, 503);
        }
        assert_eq!(status_of(&app, &token, "/fresh").await, 503);
        assert_eq!(requests(), once, "{fault:?}");
        server.advance(5 * SECOND);
        assert_eq!(status(&app, &token).await, 503);
        assert_eq!(requests(), once, "{fault:?}");
        server.clear_faults();
        server.advance(5 * SECOND);
        assert_eq!(status(&app, &token).await, 200, "{fault:?}");
    }
}

/// FD-63, D16: a deleted user is a 500 of Fief.
#[tokio::test]
async fn the_last_known_user_is_served_for_a_day() {
    let (server, _, app, token) = start().await;
    assert_eq!(status(&app, &token).await, 200);
    server.reset_requests();
    server.fault(Endpoint::Userinfo, Fault::status(500));
    server.advance(6 * 60 * SECOND);
    for _ in 0..100 {
        assert_eq!(status(&app, &token).await, 200);
        assert_ne!(send(&app, call(&token).uri("/optional")).await.body, "none");
    }
    assert_eq!(server.requests(Endpoint::Userinfo), 1);
    assert_eq!(status_of(&app, &token, "/fresh").await, 503);

    server.advance(24 * HOUR - 6 * 60 * SECOND - SECOND);
    assert_eq!(status(&app, &token).await, 200);
    server.advance(SECOND);
    assert_eq!(status(&app, &token).await, 503);
}

/// FD-63, D16: nor does a request wait for a Fief that hangs, once that is known.
#[tokio::test]
async fn after_a_failure_the_next_request_is_sent_in_the_background() {
    let (server, _, app, token) = start().await;
    assert_eq!(status(&app, &token).await, 200);
    server.advance(6 * 60 * SECOND);
    server.fault(Endpoint::Userinfo, Fault::status(503));
    assert_eq!(status(&app, &token).await, 200);
    server.reset_requests();
    server.fault(Endpoint::Userinfo, Fault::hang());
    server.advance(5 * SECOND);
    for _ in 0..10 {
        assert_eq!(status(&app, &token).await, 200);
    }
    server.wait_for_requests(Endpoint::Userinfo, 1).await;
    assert_eq!(server.requests(Endpoint::Userinfo), 1);
}

/// D16: Fief is back, and with it what has changed.
#[tokio::test]
async fn a_good_response_replaces_the_last_known_user() {
    let (server, auth, app, token) = start().await;
    assert_eq!(status(&app, &token).await, 200);
    server.advance(6 * 60 * SECOND);
    server.fault_once(Endpoint::Userinfo, Fault::status(503));
    assert_eq!(status(&app, &token).await, 200);
    // An invalidated user is not served.
    auth.invalidate_user(server.user_id(EMAIL)).await;
    server.reset_requests();
    assert_eq!(status(&app, &token).await, 200);
    assert_eq!(server.requests(Endpoint::Userinfo), 1);
    server.advance(6 * 60 * SECOND);
    server.fault(Endpoint::Userinfo, Fault::status(401));
    assert_eq!(status(&app, &token).await, 401);
    server.fault(Endpoint::Userinfo, Fault::status(503));
    server.advance(5 * SECOND);
    assert_eq!(status(&app, &token).await, 503);
}

/// FD-63, D4: a public page stays up, and the log says that `None` is not anonymous.
#[tokio::test]
async fn an_optional_user_without_user_info_is_none_and_logged_once_a_minute() {
    let (server, _, app, token) = start().await;
    let (log, _guard) = Log::of(Level::WARN);
    server.fault(Endpoint::Userinfo, Fault::status(500));
    for _ in 0..10 {
        let response = send(&app, call(&token).uri("/optional")).await;
        assert_eq!(response.status, 200);
        assert_eq!(response.body, "none");
        server.advance(6 * SECOND);
    }
    let warnings = |log: &Log| {
        log.text()
            .matches("`Option<CurrentUser>` is `None`")
            .count()
    };
    assert_eq!(warnings(&log), 1, "{}", log.text());
    server.advance(SECOND);
    send(&app, call(&token).uri("/optional")).await;
    assert_eq!(warnings(&log), 2, "{}", log.text());
}

/// D16: one user's failure is one user's.
#[tokio::test]
async fn the_failure_of_one_user_concerns_no_other() {
    let [anne, charles] =
        [EMAIL, "charles@example.com"].map(|email| User::new(email, "herminetincture"));
    let builder = FiefTestServer::builder().user(anne).user(charles);
    let server = builder.start().await.unwrap();
    let app = one(get(current)).layer(FiefAuth::new(fief(&server)).layer());
    let [anne, charles] =
        [EMAIL, "charles@example.com"].map(|email| server.access_token().user(email).mint());
    server.fault_once(Endpoint::Userinfo, Fault::status(500));
    assert_eq!(status(&app, &anne).await, 503);
    assert_eq!(status(&app, &charles).await, 200);
    assert_eq!(status(&app, &anne).await, 503);
}

/// FD-63, D4: a single-page application would take its user for logged out.
#[tokio::test]
async fn the_user_route_does_not_say_that_nobody_is_logged_in() {
    let server = FiefTestServer::start().await;
    let builder = FiefAuth::builder(fief(&server)).login(super::APP, crate::login::key());
    let routes = builder.user_route("/user").build().unwrap().routes();
    let token = server.access_token().mint();
    server.fault(Endpoint::Userinfo, Fault::status(500));
    assert_eq!(status_of(&routes, &token, "/user").await, 503);
}
