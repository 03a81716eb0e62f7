//! What caches may store of a response for one user.

use std::time::Duration;

use axum::{
    http::{Request, header},
    response::AppendHeaders,
    routing::get,
};
use fief_test_server::FiefTestServer;

use super::{api, call, one, page, send, site, unchecked};
use crate::login::{self, builder, logged_in};

/// SE-7
#[tokio::test]
async fn responses_behind_a_guard_are_not_stored_and_vary() {
    let server = FiefTestServer::start().await;
    let app = one(unchecked().route_layer(api(&server).require()));

    let response = send(&app, call(&server.access_token().mint())).await;

    assert_eq!(response.header(header::CACHE_CONTROL), "no-store");
    assert_eq!(response.header(header::VARY), "Cookie, Authorization");
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
        let response = send(&app, request).await;
        assert!(!response.status.is_success());
        assert_eq!(response.header(header::CACHE_CONTROL), "no-store");
        assert_eq!(response.header(header::VARY), "Cookie, Authorization");
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

    let response = send(&app, call(&server.access_token().mint())).await;

    assert_eq!(
        response.header(header::CACHE_CONTROL),
        "private, max-age=60"
    );
    let vary: Vec<_> = response.headers.get_all(header::VARY).iter().collect();
    assert_eq!(vary, ["Accept", "Cookie, Authorization"]);
}

/// SE-7
#[tokio::test]
async fn a_route_without_authentication_is_left_alone() {
    let server = FiefTestServer::start().await;
    let app = one(unchecked()).layer(api(&server).layer());

    let response = send(&app, call(&server.access_token().mint())).await;

    assert_eq!(response.header(header::CACHE_CONTROL), "");
    assert_eq!(response.header(header::VARY), "");
}

/// SE-7: authentication of one request does not affect the response to the next one.
#[tokio::test]
async fn a_response_after_one_users_is_left_alone() {
    let server = FiefTestServer::start().await;
    let (auth, visitor) = logged_in(&server, builder(&server)).await;
    let app = one(unchecked().route_layer(auth.require()));
    let app = app.route("/open", unchecked()).layer(auth.layer());
    let visitor = visitor.at(app);
    for seconds in [0, 61, 0, 61] {
        server.advance(Duration::from_secs(seconds));
        let (guarded, cookies) = visitor.send_once(login::page("/", "none")).await;
        assert_eq!(guarded.header(header::CACHE_CONTROL), "no-store");
        assert!(seconds == 0 || !cookies.is_empty());

        let (open, cookies) = visitor.send_once(login::page("/open", "none")).await;
        assert_eq!(open.header(header::CACHE_CONTROL), "");
        assert_eq!(open.header(header::VARY), "");
        assert!(cookies.is_empty());
    }
}

/// SE-7: several headers are one list ([RFC 9110, section 5.3](https://www.rfc-editor.org/rfc/rfc9110#section-5.3)).
#[tokio::test]
async fn an_application_may_say_it_in_several_headers() {
    let server = FiefTestServer::start().await;
    for (said, kept) in [
        (["public", "max-age=60"], "private, max-age=60"),
        (["max-age=60", "no-store"], "max-age=60, no-store"),
    ] {
        let said = AppendHeaders(said.map(|said| (header::CACHE_CONTROL, said)));
        let app = one(get(async || (said, "inside")).route_layer(api(&server).require()));
        let response = send(&app, call(&server.access_token().mint())).await;
        assert_eq!(
            response
                .headers
                .get_all(header::CACHE_CONTROL)
                .iter()
                .count(),
            1
        );
        assert_eq!(response.header(header::CACHE_CONTROL), kept);
    }
}

/// SE-7: what the application says about caching is about its user's own browser.
#[tokio::test]
async fn a_response_for_one_user_is_never_public() {
    let server = FiefTestServer::start().await;
    let said = async |said: &'static str| {
        let page = get(async move || ([(header::CACHE_CONTROL, said)], "inside"));
        let app = one(page.route_layer(api(&server).require()));
        let response = send(&app, call(&server.access_token().mint())).await;
        response.header(header::CACHE_CONTROL).to_owned()
    };

    assert_eq!(said("public, max-age=600").await, "private, max-age=600");
    assert_eq!(said("max-age=60").await, "private, max-age=60");
    assert_eq!(said("public, s-maxage=5").await, "private");
    for kept in ["private, max-age=60", "no-cache, no-store"] {
        assert_eq!(said(kept).await, kept);
    }
}

/// SE-7, SE-4
#[tokio::test]
async fn with_new_cookies_only_a_private_response_keeps_what_it_says() {
    for (said, kept) in [
        ("private, max-age=60", "private, max-age=60"),
        ("no-cache, no-store", "no-cache, no-store"),
        ("public, max-age=60", "no-store"),
    ] {
        let server = FiefTestServer::start().await;
        let (auth, visitor) = logged_in(&server, builder(&server)).await;
        let route = get(async move || ([(header::CACHE_CONTROL, said)], "inside"));
        let visitor = visitor.at(one(route.route_layer(auth.require())));
        server.advance(Duration::from_secs(61));

        let (response, cookies) = visitor.send_once(login::page("/", "none")).await;

        assert!(!cookies.is_empty());
        assert_eq!(response.header(header::CACHE_CONTROL), kept);
    }
}

/// SE-7
#[tokio::test]
async fn what_the_table_of_paths_rejects_is_not_stored() {
    let server = FiefTestServer::start().await;
    let app = one(unchecked()).layer(api(&server).paths());

    let response = send(&app, Request::get("/")).await;

    assert_eq!(response.status, 403);
    assert_eq!(response.header(header::CACHE_CONTROL), "no-store");
    assert_eq!(response.header(header::VARY), "Cookie, Authorization");
}
