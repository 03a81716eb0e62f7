//! One exchange for each attempt, also for clients that ignore the removal of cookies.

use std::time::Duration;

use axum::http::Method;
use fief_test_server::{Endpoint, Fault, FiefTestServer};
use tokio::task::JoinHandle;

use super::{Visitor, app, builder, query, visitor};
use crate::web::{APP, EMAIL, TestResponse};

const SESSION: &str = "__Host-fief_session";

/// Returns the callback with another code.
pub fn with_code(callback: &str, code: &str) -> String {
    let state = query(&format!("{APP}{callback}"))["state"].clone();
    format!("/auth-callback?code={code}&state={state}")
}

/// Requests a page as a browser that keeps its cookies, however the response removes them.
pub fn open(visitor: &Visitor, path: &str) -> JoinHandle<(TestResponse, Visitor)> {
    let (mut visitor, path) = (visitor.clone(), path.to_owned());
    tokio::spawn(async move { (visitor.open(&path).await, visitor) })
}

/// FD-60, LF-4
#[tokio::test]
async fn a_thousand_guessed_codes_are_one_token_request() {
    let server = FiefTestServer::start().await;
    let mut visitor = visitor(&server).await;
    let callback = visitor.begin(&server, "/login").await;
    for guess in 0..1000 {
        let guess = with_code(&callback, &format!("guess{guess}"));
        assert_eq!(visitor.clone().open(&guess).await.status, 400);
    }
    assert_eq!(visitor.open(&callback).await.status, 400);
    assert_eq!(server.requests(Endpoint::Token), 1);
}

/// FD-60, LF-4
#[tokio::test]
async fn a_callback_that_was_finished_sends_no_token_request() {
    let server = FiefTestServer::start().await;
    let mut visitor = visitor(&server).await;
    let callback = visitor.begin(&server, "/login?return_to=/castles").await;
    let ignoring = visitor.clone();
    visitor.open(&callback).await;

    let (joined, other) = open(&ignoring, &callback).await.unwrap();
    assert_eq!(
        (joined.status.as_u16(), joined.header("location")),
        (303, "/castles")
    );
    assert_eq!(other.jar[SESSION], visitor.jar[SESSION]);

    server.advance(Duration::from_secs(31));
    for _ in 0..1000 {
        assert_eq!(ignoring.clone().open(&callback).await.status, 400);
        let again = visitor.at(visitor.app()).open(&callback).await;
        assert_eq!(
            (again.status.as_u16(), again.header("location")),
            (303, "/")
        );
    }
    assert_eq!(server.requests(Endpoint::Token), 1);
}

/// LF-4
#[tokio::test]
async fn concurrent_callbacks_share_one_token_request_and_one_session() {
    let server = FiefTestServer::start().await;
    let mut visitor = visitor(&server).await;
    let callback = visitor.begin(&server, "/login?return_to=/castles").await;
    server.fault_once(Endpoint::Token, Fault::hang());
    let all: Vec<_> = (0..20).map(|_| open(&visitor, &callback)).collect();
    server.wait_for_requests(Endpoint::Token, 1).await;
    let other = visitor.clone().open(&with_code(&callback, "other")).await;
    server.clear_faults();

    assert_eq!(other.status, 400);
    let mut sessions = Vec::new();
    for callback in all {
        let (response, visitor) = callback.await.unwrap();
        assert_eq!(response.header("location"), "/castles");
        sessions.push(visitor.jar[SESSION].clone());
    }
    sessions.dedup();
    assert_eq!((sessions.len(), server.requests(Endpoint::Token)), (1, 1));
}

/// LF-4, RF-9
#[tokio::test]
async fn a_browser_that_hangs_up_and_reloads_is_logged_in() {
    let server = FiefTestServer::start().await;
    let mut visitor = visitor(&server).await;
    let callback = visitor.begin(&server, "/login").await;
    server.fault_once(Endpoint::Token, Fault::hang());
    let hung_up = open(&visitor, &callback);
    server.wait_for_requests(Endpoint::Token, 1).await;
    hung_up.abort();
    assert!(hung_up.await.is_err());

    let reloaded = open(&visitor, &callback);
    server.clear_faults();

    let (response, mut visitor) = reloaded.await.unwrap();
    assert_eq!(response.status, 303);
    assert_eq!(visitor.open("/castles").await.status, 200);
    assert_eq!(server.requests(Endpoint::Token), 1);
}

/// LF-4, SE-16: what a callback joins is dropped with its session.
#[tokio::test]
async fn a_callback_joins_no_session_that_was_revoked() {
    let server = FiefTestServer::start().await;
    let auth = builder(&server).build().unwrap();
    for revoke in 0..3 {
        let mut visitor = Visitor::new(app(&auth));
        let callback = visitor.begin(&server, "/login").await;
        let ignoring = visitor.clone();
        visitor.open(&callback).await;
        assert_eq!(ignoring.clone().open(&callback).await.status, 303);
        match revoke {
            0 => drop(visitor.fetch(Method::POST, "/logout").await),
            1 => drop(visitor.log_in(&server, "/login").await),
            _ => auth
                .revoke_user_sessions(server.user_id(EMAIL))
                .await
                .unwrap(),
        }
        let (response, cookies) = ignoring.send_once(super::page(&callback, "none")).await;
        assert_eq!(response.status, 400, "{revoke}");
        assert!(!cookies.iter().any(|cookie| cookie.starts_with(SESSION)));
    }
}

/// D5, D10: a wrong configuration cannot be retried.
#[tokio::test]
async fn a_login_that_cannot_begin_says_whether_it_may_later() {
    for (status, shown) in [(404, 500), (503, 503)] {
        let server = FiefTestServer::start().await;
        server.fault(Endpoint::Discovery, Fault::status(status));
        let response = visitor(&server)
            .await
            .open("/login?return_to=/castles")
            .await;
        assert_eq!(response.status, shown);
        let link = response
            .body
            .contains("href=\"/login?return_to=%2Fcastles\"");
        assert_eq!(link, shown == 503);
    }
}

/// D12, D15: a login in flight does not outlive the logout of its browser.
#[tokio::test]
async fn a_logout_ends_a_login_in_flight() {
    let server = FiefTestServer::start().await;
    let mut visitor = visitor(&server).await;
    let callback = visitor.begin(&server, "/login").await;
    server.fault_once(Endpoint::Token, Fault::hang());
    let login = open(&visitor, &callback);
    server.wait_for_requests(Endpoint::Token, 1).await;
    let ignoring = visitor.clone();
    visitor.fetch(Method::POST, "/logout").await;
    server.clear_faults();

    let (response, visitor) = login.await.unwrap();
    assert_eq!(response.status, 400);
    assert!(visitor.cookie_names().is_empty());
    assert_eq!(ignoring.clone().open(&callback).await.status, 400);
    assert_eq!(server.requests(Endpoint::Token), 1);
}

/// D12, D15: nor does one whose response is still on its way.
#[tokio::test]
async fn a_logout_ends_a_login_whose_response_is_on_its_way() {
    let server = FiefTestServer::start().await;
    let mut visitor = visitor(&server).await;
    let callback = visitor.begin(&server, "/login").await;
    let (response, mut late) = open(&visitor, &callback).await.unwrap();
    assert_eq!(response.status, 303);

    visitor.fetch(Method::POST, "/logout").await;

    assert_eq!(late.open("/castles").await.status, 303);
}

/// FD-60, LF-4: also if they arrive at once.
#[tokio::test]
async fn guessed_codes_that_arrive_at_once_are_one_token_request() {
    let server = FiefTestServer::start().await;
    let mut visitor = visitor(&server).await;
    let callback = visitor.begin(&server, "/login").await;
    let guesses = (0..63).map(|n| with_code(&callback, &format!("guess{n}")));
    let callbacks: Vec<_> = [callback.clone()].into_iter().chain(guesses).collect();
    let opened: Vec<_> = callbacks.iter().map(|it| open(&visitor, it)).collect();

    let mut statuses = Vec::new();
    for response in opened {
        statuses.push(response.await.unwrap().0.status.as_u16());
    }

    assert_eq!(server.requests(Endpoint::Token), 1);
    assert_eq!(statuses.iter().filter(|it| **it == 303).count(), 1);
    assert_eq!(statuses.iter().filter(|it| **it == 400).count(), 63);
}
