//! What no route matched, before a table of paths.

use axum::{Router, body::Body, http::Request};
use fief_axum::{FiefAuth, PathsLayer};
use fief_test_server::FiefTestServer;
use tower::{Layer, ServiceExt};

use super::{TestResponse, api, send, unchecked};

fn castles() -> Router {
    Router::new()
        .route("/castles", unchecked())
        .nest_service("/files", Router::new().route("/castles", unchecked()))
        .fallback(async || "lost")
}

fn table(auth: &FiefAuth) -> PathsLayer {
    auth.paths().public("/castles")
}

async fn status(app: &Router, path: &str) -> u16 {
    send(app, Request::get(path)).await.status.as_u16()
}

/// RB-7: what `nest_service` serves has no route of its own either.
#[tokio::test]
async fn the_fallback_is_opened_or_guarded_on_purpose_only() {
    let server = FiefTestServer::start().await;
    let auth = api(&server);
    let open = castles().layer(table(&auth).public_fallback());
    let guarded = castles().layer(table(&auth).fallback(auth.require()));
    let rejected = castles().layer(table(&auth));

    for path in ["/nowhere", "/files/castles"] {
        assert_eq!(status(&open, path).await, 200, "{path}");
        assert_eq!(status(&guarded, path).await, 401, "{path}");
        assert_eq!(status(&rejected, path).await, 403, "{path}");
    }
}

/// RB-7
#[tokio::test]
async fn a_nested_routers_fallback_is_rejected_too() {
    let server = FiefTestServer::start().await;
    let auth = api(&server);
    let around = Router::new()
        .nest("/v1", castles())
        .layer(auth.paths().public("/v1/{*rest}"));
    let inside = Router::new().nest("/v1", castles().layer(auth.paths().public("/v1/castles")));

    for app in [around, inside] {
        assert_eq!(status(&app, "/v1/castles").await, 200);
        assert_eq!(status(&app, "/v1/nowhere").await, 403);
    }
}

/// RB-7
#[tokio::test]
async fn a_merge_opens_no_fallback() {
    let server = FiefTestServer::start().await;
    let other = Router::new().route("/other", unchecked());

    let app = castles().layer(table(&api(&server))).merge(other);

    assert_eq!(status(&app, "/other").await, 200);
    assert_eq!(status(&app, "/nowhere").await, 403);
}

/// RB-6, RB-7, D5: no route has been matched yet, so the paths cannot be distinguished.
#[tokio::test]
async fn a_table_around_a_whole_router_is_our_fault() {
    let server = FiefTestServer::start().await;
    let auth = api(&server);
    let table = table(&auth).public("/{*rest}").public_fallback();
    let request = Request::get("/castles").body(Body::empty()).unwrap();

    let response = table.layer(castles()).oneshot(request).await.unwrap();

    let response = TestResponse::of(response).await;
    assert_eq!(response.status, 500);
    assert_eq!(response.error(), "server_error");
}
