//! The application's own tests, each with a Fief of its own inside of the process.

use std::time::Duration;

use axum::{
    Router,
    body::Body,
    http::{Request, StatusCode, header::*, request::Builder},
    response::Response,
};
use fief_axum::SessionKey;
use fief_client::Fief;
use fief_test_server::{Endpoint, Fault, FiefTestServer};
use tower::ServiceExt;

const URL: &str = "https://app.example.com";

#[tokio::test]
async fn visitors_log_in_and_come_back() {
    let server = FiefTestServer::start().await;
    let app = app(&server);
    let anonymous = get(&app, "/", "").await;
    assert_eq!(anonymous.headers()[LOCATION], "/login?return_to=%2F");
    let session = log_in(&server, &app).await;
    assert_eq!(get(&app, "/", &session).await.status(), StatusCode::OK);
}

#[tokio::test]
async fn building_needs_the_permission() {
    let server = FiefTestServer::start().await;
    let app = app(&server);
    let token = server.access_token().mint();
    assert_eq!(build(&app, &token).await, StatusCode::FORBIDDEN);
    let token = server.access_token().permission("castles:create").mint();
    assert_eq!(build(&app, &token).await, StatusCode::OK);
}

#[tokio::test]
async fn a_session_is_over_after_an_idle_hour() {
    let server = FiefTestServer::start().await;
    let app = app(&server);
    let session = log_in(&server, &app).await;
    server.advance(Duration::from_secs(2 * 3600));
    let page = get(&app, "/", &session).await;
    assert_eq!(page.status(), StatusCode::SEE_OTHER);
}

#[tokio::test]
async fn nobody_comes_in_while_fief_is_down() {
    let server = FiefTestServer::start().await;
    server.fault(Endpoint::Discovery, Fault::status(500));
    let token = server.access_token().permission("castles:create").mint();
    assert_eq!(
        build(&app(&server), &token).await,
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

/// Opens a page as a browser does.
async fn get(app: &Router, page: &str, cookies: &str) -> Response {
    let request = Request::get(page).header(ACCEPT, "text/html");
    send(app, request.header(COOKIE, cookies)).await
}

async fn build(app: &Router, token: &str) -> StatusCode {
    let request = Request::post("/castles").header(AUTHORIZATION, format!("Bearer {token}"));
    send(app, request).await.status()
}

async fn send(app: &Router, request: Builder) -> Response {
    let request = request.body(Body::empty()).unwrap();
    app.clone().oneshot(request).await.unwrap()
}

/// Logs the default user in and returns the cookies that the browser then has.
async fn log_in(server: &FiefTestServer, app: &Router) -> String {
    let login = get(app, "/login", "").await;
    let at_fief = login.headers()[LOCATION].to_str().unwrap();
    let callback = server.log_in("anne@example.com", at_fief).await;
    let page = callback.strip_prefix(URL).unwrap();
    cookies(&get(app, page, &cookies(&login)).await)
}

fn cookies(response: &Response) -> String {
    let set = response.headers().get_all(SET_COOKIE).iter();
    let pairs = set.filter_map(|cookie| cookie.to_str().unwrap().split(';').next());
    pairs.collect::<Vec<_>>().join("; ")
}
