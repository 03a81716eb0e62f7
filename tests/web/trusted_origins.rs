//! Other origins that send requests with cookies, and the layer of the application that lets their pages read responses.

use axum::{
    Router,
    http::{HeaderValue, Method, Request, header, request::Builder},
};
use fief_axum::{FiefAuth, FiefAuthBuilder, SessionKey};
use fief_test_server::FiefTestServer;
use tower_http::cors::CorsLayer;

use super::{APP, COOKIE, fief, guarded, page, send};

const SPA: &str = "https://spa.example.com";

fn builder(server: &FiefTestServer) -> FiefAuthBuilder {
    let key = SessionKey::generate().unwrap();
    let builder = FiefAuth::builder(fief(server)).login(APP, key);
    builder.access_token_cookie(COOKIE)
}

fn app(builder: FiefAuthBuilder) -> Router {
    let auth = builder.build().unwrap();
    guarded(auth.require())
        .merge(auth.routes())
        .layer(auth.layer())
}

/// Returns a request with a valid token in the cookie.
fn with_cookie(request: Builder, server: &FiefTestServer) -> Builder {
    let token = server.access_token().mint();
    request.header("cookie", format!("{COOKIE}={token}"))
}

async fn status(app: &Router, request: Builder) -> u16 {
    send(app, request).await.status.as_u16()
}

/// FD-84, D14, CS-1: with and without a login.
#[tokio::test]
async fn a_trusted_origin_changes_something_with_the_cookie() {
    let server = FiefTestServer::start().await;
    let api = FiefAuth::builder(fief(&server)).access_token_cookie(COOKIE);
    let second = "http://localhost:5173";
    for builder in [builder(&server), api] {
        let app = app(builder.trusted_origin(SPA).trusted_origin(second));
        let post = || with_cookie(Request::post("/"), &server);
        for origin in [SPA, second] {
            assert_eq!(status(&app, post().header("origin", origin)).await, 200);
            for site in ["same-site", "cross-site"] {
                let request = post().header("origin", origin);
                let request = request.header("sec-fetch-site", site);
                assert_eq!(status(&app, request).await, 200, "{origin} {site}");
            }
        }
        let same_site = post().header("sec-fetch-site", "same-site");
        let other = same_site.header("origin", "https://evil.example.com");
        assert_eq!(send(&app, other).await.error(), "cross_site_request");
    }
}

/// D14, CS-6: byte for byte, and one header.
#[tokio::test]
async fn an_origin_that_is_nearly_trusted_is_rejected() {
    let server = FiefTestServer::start().await;
    let app = app(builder(&server).trusted_origin(SPA));
    let post = || with_cookie(Request::post("/"), &server);
    for origin in [
        "",
        "null",
        "https://SPA.example.com",
        "HTTPS://spa.example.com",
        "https://spa.example.com/",
        "https://spa.example.com:443",
        "https://spa.example.com:8443",
        "https://spa.example.com.",
        "http://spa.example.com",
        "https://spa.example.com.evil.example",
        "https://evilspa.example.com",
        "https://user@spa.example.com",
        "https://spa.example.com, https://spa.example.com",
        "https://spa.example.com https://evil.example",
        "https://spa.example.com\u{e9}",
    ] {
        for site in [None, Some("same-site")] {
            let mut request = post().header("origin", origin.as_bytes());
            if let Some(site) = site {
                request = request.header("sec-fetch-site", site);
            }
            assert_eq!(status(&app, request).await, 403, "{origin:?} {site:?}");
        }
    }
    let without = post().header("sec-fetch-site", "same-site");
    assert_eq!(status(&app, without).await, 403);
    let twice = post().header("origin", SPA).header("origin", SPA);
    assert_eq!(status(&app, twice).await, 403);
    for sites in [["same-site", "same-site"], ["same-site", "same-origin"]] {
        let mut request = post().header("origin", SPA);
        for site in sites {
            request = request.header("sec-fetch-site", site);
        }
        assert_eq!(status(&app, request).await, 403, "{sites:?}");
    }
    let unknown = post()
        .header("origin", SPA)
        .header("sec-fetch-site", "elsewhere");
    assert_eq!(status(&app, unknown).await, 403);
}

/// CS-5, D14, FD-84
#[tokio::test]
async fn a_trusted_origin_opens_websockets_with_the_cookie() {
    let server = FiefTestServer::start().await;
    let app = app(builder(&server).trusted_origin(SPA));
    let upgrade = |origin| {
        let request = Request::get("/").header("upgrade", "websocket");
        with_cookie(request.header("origin", origin), &server)
    };

    assert_eq!(status(&app, upgrade(SPA)).await, 200);
    assert_eq!(status(&app, upgrade(APP)).await, 200);
    for origin in ["null", "https://evil.example.com"] {
        assert_eq!(status(&app, upgrade(origin)).await, 403, "{origin}");
    }
}

/// D14: its pages are none to come back to.
#[tokio::test]
async fn a_page_of_a_trusted_origin_is_not_come_back_to() {
    let server = FiefTestServer::start().await;
    let app = app(builder(&server).trusted_origin(SPA));
    let form = Request::post("/")
        .header("sec-fetch-mode", "navigate")
        .header("referer", format!("{SPA}/form"));
    let htmx = Request::get("/")
        .header("hx-request", "true")
        .header("hx-current-url", format!("{SPA}/page"));

    let form = send(&app, form).await;
    let htmx = send(&app, htmx).await;

    assert!(!form.body.contains("spa.example.com"), "{}", form.body);
    assert_eq!(htmx.header("hx-redirect"), "/login");
}

/// D15, D14
#[tokio::test]
async fn a_form_of_a_trusted_origin_logs_out() {
    let server = FiefTestServer::start().await;
    let app = app(builder(&server).trusted_origin(SPA));
    let logout = |origin| {
        let post = Request::post("/logout").header("sec-fetch-site", "same-site");
        post.header("origin", origin)
    };

    assert_eq!(status(&app, logout(SPA)).await, 303);
    let other = send(&app, logout("https://evil.example.com")).await;
    assert_eq!(other.status, 200);
    assert!(other.body.contains("Log out?"), "{}", other.body);
    let link = page("/logout").header("sec-fetch-dest", "document");
    let link = link.header("sec-fetch-site", "same-site");
    assert_eq!(status(&app, link.header("origin", SPA)).await, 200);
}

fn cors() -> CorsLayer {
    CorsLayer::new()
        .allow_origin(HeaderValue::from_static(SPA))
        .allow_credentials(true)
        .allow_headers([header::CONTENT_TYPE])
        .allow_methods([Method::GET, Method::POST])
}

fn preflight(origin: &str) -> Builder {
    Request::options("/")
        .header("origin", origin)
        .header("sec-fetch-site", "same-site")
        .header("access-control-request-method", "POST")
        .header("access-control-request-headers", "content-type")
}

/// D14, FD-84: rejections can be read as well, and caches keep the responses apart.
#[tokio::test]
async fn a_cors_layer_outside_of_ours_lets_the_page_read_all_responses() {
    let server = FiefTestServer::start().await;
    let app = app(builder(&server).trusted_origin(SPA)).layer(cors());
    let post = || Request::post("/").header("sec-fetch-site", "same-site");

    let preflight = send(&app, preflight(SPA)).await;
    let good = with_cookie(post().header("origin", SPA), &server);
    let good = send(&app, good).await;
    let anonymous = send(&app, post().header("origin", SPA)).await;
    let other = with_cookie(post().header("origin", "https://evil.example.com"), &server);
    let other = send(&app, other).await;

    assert_eq!(preflight.status, 200);
    assert_eq!(preflight.header("access-control-allow-methods"), "GET,POST");
    assert_eq!((good.status.as_u16(), &*good.body), (200, "inside"));
    assert_eq!(anonymous.status, 401);
    assert_eq!(other.status, 403);
    for response in [&good, &anonymous] {
        assert_eq!(response.header("access-control-allow-origin"), SPA);
        assert_eq!(response.header("access-control-allow-credentials"), "true");
        let varies: Vec<_> = response.headers.get_all("vary").iter().collect();
        let varies = format!("{varies:?}").to_ascii_lowercase();
        for name in ["origin", "cookie", "authorization"] {
            assert!(varies.contains(name), "{name}: {varies}");
        }
    }
}

/// D14: a preflight has no credentials.
#[tokio::test]
async fn a_guard_outside_of_the_cors_layer_lets_no_preflight_pass() {
    let server = FiefTestServer::start().await;
    let auth = builder(&server).trusted_origin(SPA).build().unwrap();
    let inside = super::one(super::unchecked()).layer(cors());
    let table = auth.paths().require("/", auth.require());
    for app in [
        inside.clone().layer(auth.require()),
        inside.layer(table).layer(auth.layer()),
    ] {
        let response = send(&app, preflight(SPA)).await;
        assert_eq!(response.status, 401);
        assert_eq!(response.header("access-control-allow-origin"), "");
    }
}
