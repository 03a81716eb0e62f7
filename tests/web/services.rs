//! Guards stand in front of any Tower service.

use std::{
    convert::Infallible,
    future, mem,
    task::{Context, Poll},
};

use axum::{
    Router,
    http::{Request, Response},
};
use fief_test_server::FiefTestServer;
use tower::{Layer, Service, ServiceBuilder, ServiceExt, service_fn};

use super::{TestResponse, api, call, send, status, unchecked};

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

    let inside = TestResponse::of(service.clone().oneshot(good).await.unwrap()).await;
    let outside = TestResponse::of(service.oneshot(none).await.unwrap()).await;

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

/// A guard on one method does not affect other methods.
#[tokio::test]
async fn a_single_handler_is_guarded() {
    use axum::{handler::Handler, routing::get};
    let server = FiefTestServer::start().await;
    let inside = async || "inside";
    let app = super::one(get(inside).post(inside.layer(api(&server).require())));

    assert_eq!(send(&app, Request::get("/")).await.status, 200);
    assert_eq!(send(&app, Request::post("/")).await.status, 401);
}

/// Errors of the inner service are passed on and not turned into responses.
#[tokio::test]
async fn an_error_of_the_service_stays_its_error() {
    let server = FiefTestServer::start().await;
    let broken = service_fn(async |_: Request<()>| Err::<Response<String>, _>("broken"));
    let service = api(&server).require().optional().layer(broken);

    let result = service.oneshot(Request::new(())).await;

    assert_eq!(result.unwrap_err(), "broken");
}

/// Ready once it was polled, and only itself.
#[derive(Default)]
struct Ready(bool);

impl Clone for Ready {
    fn clone(&self) -> Self {
        Self(false)
    }
}

impl Service<Request<()>> for Ready {
    type Response = Response<String>;
    type Error = Infallible;
    type Future = future::Ready<Result<Self::Response, Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        self.0 = true;
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, _: Request<()>) -> Self::Future {
        assert!(mem::take(&mut self.0), "it was not polled");
        future::ready(Ok(Response::new("inside".to_owned())))
    }
}

/// Tower's contract, also if the guard has to wait, since the keys have not been fetched.
#[tokio::test]
async fn the_service_that_was_polled_is_the_one_that_is_called() {
    let server = FiefTestServer::start().await;
    let service = api(&server).require().layer(Ready::default());
    let request = call(&server.access_token().mint()).body(()).unwrap();

    let response = TestResponse::of(service.oneshot(request).await.unwrap()).await;

    assert_eq!(response.body, "inside");
}
