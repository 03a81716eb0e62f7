//! Browsers that log in again and again.

use std::time::Duration;

use axum::{
    Router,
    extract::State,
    http::HeaderMap,
    response::{IntoResponse, Redirect, Response},
    routing::get,
};
use fief_axum::{Authenticated, FiefAuth};
use fief_test_server::{Endpoint, FiefTestServer};

use super::{Visitor, builder, logged_in, query, visitor, visitor::path};
use crate::web::EMAIL;

const COUNTER: &str = "__Host-fief_logins";

/// FD-42, LF-16
#[tokio::test]
async fn logins_with_effect_are_not_counted() {
    let server = FiefTestServer::start().await;
    let mut visitor = visitor(&server).await;
    for _ in 0..8 {
        for (login, page) in [
            ("/login", "/castles"),
            ("/login?acr=1", "/admin"),
            ("/login?prompt=none", "/castles"),
        ] {
            let begun = visitor.open(login).await;
            let callback = logged_in_to_fief(&server, begun.header("location")).await;
            assert_eq!(visitor.open(&callback).await.status, 303);
            assert_eq!(visitor.open(page).await.status, 200);
        }
        visitor.open("/logout").await;
    }
}

/// Returns the callback of a user that is logged in to Fief.
async fn logged_in_to_fief(server: &FiefTestServer, authorize: &str) -> String {
    let authorize = authorize.replace("&prompt=none", "");
    path(&server.log_in(EMAIL, authorize).await)
}

/// FD-42: a logout removes the counter.
#[tokio::test]
async fn a_logout_ends_the_count() {
    let server = FiefTestServer::start().await;
    let mut visitor = visitor(&server).await;
    for _ in 0..8 {
        assert_eq!(visitor.log_in(&server, "/login").await.status, 303);
        visitor.open("/logout").await;
        assert!(!visitor.jar.contains_key(COUNTER));
    }
}

/// FD-42: the counter is removed once, and no cookie is written by other requests.
#[tokio::test]
async fn the_count_is_ended_once() {
    let server = FiefTestServer::start().await;
    let (_, mut visitor) = logged_in(&server, builder(&server)).await;
    assert!(visitor.jar.contains_key(COUNTER));
    let first = visitor.open("/castles").await;
    assert!(first.header("set-cookie").starts_with(COUNTER));
    assert!(!visitor.jar.contains_key(COUNTER));
    assert_eq!(visitor.open("/castles").await.header("set-cookie"), "");
}

/// FD-42, LF-16: a page that accepts the session, and redirects to log in again.
#[tokio::test]
async fn a_page_that_redirects_to_log_in_ends_no_count() {
    let server = FiefTestServer::start().await;
    server.set_time(server.clock()());
    let auth = builder(&server).build().unwrap();
    let page = async |_: Authenticated| Redirect::to("/login?return_to=/loop");
    let app = Router::new().route("/loop", get(page)).merge(auth.routes());
    let mut visitor = Visitor::new(app.layer(auth.layer()));
    for _ in 0..5 {
        visitor.log_in(&server, "/login?return_to=/loop").await;
        assert_eq!(visitor.open("/loop").await.status, 303);
    }
    server.advance(Duration::from_secs(20));
    let stopped = visitor.open("/login?return_to=/loop").await;
    assert_eq!(stopped.status, 429);
    // The way on, and when.
    assert!(stopped.body.contains("href=\"/login?return_to=%2Floop\""));
    assert_eq!(stopped.header("retry-after"), "40");
    server.advance(Duration::from_secs(40));
    assert_eq!(visitor.log_in(&server, "/login").await.status, 303);
}

/// Returns the callback of a silent login of a user that is not logged in to Fief.
fn login_required(authorize: &str) -> String {
    let state = &query(authorize)["state"];
    format!("/auth-callback?error=login_required&state={state}")
}

/// FD-43, LF-16
#[tokio::test]
async fn silent_logins_that_fail_are_counted() {
    let server = FiefTestServer::start().await;
    let mut visitor = visitor(&server).await;
    let login = "/login?prompt=none&return_to=/public";
    for _ in 0..5 {
        let begun = visitor.open(login).await;
        let callback = login_required(begun.header("location"));
        let response = visitor.open(&callback).await;
        assert_eq!(response.header("location"), "/public");
    }
    // Not to Fief.
    assert_eq!(visitor.open(login).await.header("location"), "/public");
    let stopped = visitor.open(login).await;
    assert_eq!(stopped.status, 429);
    assert!(stopped.body.contains("href=\"/login?return_to=%2Fpublic\""));
    assert_eq!(server.requests(Endpoint::Token), 0);
    server.advance(Duration::from_secs(61));
    assert_eq!(visitor.log_in(&server, "/login").await.status, 303);
}

/// A page that logs users in silently.
async fn silent(
    State(auth): State<FiefAuth>,
    token: Option<Authenticated>,
    headers: HeaderMap,
) -> Response {
    match token {
        Some(_) => "logged in".into_response(),
        None if auth.has_silent_login_failed(&headers) => "anonymous".into_response(),
        None => Redirect::to("/login?prompt=none&return_to=/silent").into_response(),
    }
}

/// FD-43: a page knows that its silent login has failed.
#[tokio::test]
async fn a_silent_login_that_failed_can_be_known() {
    let server = FiefTestServer::start().await;
    let auth = builder(&server).build().unwrap();
    let pages = Router::new().route("/silent", get(silent));
    let app = pages.merge(auth.routes()).layer(auth.layer());
    let mut visitor = Visitor::new(app.with_state(auth));
    let to_login = visitor.open("/silent").await;
    let begun = visitor.open(to_login.header("location")).await;
    visitor
        .open(&login_required(begun.header("location")))
        .await;
    assert_eq!(visitor.open("/silent").await.body, "anonymous");
    // The user logs in to Fief, and opens the page again later.
    server.advance(Duration::from_secs(61));
    let to_login = visitor.open("/silent").await;
    let begun = visitor.open(to_login.header("location")).await;
    let callback = logged_in_to_fief(&server, begun.header("location")).await;
    visitor.open(&callback).await;
    assert_eq!(visitor.open("/silent").await.body, "logged in");
    assert!(!visitor.jar.contains_key(COUNTER));
}

/// FD-43, LF-11: what Fief is sent counts, and not a value that it is not sent.
#[tokio::test]
async fn an_invalid_prompt_changes_no_silent_login() {
    let server = FiefTestServer::start().await;
    for login in ["prompt=none&prompt=x", "prompt=none&prompt="] {
        let mut visitor = visitor(&server).await;
        let begun = visitor
            .open(&format!("/login?{login}&return_to=/public"))
            .await;
        assert_eq!(query(begun.header("location"))["prompt"], "none");
        let callback = login_required(begun.header("location"));
        let response = visitor.open(&callback).await;
        assert_eq!(response.header("location"), "/public", "{login}");
        assert!(visitor.jar.contains_key(COUNTER));
    }
}
