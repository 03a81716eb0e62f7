//! What caches may keep of an answer that is one user's.

use axum::{
    http::{Request, header},
    routing::get,
};
use fief_test_server::FiefTestServer;

use super::{api, call, one, page, send, site, unchecked};

/// SE-7
#[tokio::test]
async fn what_a_guard_let_in_is_not_stored_and_varies() {
    let server = FiefTestServer::start().await;
    let app = one(unchecked().route_layer(api(&server).require()));

    let answer = send(&app, call(&server.access_token().mint())).await;

    assert_eq!(answer.header(header::CACHE_CONTROL), "no-store");
    assert_eq!(answer.header(header::VARY), "Cookie, Authorization");
}

/// SE-7
#[tokio::test]
async fn neither_are_rejections_and_redirects() {
    let server = FiefTestServer::start().await;
    let app = one(unchecked().route_layer(site(&server).require()));

    for request in [
        Request::get("/"),
        page("/"),
        call("INVALID"),
        call("two tokens"),
    ] {
        let answer = send(&app, request).await;
        assert!(!answer.status.is_success());
        assert_eq!(answer.header(header::CACHE_CONTROL), "no-store");
        assert_eq!(answer.header(header::VARY), "Cookie, Authorization");
    }
}

/// SE-7
#[tokio::test]
async fn what_the_application_says_stays() {
    let server = FiefTestServer::start().await;
    let headers = [
        (header::CACHE_CONTROL, "private, max-age=60"),
        (header::VARY, "Accept"),
    ];
    let app = one(get(async move || (headers, "inside")).route_layer(api(&server).require()));

    let answer = send(&app, call(&server.access_token().mint())).await;

    assert_eq!(answer.header(header::CACHE_CONTROL), "private, max-age=60");
    let vary: Vec<_> = answer.headers.get_all(header::VARY).iter().collect();
    assert_eq!(vary, ["Accept", "Cookie, Authorization"]);
}

/// SE-7
#[tokio::test]
async fn a_route_that_asks_for_nobody_is_left_alone() {
    let server = FiefTestServer::start().await;
    let app = one(unchecked()).layer(api(&server).layer());

    let answer = send(&app, call(&server.access_token().mint())).await;

    assert_eq!(answer.header(header::CACHE_CONTROL), "");
    assert_eq!(answer.header(header::VARY), "");
}
