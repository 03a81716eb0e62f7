//! The application's own tests, each with a Fief of its own inside of the process.

use std::time::Duration;

use axum::{
    Router,
    body::Body,
    http::{Request, StatusCode, header::AUTHORIZATION},
};
use fief_axum::SessionKey;
use fief_client::Fief;
use fief_test_server::{Endpoint, Fault, FiefTestServer};

const URL: &str = "https://app.example.com";

#[tokio::test]
async fn visitors_log_in_and_come_back() {
    let server = FiefTestServer::start().await;
    let mut browser = server.browser(URL, app(&server));
    assert!(browser.open("/").await.is_login());
    let page = browser.log_in("anne@example.com", "/").await;
    assert_eq!(page.status, StatusCode::OK);
    assert_eq!((page.path(), &*page.body), ("/", "Hello, anne@example.com"));
}

#[tokio::test]
async fn building_needs_the_permission() {
    let server = FiefTestServer::start().await;
    let token = server.access_token().mint();
    assert_eq!(build(&server, &token).await, StatusCode::FORBIDDEN);
    let token = server.access_token().permission("castles:create").mint();
    assert_eq!(build(&server, &token).await, StatusCode::OK);
}

#[tokio::test]
async fn a_session_is_over_after_an_idle_hour() {
    let server = FiefTestServer::start().await;
    let mut browser = server.browser(URL, app(&server));
    browser.log_in("anne@example.com", "/").await;
    server.advance(Duration::from_secs(2 * 3600));
    // A script is not redirected. A page would be, and Fief still knows the browser.
    let request = Request::get("/").body(Body::empty()).unwrap();
    let response = browser.fetch(request).await;
    assert_eq!(response.status(), StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn nobody_comes_in_while_fief_is_down() {
    let server = FiefTestServer::start().await;
    server.fault(Endpoint::Discovery, Fault::status(500));
    let token = server.access_token().permission("castles:create").mint();
    assert_eq!(
        build(&server, &token).await,
        StatusCode::SERVICE_UNAVAILABLE
    );
}

fn app(server: &FiefTestServer) -> Router {
    let fief = Fief::builder(server.url(), server.client_id())
        .client_secret(server.client_secret())
        .clock(server.clock());
    let session_key = SessionKey::generate().unwrap();
    example_tested::app(fief.build().unwrap(), URL, session_key).unwrap()
}

/// Builds a castle, as another program does.
async fn build(server: &FiefTestServer, token: &str) -> StatusCode {
    let request = Request::post("/castles").header(AUTHORIZATION, format!("Bearer {token}"));
    let request = request.body(Body::empty()).unwrap();
    let mut browser = server.browser(URL, app(server));
    browser.fetch(request).await.status()
}
