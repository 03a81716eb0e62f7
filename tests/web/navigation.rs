//! What a rejected page gets, and what counts as a page.

use std::time::Duration;

use axum::{
    Router,
    http::{Method, Request, header, request::Builder},
};
use fief_client::FiefAcr;
use fief_test_server::{Endpoint, Fault, FiefTestServer};

use super::{api, guarded, page, responses::assert_is, send, site, unchecked};

fn with_token(request: Builder, token: &str) -> Builder {
    request.header(header::AUTHORIZATION, format!("Bearer {token}"))
}

/// ER-6, D9, N06, N07
#[tokio::test]
async fn a_page_leads_to_the_login_and_back_with_its_query() {
    let server = FiefTestServer::start().await;
    let app = Router::new().route("/castles", unchecked().route_layer(site(&server).require()));

    let response = send(&app, page("/castles?a=1&b=x%20y")).await;

    assert_eq!(response.status, 303);
    let location = response.header(header::LOCATION);
    assert_eq!(
        location,
        "/login?return_to=%2Fcastles%3Fa%3D1%26b%3Dx%2520y"
    );
    assert_eq!(response.challenge(), "");
}

/// D9
#[tokio::test]
async fn a_nested_page_comes_back_to_the_address_that_the_browser_knows() {
    let server = FiefTestServer::start().await;
    let castles = Router::new().route("/all", unchecked().route_layer(site(&server).require()));
    let app = Router::new().nest("/castles", castles);

    let response = send(&app, page("/castles/all")).await;

    assert_eq!(
        response.header(header::LOCATION),
        "/login?return_to=%2Fcastles%2Fall"
    );
}

/// ER-3, D9
#[tokio::test]
async fn a_step_up_page_requests_the_acr_and_the_age_at_once() {
    let server = FiefTestServer::start().await;
    let guard = site(&server)
        .require()
        .acr(FiefAcr::LevelOne)
        .max_age(Duration::from_secs(60));
    let token = server.access_token().mint();

    let response = send(&guarded(guard), with_token(page("/"), &token)).await;

    assert_eq!(response.status, 303);
    assert_eq!(
        response.header(header::LOCATION),
        "/login?return_to=%2F&acr=1&max_age=60"
    );
}

/// ER-6, Q38, FD-50
#[tokio::test]
async fn a_script_is_never_redirected() {
    let server = FiefTestServer::start().await;
    let app = guarded(site(&server).require());
    let fetch = Request::get("/")
        .header("sec-fetch-mode", "cors")
        .header("accept", "text/html");
    let json = Request::get("/").header("accept", "application/json");
    let post = Request::post("/")
        .header("sec-fetch-mode", "cors")
        .header("accept", "text/html");
    let plain = Request::get("/")
        .header("x-requested-with", "XMLHttpRequest")
        .header("accept", "text/html, */*");

    for request in [fetch, json, post, plain] {
        let response = send(&app, request).await;
        assert_is(&response, 401, "unauthorized", "Bearer");
        assert_eq!(response.header(header::LOCATION), "");
    }
}

/// ER-6
#[tokio::test]
async fn a_browser_without_fetch_metadata_is_known_by_what_it_accepts() {
    let server = FiefTestServer::start().await;
    let app = guarded(site(&server).require());

    let response = send(
        &app,
        Request::get("/").header("accept", "text/html,*/*;q=0.8"),
    )
    .await;

    assert_eq!(response.status, 303);
}

/// D9
#[tokio::test]
async fn without_a_login_a_page_is_rejected_like_an_api_call() {
    let server = FiefTestServer::start().await;
    let response = send(&guarded(api(&server).require()), page("/")).await;

    assert_is(&response, 401, "unauthorized", "Bearer");
}

/// N09, ER-6
#[tokio::test]
async fn a_page_that_one_may_not_see_is_a_page_that_says_so() {
    let server = FiefTestServer::start().await;
    let auth = site(&server);
    let token = server.access_token().mint();
    let scope = guarded(auth.require().scope("castles"));
    let permission = guarded(auth.require().permission("castles"));

    for app in [scope, permission] {
        let response = send(&app, with_token(page("/"), &token)).await;
        assert_eq!(response.status, 403);
        assert!(
            response
                .header(header::CONTENT_TYPE)
                .starts_with("text/html")
        );
        assert!(response.body.contains("Forbidden"));
        assert!(
            response
                .header(header::CONTENT_SECURITY_POLICY)
                .contains("default-src 'none'")
        );
    }
}

/// ER-7
#[tokio::test]
async fn a_page_while_fief_is_unreachable_is_an_error_page() {
    let server = FiefTestServer::start().await;
    server.fault(Endpoint::Discovery, Fault::status(503));
    let token = server.access_token().mint();

    let response = send(
        &guarded(site(&server).require()),
        with_token(page("/"), &token),
    )
    .await;

    assert_eq!(response.status, 503);
    assert_eq!(response.header(header::RETRY_AFTER), "5");
    assert!(response.body.contains("Service Unavailable"));
}

/// ER-6
#[tokio::test]
async fn only_a_navigation_of_get_is_a_page() {
    let server = FiefTestServer::start().await;
    let app = guarded(site(&server).require());
    let image = Request::get("/")
        .header("sec-fetch-mode", "no-cors")
        .header("accept", "text/html");
    let curl = Request::get("/").header("accept", "*/*");
    let head = page("/").method(Method::HEAD);

    for request in [image, curl, head] {
        assert_eq!(send(&app, request).await.status, 401);
    }
}

/// D9, RT-1: a login would not come back to it, and no header should be that long.
#[tokio::test]
async fn a_page_with_a_long_address_leads_to_the_login_alone() {
    let server = FiefTestServer::start().await;
    let app = Router::new().fallback(async || "inside");
    let app = app.layer(site(&server).require());
    let location = async |length: usize| {
        let path = format!("/{}", "x".repeat(length - 1));
        send(&app, page(&path))
            .await
            .header(header::LOCATION)
            .to_owned()
    };

    let fits = format!("/login?return_to=%2F{}", "x".repeat(2046));
    assert_eq!(location(2047).await, fits);
    assert_eq!(location(2049).await, "/login");
    assert_eq!(location(60_000).await, "/login");
}
