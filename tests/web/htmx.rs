//! What htmx is sent, which shows responses as parts of a page.

use std::time::Duration;

use axum::{
    Router,
    http::{Method, Request, header, request::Builder},
};
use fief_test_server::FiefTestServer;

use super::{APP, TestResponse, guarded, send, site, unchecked};

fn htmx(current: &str) -> Builder {
    Request::get("/fragment")
        .header("hx-request", "true")
        .header("hx-current-url", current)
        .header("sec-fetch-mode", "cors")
}

async fn response(request: Builder) -> TestResponse {
    let server = FiefTestServer::start().await;
    let guard = site(&server).require();
    let app = Router::new().route("/fragment", unchecked().route_layer(guard));
    send(&app, request).await
}

/// ER-8, D9
#[tokio::test]
async fn htmx_comes_back_to_its_page_and_not_to_the_fragment() {
    let response = response(htmx(&format!("{APP}/castles?a=1#north"))).await;

    assert_eq!(response.status, 401);
    assert_eq!(response.challenge(), "Bearer");
    assert_eq!(response.header(header::LOCATION), "");
    let login = "/login?return_to=%2Fcastles%3Fa%3D1%23north";
    assert_eq!(response.header("hx-redirect"), login);
    assert!(response.body.starts_with("<div"), "{}", response.body);
}

/// ER-8, RT-1
#[tokio::test]
async fn htmx_on_another_site_leads_to_the_login_alone() {
    for page in ["https://evil.example/castles", "/castles", "x"] {
        let response = response(htmx(page)).await;

        assert_eq!(response.header("hx-redirect"), "/login", "{page}");
    }
}

/// ER-8: htmx opens a boosted link as a page, and submits a boosted form from the page that it is in.
#[tokio::test]
async fn a_boosted_link_comes_back_to_where_it_leads() {
    let current = format!("{APP}/castles");
    let link = htmx(&current).header("hx-boosted", "true");
    let form = htmx(&current).header("hx-boosted", "true");

    let link = response(link).await;
    let form = response(form.method(Method::POST)).await;

    let fragment = "/login?return_to=%2Ffragment";
    assert_eq!(link.header("hx-redirect"), fragment);
    let page = "/login?return_to=%2Fcastles";
    assert_eq!(form.header("hx-redirect"), page);
}

/// ER-8, ER-3
#[tokio::test]
async fn htmx_steps_up_where_that_helps_and_stays_otherwise() {
    let server = FiefTestServer::start().await;
    let auth = site(&server);
    let token = server.access_token();
    let token = token.authenticated_ago(Duration::from_secs(600)).mint();
    let request = || {
        let request = htmx(&format!("{APP}/castles")).uri("/");
        request.header(header::AUTHORIZATION, format!("Bearer {token}"))
    };

    let recent = auth.require().max_age(Duration::from_secs(60));
    let recent = send(&guarded(recent), request()).await;
    let permitted = auth.require().permission("castles:delete");
    let permitted = send(&guarded(permitted), request()).await;

    let login = "/login?return_to=%2Fcastles&max_age=60";
    assert_eq!(recent.header("hx-redirect"), login);
    assert_eq!(
        (permitted.status.as_u16(), permitted.header("hx-redirect")),
        (403, "")
    );
    assert!(permitted.body.contains("A required permission is missing."));
    assert!(permitted.body.contains("prompt=login"));
}
