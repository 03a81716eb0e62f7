//! What no route matched, before a table of paths.

use axum::{Router, body::Body, http::Request, routing::any_service};
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

/// FD-77, RB-7: what an outer route lets through is not what the table of an inner router does.
#[tokio::test]
async fn the_entry_of_an_outer_route_opens_no_route_of_an_inner_router() {
    let server = FiefTestServer::start().await;
    let auth = api(&server);
    let inner = || {
        let routes = Router::new()
            .route("/open/castles", unchecked())
            .route("/open", unchecked())
            .route("/{*all}", unchecked());
        routes.layer(
            auth.paths()
                .public("/open")
                .public("/open/{*rest}")
                .public("/{*all}"),
        )
    };
    let services = Router::new()
        .route("/open", any_service(inner()))
        .route("/open/{*rest}", any_service(inner()))
        .route("/{*all}", any_service(inner()));

    for path in ["/open", "/open/castles", "/open/moats", "/moats"] {
        assert_eq!(status(&inner(), path).await, 200, "{path}");
        assert_eq!(status(&services, path).await, 500, "{path}");
    }
}

/// RB-7: the entries of a nested router have its whole paths.
#[tokio::test]
async fn a_table_of_a_nested_router_applies_to_its_own_routes() {
    let server = FiefTestServer::start().await;
    let auth = api(&server);
    let inner = |root: &str| {
        let routes = Router::new()
            .route("/", unchecked())
            .route("/castles/{id}", unchecked())
            .route("/files/{*rest}", unchecked());
        let table = auth.paths().public(root).public("/v1/castles/{id}");
        routes.layer(table.public("/v1/files/{*rest}"))
    };
    let nested = Router::new().nest("/v1", inner("/v1"));
    let service = Router::new().nest_service("/v1", inner("/v1/"));
    let paths = ["/v1", "/v1/castles/1", "/v1/castles/%20", "/v1/files/a/b"];

    for app in [nested, service] {
        for path in paths {
            assert_eq!(status(&app, path).await, 200, "{path}");
        }
    }
}
