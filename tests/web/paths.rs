//! The table of paths.

use axum::{
    Router,
    http::{Method, Request, request::Builder},
    routing::get,
};
use fief_axum::{FiefAuth, PathsLayer};
use fief_test_server::FiefTestServer;

use super::{api, send, site, unchecked, whoami};

fn routes() -> Router {
    Router::new()
        .route(
            "/",
            get(async |who: Option<fief_axum::Authenticated>| who.is_some().to_string()),
        )
        .route("/health", unchecked())
        .route("/castles", unchecked())
        .route("/castles/{id}", unchecked().delete(async || "deleted"))
        .route("/admin/users/{id}", unchecked())
        .route("/administration", unchecked())
        .route("/forgotten", get(whoami))
}

fn table(auth: &FiefAuth) -> PathsLayer {
    auth.paths()
        .optional("/")
        .public("/health")
        .require("/castles", auth.require())
        .require_method(Method::GET, "/castles/{id}", auth.require())
        .require_method(
            Method::DELETE,
            "/castles/{id}",
            auth.require().permission("castles:delete"),
        )
        .require("/admin/{*rest}", auth.require().permission("admin"))
}

fn app(auth: &FiefAuth) -> Router {
    routes().layer(table(auth))
}

async fn status(app: &Router, request: Builder) -> u16 {
    send(app, request).await.status.as_u16()
}

/// N06, N08, N10
#[tokio::test]
async fn each_path_requires_what_the_table_says() {
    let server = FiefTestServer::start().await;
    let app = app(&api(&server));
    let bearer = format!("Bearer {}", server.access_token().mint());
    let with = |request: Builder| request.header("authorization", &bearer);

    assert_eq!(status(&app, Request::get("/health")).await, 200);
    assert_eq!(send(&app, Request::get("/")).await.body, "false");
    assert_eq!(send(&app, with(Request::get("/"))).await.body, "true");
    assert_eq!(status(&app, Request::get("/castles")).await, 401);
    assert_eq!(status(&app, with(Request::get("/castles"))).await, 200);
    assert_eq!(status(&app, with(Request::get("/castles/1"))).await, 200);
    assert_eq!(status(&app, with(Request::delete("/castles/1"))).await, 403);
    assert_eq!(
        status(&app, with(Request::get("/admin/users/1"))).await,
        403
    );
}

/// N10
#[tokio::test]
async fn an_optional_path_treats_an_expired_token_as_anonymous() {
    let server = FiefTestServer::start().await;
    let expired = server.access_token().expired().mint();

    let request = Request::get("/").header("authorization", format!("Bearer {expired}"));

    assert_eq!(send(&app(&api(&server)), request).await.body, "false");
}

/// RB-7
#[tokio::test]
async fn paths_that_are_not_in_the_table_are_rejected() {
    let server = FiefTestServer::start().await;
    let app = app(&api(&server));
    let bearer = format!(
        "Bearer {}",
        server.access_token().permission("admin").mint()
    );

    for path in ["/forgotten", "/administration", "/nowhere", "/castles/1/2"] {
        let request = Request::get(path).header("authorization", &bearer);
        assert_eq!(status(&app, request).await, 403, "{path}");
    }
    // The method has no entry.
    let request = Request::post("/castles/1").header("authorization", &bearer);
    assert_eq!(status(&app, request).await, 403);
}

/// RB-7: CVE-2025-54576, CVE-2026-33494 and their like
#[tokio::test]
async fn no_spelling_of_an_address_borrows_another_paths_entry() {
    let server = FiefTestServer::start().await;
    let app = app(&api(&server));

    let spellings = [
        "/castles?/health",
        "/castles?x=/health",
        "/castles/%2e%2e%2fhealth",
        "/castles/..%2fhealth",
        "/health/../castles",
        "/health%2f..%2fcastles",
        "//castles",
        "/castles/",
        "/castles;/health",
        "/CASTLES",
        "/%63astles",
    ];

    for path in spellings {
        let request = Request::get(path)
            .header("x-forwarded-uri", "/health")
            .header("x-original-url", "/health");
        let status = status(&app, request).await;
        assert!(matches!(status, 401 | 403 | 404), "{path}: {status}");
    }
    let overridden = Request::delete("/castles/1").header("x-http-method-override", "GET");
    assert_eq!(status(&app, overridden).await, 401);
}

/// HEAD is handled by GET's handler, and guarded with it.
#[tokio::test]
async fn head_goes_with_get() {
    let server = FiefTestServer::start().await;
    let auth = api(&server);
    let table = auth
        .paths()
        .require_method(Method::GET, "/castles", auth.require())
        .public("/castles");
    let app = routes().layer(table);

    assert_eq!(status(&app, Request::head("/castles")).await, 401);
    assert_eq!(status(&app, Request::post("/castles")).await, 200);
}

/// N14
#[tokio::test]
async fn the_first_entry_that_matches_decides() {
    let server = FiefTestServer::start().await;
    let auth = api(&server);
    let table = auth
        .paths()
        .public("/castles")
        .require("/castles", auth.require())
        .require("/{*rest}", auth.require());
    let app = routes().layer(table);

    assert_eq!(status(&app, Request::get("/castles")).await, 200);
    assert_eq!(status(&app, Request::get("/health")).await, 401);
}

/// A nested router's routes are in the table with their whole path.
#[tokio::test]
async fn nested_routes_have_their_whole_path() {
    let server = FiefTestServer::start().await;
    let auth = api(&server);
    let table = auth
        .paths()
        .public("/v1/castles")
        .require("/v1/castles/{id}", auth.require());
    let app = Router::new().nest("/v1", routes()).layer(table);

    assert_eq!(status(&app, Request::get("/v1/castles")).await, 200);
    assert_eq!(status(&app, Request::get("/v1/castles/1")).await, 401);
    assert_eq!(status(&app, Request::get("/v1/health")).await, 403);
}

/// N06
#[tokio::test]
async fn a_page_in_the_table_leads_to_the_login() {
    let server = FiefTestServer::start().await;
    let response = send(&app(&site(&server)), super::page("/castles?a=b")).await;

    assert_eq!(
        response.header("location"),
        "/login?return_to=%2Fcastles%3Fa%3Db"
    );
}

/// N13, Q34
#[tokio::test]
async fn headers_that_name_a_user_are_never_believed() {
    let server = FiefTestServer::start().await;
    let auth = api(&server);
    let app = routes().layer(
        auth.paths()
            .optional("/")
            .require("/castles", auth.require()),
    );
    let named = |path: &str| Request::get(path).header("x-fiefauth-user-id", "victim");

    assert_eq!(send(&app, named("/")).await.body, "false");
    assert_eq!(status(&app, named("/castles")).await, 401);
}

/// RB-7
#[tokio::test]
async fn an_entry_covers_no_more_than_it_says() {
    let server = FiefTestServer::start().await;
    let table = api(&server)
        .paths()
        .public("/admin/{*rest}")
        .public("/health{*rest}")
        .public("/forgotten/");
    let app = routes()
        .route("/admin", unchecked())
        .route("/admin/", unchecked())
        .layer(table);

    for path in [
        "/admin",
        "/admin/",
        "/administration",
        "/health",
        "/forgotten",
    ] {
        assert_eq!(status(&app, Request::get(path)).await, 403, "{path}");
    }
}

/// RB-7
#[tokio::test]
async fn an_entry_of_a_method_covers_that_method() {
    let server = FiefTestServer::start().await;
    let auth = api(&server);
    let table = auth
        .paths()
        .require_method(Method::HEAD, "/castles", auth.require().optional())
        .require_method(Method::GET, "/health", auth.require().optional());
    let app = routes().layer(table);
    let propfind = Request::get("/health").method("PROPFIND");

    assert_eq!(status(&app, Request::head("/castles")).await, 200);
    assert_eq!(status(&app, Request::get("/castles")).await, 403);
    assert_eq!(status(&app, propfind).await, 403);
}

/// D4
#[tokio::test]
async fn an_optional_path_does_not_take_a_malformed_header() {
    let server = FiefTestServer::start().await;
    let app = routes().layer(api(&server).paths().optional("/"));

    assert_eq!(super::status(&app, "two tokens").await, 400);
}
