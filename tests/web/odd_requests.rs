//! Requests that no browser sends.

use axum::{
    Router,
    body::Body,
    http::{Request, header},
};
use fief_axum::FiefAuth;
use fief_test_server::FiefTestServer;
use tower::ServiceExt;

use super::{TestResponse, guarded, site};

const ADDRESSES: [&str; 7] = [
    "*",
    "http://evil.example/",
    "//evil.example/x",
    "/%ff%fe",
    "/?%0d%0aSet-Cookie:x=y",
    "/\u{e9}",
    "example.com:80",
];

const METHODS: [&str; 5] = ["GET", "CONNECT", "OPTIONS", "TRACE", "PROPFIND"];

fn app(auth: &FiefAuth) -> Router {
    let table = auth.paths().fallback(auth.require());
    let table = table
        .require("/{*rest}", auth.require())
        .require("/", auth.require());
    let app = guarded(auth.require()).fallback(async || "inside");
    app.layer(auth.layer()).layer(table)
}

/// Nothing where HTTP has no such request.
fn request(method: &str, address: &str) -> Option<Request<Body>> {
    let junk = b"\xff=\xfe; a";
    let request = Request::builder().method(method).uri(address);
    let request = request
        .header("sec-fetch-mode", "navigate")
        .header("sec-fetch-site", &junk[..])
        .header(header::COOKIE, &junk[..])
        .header(header::ACCEPT, &junk[..]);
    request.body(Body::empty()).ok()
}

/// RB-6, RT-1
#[tokio::test]
async fn no_odd_request_gets_in_or_leads_elsewhere() {
    let server = FiefTestServer::start().await;
    let app = app(&site(&server));
    let all = ADDRESSES.map(|address| METHODS.map(|method| request(method, address)));

    let mut sent = 0;
    for request in all.into_iter().flatten().flatten() {
        let response = TestResponse::of(app.clone().oneshot(request).await.unwrap()).await;
        let location = response.header(header::LOCATION);
        assert!(!response.status.is_success());
        assert!(location.is_empty() || location.starts_with("/login"));
        sent += 1;
    }
    assert!(sent > 20);
}
