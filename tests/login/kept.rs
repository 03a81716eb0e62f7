//! Logins whose tokens cannot be verified yet, or that cannot be begun to exchange.

use std::time::Duration;

use axum::http::Method;
use fief_axum::{FiefAuth, LoginPageKind};
use fief_test_server::{Endpoint, Fault, FiefTestServer};
use serde_json::json;

use super::{Visitor, app, builder, exchange::with_code, query};
use crate::web::APP;

/// How long an unknown key is not fetched again.
pub const RETRY: Duration = Duration::from_secs(6);

/// Makes the keys of tokens that are issued from now on unavailable to an application that has others.
pub async fn lose_keys(server: &FiefTestServer, auth: &FiefAuth) {
    auth.fief().prefetch_keys().await.unwrap();
    server.rotate_key();
    server.fault(Endpoint::Jwks, Fault::status(503));
}

pub fn recover(server: &FiefTestServer) {
    server.clear_faults();
    server.advance(RETRY);
}

/// Returns an application whose keys are lost, a browser with a kept login, and its callback.
async fn kept(server: &FiefTestServer) -> (FiefAuth, Visitor, String) {
    let auth = builder(server).build().unwrap();
    let mut visitor = Visitor::new(app(&auth));
    let callback = visitor.begin(server, "/login?return_to=/castles").await;
    lose_keys(server, &auth).await;
    let response = visitor.open(&callback).await;
    assert_eq!(response.status, 503, "{}", response.body);
    (auth, visitor, callback)
}

/// FD-20, RF-9
#[tokio::test]
async fn a_callback_outlives_keys_that_cannot_be_fetched() {
    let server = FiefTestServer::start().await;
    let (_, mut visitor, callback) = kept(&server).await;
    assert_eq!(visitor.cookie_names().len(), 1);
    let early = visitor.open(&callback).await;
    assert_eq!(early.status, 503);
    let link = callback.replace('&', "&amp;");
    assert!(
        early
            .body
            .contains(&format!("<a href=\"{link}\">Try again</a>")),
        "{}",
        early.body
    );

    recover(&server);
    let response = visitor.open(&callback).await;

    assert_eq!(
        (response.status.as_u16(), response.header("location")),
        (303, "/castles")
    );
    assert_eq!(visitor.cookie_names(), ["__Host-fief_session"]);
    assert_eq!(visitor.open("/castles").await.status, 200);
    assert_eq!(server.requests(Endpoint::Token), 1);
}

/// FD-20: nothing was sent, so nothing is used up.
#[tokio::test]
async fn without_keys_a_callback_sends_no_code() {
    let server = FiefTestServer::start().await;
    let mut visitor = super::visitor(&server).await;
    let callback = visitor.begin(&server, "/login?return_to=/castles").await;
    server.fault(Endpoint::Jwks, Fault::status(503));
    assert_eq!(visitor.open(&callback).await.status, 503);
    assert_eq!(
        visitor
            .clone()
            .open(&with_code(&callback, "guess"))
            .await
            .status,
        503
    );
    assert_eq!(server.requests(Endpoint::Token), 0);

    recover(&server);
    assert_eq!(visitor.open(&callback).await.header("location"), "/castles");
    assert_eq!(server.requests(Endpoint::Token), 1);
}

/// RF-9: kept for one code, and for ten minutes at most.
#[tokio::test]
async fn a_kept_login_is_that_of_its_code() {
    let server = FiefTestServer::start().await;
    let (_, visitor, callback) = kept(&server).await;
    recover(&server);
    let mut guessing = visitor.clone();
    assert_eq!(
        guessing.open(&with_code(&callback, "guess")).await.status,
        400
    );
    assert_eq!(guessing.open(&callback).await.status, 303);

    let (_, mut late, callback) = kept(&server).await;
    server.clear_faults();
    server.advance(Duration::from_secs(600));
    assert_eq!(late.open(&callback).await.status, 400);
    assert_eq!(server.requests(Endpoint::Token), 2);
}

/// RF-9, D12
#[tokio::test]
async fn a_logout_and_another_login_drop_a_kept_login() {
    let server = FiefTestServer::start().await;
    for logs_out in [true, false] {
        let (_, mut visitor, callback) = kept(&server).await;
        let mut ignoring = visitor.clone();
        let requests = server.requests(Endpoint::Token);
        recover(&server);
        let other = if logs_out {
            visitor.fetch(Method::POST, "/logout").await;
            0
        } else {
            visitor.log_in(&server, "/login").await;
            assert_eq!(visitor.cookie_names(), ["__Host-fief_session"]);
            1
        };
        assert_eq!(ignoring.open(&callback).await.status, 400);
        assert_eq!(server.requests(Endpoint::Token), requests + other);
    }
}

/// RF-9: a thousand logins are kept. No other code is sent then, and it is not used up.
#[tokio::test]
async fn with_a_thousand_kept_logins_no_code_is_sent() {
    let server = FiefTestServer::start().await;
    let (auth, first, callback) = kept(&server).await;
    let access_token = server.access_token().mint();
    let id_token = server.id_token().access_token(&access_token).mint();
    let tokens = json!({
        "access_token": access_token, "id_token": id_token, "token_type": "bearer", "expires_in": 3600,
    });
    server.fault(Endpoint::Token, Fault::json(tokens));
    for _ in 1..1000 {
        let mut visitor = Visitor::new(app(&auth));
        let begun = visitor.open("/login").await;
        let state = query(begun.header("location"))["state"].clone();
        let response = visitor
            .open(&format!("/auth-callback?code=c&state={state}"))
            .await;
        assert_eq!(response.status, 503);
    }
    let mut full = Visitor::new(app(&auth));
    let last = full.begin(&server, "/login").await;
    assert_eq!(full.open(&last).await.status, 503);
    assert_eq!(server.requests(Endpoint::Token), 1000);

    recover(&server);
    assert_eq!(first.clone().open(&callback).await.status, 303);
    assert_eq!(full.open(&last).await.status, 303);
}

/// CB-1, SE-13: the link is written again from what was parsed.
#[tokio::test]
async fn the_link_to_try_again_is_escaped() {
    let server = FiefTestServer::start().await;
    let mut visitor = super::visitor(&server).await;
    let callback = visitor.begin(&server, "/login").await;
    let state = query(&format!("{APP}{callback}"))["state"].clone();
    server.fault(Endpoint::Jwks, Fault::status(503));
    let hostile = "%22%3E%3Cscript%3E%27%26amp";
    let response = visitor
        .open(&format!(
            "/auth-callback?code={hostile}&x={hostile}&state={state}"
        ))
        .await;
    assert_eq!(response.status, 503);
    let link = format!("href=\"/auth-callback?code={hostile}&amp;state={state}\"");
    assert!(response.body.contains(&link), "{}", response.body);
    assert!(!response.body.contains("script>") && !response.body.contains("x="));
}

/// The pages of a callback are those of the application.
#[tokio::test]
async fn the_page_of_a_kept_login_can_be_replaced() {
    let server = FiefTestServer::start().await;
    let builder = builder(&server).on_login_page(|page| {
        assert_eq!(page.kind(), LoginPageKind::Unavailable);
        (page.kind().status(), format!("again: {}", page.link()))
    });
    let auth = builder.build().unwrap();
    let mut visitor = Visitor::new(app(&auth));
    let callback = visitor.begin(&server, "/login").await;
    lose_keys(&server, &auth).await;
    assert_eq!(
        visitor.open(&callback).await.body,
        format!("again: {callback}")
    );
}
