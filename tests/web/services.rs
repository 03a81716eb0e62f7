//! Guards stand in front of any Tower service.

use std::convert::Infallible;

use axum::{
    Router,
    http::{Request, Response},
};
use fief_test_server::FiefTestServer;
use tower::{Layer, ServiceBuilder, ServiceExt, service_fn};

use super::{Answer, api, call, send, status, unchecked};

/// A service as hyper and tonic know them: bodies of its own, no axum.
async fn plain(request: Request<String>) -> Result<Response<String>, Infallible> {
    Ok(Response::new(request.into_body()))
}

/// D8
#[tokio::test]
async fn a_plain_service_with_bodies_of_its_own_is_guarded() {
    let server = FiefTestServer::start().await;
    let auth = api(&server);
    let service = ServiceBuilder::new()
        .layer(auth.layer())
        .layer(auth.require())
        .service(service_fn(plain));
    let good = call(&server.access_token().mint())
        .body("echo".to_owned())
        .unwrap();
    let none = Request::new("echo".to_owned());

    let inside = Answer::of(service.clone().oneshot(good).await.unwrap()).await;
    let outside = Answer::of(service.oneshot(none).await.unwrap()).await;

    assert_eq!(
        (inside.status.as_u16(), inside.body.as_str()),
        (200, "echo")
    );
    assert_eq!(outside.status, 401);
}

/// D8
#[tokio::test]
async fn a_router_a_method_and_a_nested_service_are_guarded_alike() {
    let server = FiefTestServer::start().await;
    let auth = api(&server);
    let (token, guard) = (server.access_token().mint(), auth.require());
    let apps = [
        Router::new().route("/", unchecked()).layer(guard.clone()),
        Router::new()
            .route("/", unchecked())
            .route_layer(guard.clone()),
        Router::new().route("/", unchecked().layer(guard.clone())),
        Router::new().fallback_service(guard.layer(Router::new().route("/", unchecked()))),
    ];

    for app in apps {
        assert_eq!(status(&app, "INVALID").await, 401);
        assert_eq!(status(&app, &token).await, 200);
    }
}

/// A guard on one method leaves the others alone.
#[tokio::test]
async fn a_single_handler_is_guarded() {
    use axum::{handler::Handler, routing::get};
    let server = FiefTestServer::start().await;
    let inside = async || "inside";
    let app = super::one(get(inside).post(inside.layer(api(&server).require())));

    assert_eq!(send(&app, Request::get("/")).await.status, 200);
    assert_eq!(send(&app, Request::post("/")).await.status, 401);
}

/// The inner service's errors are passed on, not answered.
#[tokio::test]
async fn an_error_of_the_service_stays_its_error() {
    let server = FiefTestServer::start().await;
    let broken = service_fn(async |_: Request<()>| Err::<Response<String>, _>("broken"));
    let service = api(&server).require().optional().layer(broken);

    let result = service.oneshot(Request::new(())).await;

    assert_eq!(result.unwrap_err(), "broken");
}
