//! What a browser is shown that submits a form.

use std::time::Duration;

use axum::{
    Router,
    http::{Request, header, request::Builder},
};
use fief_test_server::FiefTestServer;

use super::{APP, TestResponse, call, guarded, one, page, send, site, unchecked};

/// Returns the request of a browser that submits the form of the page `referer`.
fn submit(referer: &str) -> Builder {
    Request::post("/")
        .header("sec-fetch-mode", "navigate")
        .header("sec-fetch-site", "same-origin")
        .header(header::REFERER, referer)
}

async fn submitted(referer: &str) -> TestResponse {
    let server = FiefTestServer::start().await;
    send(&guarded(site(&server).require()), submit(referer)).await
}

/// FD-50, ER-6, Q38
#[tokio::test]
async fn a_form_without_a_session_is_a_page_that_leads_back_to_the_form() {
    let response = submitted(&format!("{APP}/castles/new?a=%22&b=<")).await;

    assert_eq!(response.status, 401);
    assert_eq!(response.header(header::LOCATION), "");
    assert_eq!(response.challenge(), "Bearer");
    let page = "%2Fcastles%2Fnew%3Fa%3D%2522%26b%3D%253C";
    let link = format!("<a href=\"/login?return_to={page}\">Log in");
    assert!(response.body.contains(&link), "{}", response.body);
    assert!(response.body.contains("What you entered was not saved."));
    let policy = response.header(header::CONTENT_SECURITY_POLICY);
    assert!(policy.contains("default-src 'none'"), "{policy}");
}

/// FD-50
#[tokio::test]
async fn a_form_that_needs_a_recent_login_is_a_page_that_steps_up() {
    let server = FiefTestServer::start().await;
    let recent = site(&server).require().max_age(Duration::from_secs(60));
    let token = server.access_token();
    let token = token.authenticated_ago(Duration::from_secs(600)).mint();
    let request = submit(&format!("{APP}/new")).header("authorization", format!("Bearer {token}"));

    let response = send(&guarded(recent), request).await;

    assert_eq!(response.status, 401);
    let link = "<a href=\"/login?return_to=%2Fnew&amp;max_age=60\">";
    assert!(response.body.contains(link), "{}", response.body);
}

/// FD-50, RT-1: only a page of the application leads back.
#[tokio::test]
async fn a_form_leads_back_to_no_other_site_and_to_no_route_of_the_login() {
    let pages = [
        "https://evil.example/new",
        "http://app.example.com/new",
        "https://app.example.com:8443/new",
        "https://app.example.com@evil.example/new",
        "https://app.example.com//evil.example/",
        "https://app.example.com/login?return_to=%2F",
        "https://app.example.com/logout",
        "https://app.example.com/",
        "https://app.example.com",
        "/new",
        "",
    ];
    for page in pages {
        let response = submitted(page).await;

        let link = "<a href=\"/login\">Log in";
        assert!(response.body.contains(link), "{page}: {}", response.body);
    }
}

/// FD-50: `PUT` and `DELETE` of a script are no forms, and neither is JSON.
#[tokio::test]
async fn only_what_a_browser_submits_is_a_form() {
    let server = FiefTestServer::start().await;
    let app = one(unchecked().put(async || "inside")).layer(site(&server).require());
    let plain = |content_type: &str| {
        let request = Request::post("/").header(header::ACCEPT, "text/html,*/*;q=0.8");
        request.header(header::CONTENT_TYPE, content_type)
    };
    let form = "application/x-www-form-urlencoded";
    let script = plain(form).header("x-requested-with", "XMLHttpRequest");
    let put = Request::put("/").header("sec-fetch-mode", "cors");
    let types = async |request| {
        let response = send(&app, request).await;
        assert_eq!(response.status, 401);
        response.header(header::CONTENT_TYPE).to_owned()
    };

    for form in [form, "multipart/form-data; boundary=x", "text/plain"] {
        assert!(types(plain(form)).await.starts_with("text/html"), "{form}");
    }
    let android = plain(form).header("x-requested-with", "com.example.app");
    assert!(types(android).await.starts_with("text/html"));
    for request in [plain("application/json"), script, put] {
        assert_eq!(types(request).await, "application/json");
    }
}

/// FD-55
#[tokio::test]
async fn a_page_for_another_user_leads_to_a_login_as_a_different_user() {
    let server = FiefTestServer::start().await;
    let guard = site(&server).require().permission("castles:delete");
    let app = Router::new().route("/castles", unchecked().route_layer(guard));
    let token = format!("Bearer {}", server.access_token().mint());

    let page = page("/castles?a=1").header(header::AUTHORIZATION, token);
    let response = send(&app, page).await;

    assert_eq!(response.status, 403);
    let link = "/login?return_to=%2Fcastles%3Fa%3D1&amp;prompt=login";
    let link = format!("<a href=\"{link}\">Log in as a different user</a>");
    assert!(response.body.contains(&link), "{}", response.body);
}

/// FD-50
#[tokio::test]
async fn a_script_is_sent_no_page() {
    let server = FiefTestServer::start().await;
    let app = guarded(site(&server).require().permission("castles:delete"));
    let token = server.access_token().mint();

    let response = send(&app, call(&token).header("sec-fetch-mode", "cors")).await;

    assert_eq!(response.error(), "insufficient_permissions");
    assert!(!response.body.contains("prompt=login"));
}
