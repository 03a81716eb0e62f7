//! An access token as the plain value of a cookie.

use axum::{
    Router,
    http::{Request, request::Builder},
    routing::{any, get},
};
use fief_axum::{FiefAuth, SessionKey};
use fief_test_server::FiefTestServer;

use super::{APP, COOKIE, call, cookie_api, fief, guarded, one, send, whoami};

fn app(server: &FiefTestServer) -> Router {
    one(get(whoami)
        .post(whoami)
        .route_layer(cookie_api(server).require()))
}

fn with(request: Builder, cookies: &str) -> Builder {
    request.header("cookie", cookies)
}

async fn status(app: &Router, request: Builder) -> u16 {
    send(app, request).await.status.as_u16()
}

/// I15, I16
#[tokio::test]
async fn the_cookie_of_that_name_is_the_token() {
    let server = FiefTestServer::start().await;
    let (app, token) = (app(&server), server.access_token().mint());

    for cookies in [
        "",
        "foo=bar",
        "foo=bar;user=foo",
        ";",
        "user_session=",
        "user_session",
    ] {
        let response = send(&app, with(Request::get("/"), cookies)).await;
        assert_eq!(response.challenge(), "Bearer", "{cookies:?}");
    }
    let found = format!("foo=bar;{COOKIE}={token}");
    assert_eq!(status(&app, with(Request::get("/"), &found)).await, 200);
}

/// N10
#[tokio::test]
async fn an_expired_token_in_the_cookie_is_a_401() {
    let server = FiefTestServer::start().await;
    let token = server.access_token().expired().mint();

    let request = with(Request::get("/"), &format!("{COOKIE}={token}"));

    assert_eq!(send(&app(&server), request).await.error(), "invalid_token");
}

/// SE-8
#[tokio::test]
async fn a_repeated_cookie_is_anonymous() {
    let server = FiefTestServer::start().await;
    let token = server.access_token().mint();

    let request = with(
        Request::get("/"),
        &format!("{COOKIE}={token}; {COOKIE}={token}"),
    );

    assert_eq!(status(&app(&server), request).await, 401);
}

/// D8, BP-7
#[tokio::test]
async fn a_bad_bearer_never_falls_back_to_the_cookie() {
    let server = FiefTestServer::start().await;
    let (app, token) = (app(&server), server.access_token().mint());
    let cookie = || with(Request::get("/"), &format!("{COOKIE}={token}"));

    assert_eq!(
        status(&app, cookie().header("authorization", "Bearer INVALID")).await,
        401
    );
    assert_eq!(
        status(&app, cookie().header("authorization", "Bearer a b")).await,
        400
    );
    assert_eq!(
        status(&app, cookie().header("authorization", "Basic YTpi")).await,
        200
    );
}

/// CS-1, CS-6
#[tokio::test]
async fn a_post_with_the_cookie_must_come_from_this_site() {
    let server = FiefTestServer::start().await;
    let key = SessionKey::generate().unwrap();
    let builder = FiefAuth::builder(fief(&server)).login(APP, key);
    let auth = builder.access_token_cookie(COOKIE).build().unwrap();
    let app = guarded(auth.require());
    let token = server.access_token().mint();
    let post = || with(Request::post("/"), &format!("{COOKIE}={token}"));

    let rejected = [
        post(),
        post().header("sec-fetch-site", "cross-site"),
        post().header("sec-fetch-site", "same-site"),
        post().header("origin", "https://evil.example"),
        post().header("origin", "null"),
        post()
            .header("sec-fetch-site", "cross-site")
            .header("origin", APP),
    ];
    for request in rejected {
        assert_eq!(send(&app, request).await.error(), "cross_site_request");
    }
    assert_eq!(
        status(&app, post().header("sec-fetch-site", "same-origin")).await,
        200
    );
    assert_eq!(status(&app, post().header("origin", APP)).await, 200);
}

/// CS-1, FD-84, D14: without a login the application's origin is not configured, so it is the host of the request.
#[tokio::test]
async fn without_a_login_the_origin_is_the_host() {
    let server = FiefTestServer::start().await;
    let (app, token) = (app(&server), server.access_token().mint());
    let post = |origin: &str, host: &str| {
        let request = Request::post("/")
            .header("origin", origin)
            .header("host", host);
        with(request, &format!("{COOKIE}={token}"))
    };
    let same = [
        (APP, "app.example.com"),
        (APP, "app.example.com:443"),
        (APP, "APP.example.com"),
        ("https://app.example.com:8443", "app.example.com:8443"),
        ("http://127.0.0.1:3000", "127.0.0.1:3000"),
        ("http://localhost", "localhost:80"),
        ("https://[::1]:3000", "[::1]:3000"),
    ];
    let other = [
        (APP, "www.example.com"),
        (APP, "app.example.com:8443"),
        (APP, "app.example.com:80"),
        (APP, "x@app.example.com"),
        (APP, "app.example.com/"),
        (APP, "app.example.com?"),
        (APP, ""),
        ("http://app.example.com", "app.example.com"),
        ("https://app.example.com/", "app.example.com"),
        ("null", "null"),
        ("https://", ""),
    ];

    for (origin, host) in same {
        assert_eq!(
            status(&app, post(origin, host)).await,
            200,
            "{origin} {host}"
        );
    }
    for (origin, host) in other {
        assert_eq!(
            status(&app, post(origin, host)).await,
            403,
            "{origin} {host}"
        );
    }
    let forwarded = post(APP, "inside:8080").header("x-forwarded-host", "app.example.com");
    assert_eq!(status(&app, forwarded).await, 403);
    let cross_site = post(APP, "app.example.com").header("sec-fetch-site", "cross-site");
    assert_eq!(status(&app, cross_site).await, 403);
    let without = with(Request::post("/"), &format!("{COOKIE}={token}"));
    assert_eq!(status(&app, without.header("origin", APP)).await, 403);
    let http2 = with(
        Request::post(format!("{APP}/")),
        &format!("{COOKIE}={token}"),
    );
    assert_eq!(status(&app, http2.header("origin", APP)).await, 200);
}

/// CS-5, FD-82: some proxies offer `h2c` with every request.
#[tokio::test]
async fn of_upgrades_only_a_websocket_comes_from_the_site_itself() {
    let server = FiefTestServer::start().await;
    let (app, token) = (app(&server), server.access_token().mint());
    let upgrade = |protocol: &str| {
        let request = Request::get("/").header("upgrade", protocol);
        let request = request.header("sec-fetch-site", "cross-site");
        with(request, &format!("{COOKIE}={token}"))
    };

    for protocol in ["h2c", "TLS/1.3", "web", ""] {
        assert_eq!(status(&app, upgrade(protocol)).await, 200, "{protocol}");
    }
    for protocol in ["websocket", "WebSocket", "h2c, websocket", " websocket/13"] {
        assert_eq!(status(&app, upgrade(protocol)).await, 403, "{protocol}");
    }
    let twice = upgrade("h2c").header("upgrade", "websocket");
    assert_eq!(status(&app, twice).await, 403);
}

/// CS-2, CS-3
#[tokio::test]
async fn the_credential_that_counted_decides_about_the_exemption() {
    let server = FiefTestServer::start().await;
    let (app, token) = (app(&server), server.access_token().mint());
    let post = || with(Request::post("/"), &format!("{COOKIE}={token}"));

    let bearer = post().header("authorization", format!("Bearer {token}"));
    let other = post().header("authorization", "Basic YTpi");

    assert_eq!(status(&app, bearer).await, 200);
    assert_eq!(status(&app, other).await, 403);
}

/// BP-7, BP-5
#[tokio::test]
async fn a_bearer_of_any_length_never_falls_back_to_the_cookie() {
    let server = FiefTestServer::start().await;
    let (app, token) = (app(&server), server.access_token().mint());

    let long = call(&"a".repeat(100_000));

    assert_eq!(
        status(&app, with(long, &format!("{COOKIE}={token}"))).await,
        401
    );
}

/// SE-9
#[tokio::test]
async fn a_cookie_of_any_bytes_hides_no_other() {
    let server = FiefTestServer::start().await;
    let (app, token) = (app(&server), server.access_token().mint());

    for other in ["city=Zürich", "a=\u{fffd}; =; ;;"] {
        let cookies = format!("{other}; {COOKIE}={token}");
        let request = Request::get("/").header("cookie", cookies.as_bytes());
        assert_eq!(status(&app, request).await, 200, "{other}");
    }
}

/// CS-1
#[tokio::test]
async fn only_get_head_and_options_change_nothing() {
    let server = FiefTestServer::start().await;
    let app = one(any(async || "inside").layer(cookie_api(&server).require()));
    let cookie = format!("{COOKIE}={}", server.access_token().mint());
    let with = |method: &str| with(Request::get("/").method(method), &cookie);

    for method in ["GET", "HEAD", "OPTIONS"] {
        assert_eq!(status(&app, with(method)).await, 200, "{method}");
    }
    for method in [
        "POST",
        "PUT",
        "PATCH",
        "DELETE",
        "TRACE",
        "CONNECT",
        "PROPPATCH",
    ] {
        assert_eq!(status(&app, with(method)).await, 403, "{method}");
    }
}
