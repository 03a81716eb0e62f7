//! A guard around a service that is not axum's, over a connection.

use std::{
    convert::Infallible,
    future,
    pin::Pin,
    task::{Context, Poll},
};

use axum::{
    ServiceExt,
    body::{Body, Bytes},
    http::{Request, Response, StatusCode},
};
use fief_axum::RequireLayer;
use fief_test_server::FiefTestServer;
use http_body::Frame;
use tokio::net::TcpListener;
use tower::{Layer, Service, util::MapRequestLayer};

use super::api;

/// A body of its own kind, as it comes and in capitals.
struct Shouted<B>(B);

impl<B> http_body::Body for Shouted<B>
where
    B: http_body::Body<Data = Bytes> + Unpin,
{
    type Data = Bytes;
    type Error = B::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, B::Error>>> {
        let shout = |data: Bytes| data.to_ascii_uppercase().into();
        let frame = Pin::new(&mut self.0).poll_frame(context);
        frame.map(|frame| frame.map(|frame| frame.map(|frame| frame.map_data(shout))))
    }
}

/// Sends back what it is sent.
#[derive(Clone)]
struct Echo;

impl<B> Service<Request<Shouted<B>>> for Echo {
    type Response = Response<Shouted<B>>;
    type Error = Infallible;
    type Future = future::Ready<Result<Self::Response, Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<Shouted<B>>) -> Self::Future {
        future::ready(Ok(Response::new(request.into_body().0).map(Shouted)))
    }
}

/// Serves it behind a guard: its address.
async fn serve(guard: RequireLayer) -> String {
    let into_its_own = |request: Request<Body>| request.map(Shouted);
    let service = MapRequestLayer::new(into_its_own).layer(guard.layer(Echo));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, service.into_make_service()).await });
    url
}

/// D8
#[tokio::test]
async fn a_service_with_bodies_of_its_own_is_guarded_over_a_connection() {
    let server = FiefTestServer::start().await;
    let url = serve(api(&server).require()).await;
    let post = || reqwest::Client::new().post(&url).body("castles");

    let outside = post().send().await.unwrap();
    let inside = post().bearer_auth(server.access_token().mint());
    let inside = inside.send().await.unwrap();

    assert_eq!(outside.status(), StatusCode::UNAUTHORIZED);
    assert_eq!(outside.headers()["www-authenticate"], "Bearer");
    assert_eq!(inside.status(), StatusCode::OK);
    assert_eq!(inside.text().await.unwrap(), "CASTLES");
}
