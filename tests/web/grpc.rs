//! What a gRPC client is sent: tonic's, over HTTP/2.

use axum::Router;
use fief_axum::RequireLayer;
use fief_test_server::{Endpoint, Fault, FiefTestServer};
use tokio::net::TcpListener;
use tonic::{Code, Request, Status, transport::Channel};
use tonic_health::{
    ServingStatus,
    pb::{HealthCheckRequest, health_client::HealthClient},
    server::health_reporter,
};

use super::{api, send, site};

/// Serves a health service behind a guard and returns its client.
async fn client(guard: RequireLayer) -> HealthClient<Channel> {
    let (reporter, health) = health_reporter();
    reporter
        .set_service_status("castles", ServingStatus::Serving)
        .await;
    let app = Router::new()
        .route_service("/grpc.health.v1.Health/{*method}", health)
        .route_layer(guard);
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async { axum::serve(listener, app).await });
    let endpoint = Channel::from_shared(url).unwrap();
    HealthClient::new(endpoint.connect().await.unwrap())
}

async fn call(client: &mut HealthClient<Channel>, token: Option<&str>) -> Result<i32, Status> {
    let service = "castles".to_owned();
    let mut request = Request::new(HealthCheckRequest { service });
    if let Some(token) = token {
        let value = format!("Bearer {token}").parse().unwrap();
        request.metadata_mut().insert("authorization", value);
    }
    let response = client.check(request).await?;
    Ok(response.into_inner().status)
}

/// FD-75, ER-8
#[tokio::test]
async fn a_grpc_client_is_told_in_its_own_protocol() {
    let server = FiefTestServer::start().await;
    let mut client = client(api(&server).require().permission("health")).await;
    let [lacking, allowed] = [vec![], vec!["health"]]
        .map(|permissions| server.access_token().permissions(permissions).mint());

    let missing = call(&mut client, None).await.unwrap_err();
    let malformed = call(&mut client, Some("two tokens")).await.unwrap_err();
    let lacking = call(&mut client, Some(&lacking)).await.unwrap_err();
    let allowed = call(&mut client, Some(&allowed)).await.unwrap();

    assert_eq!(missing.code(), Code::Unauthenticated);
    assert_eq!(missing.message(), "Credentials are required.");
    assert_eq!(malformed.code(), Code::InvalidArgument);
    assert_eq!(lacking.code(), Code::PermissionDenied);
    assert_eq!(lacking.message(), "A required permission is missing.");
    assert_eq!(allowed, ServingStatus::Serving as i32);
}

/// FD-75, ER-7
#[tokio::test]
async fn a_grpc_client_can_retry_while_fief_is_unreachable() {
    let server = FiefTestServer::start().await;
    server.fault(Endpoint::Discovery, Fault::status(500));
    let token = server.access_token().mint();
    let mut client = client(site(&server).require()).await;

    let status = call(&mut client, Some(&token)).await.unwrap_err();

    assert_eq!(status.code(), Code::Unavailable);
}

/// FD-75: with an extractor that has no layer, too.
#[tokio::test]
async fn a_grpc_client_is_told_of_a_missing_layer() {
    let app = super::one(axum::routing::post(super::whoami));
    let request = axum::http::Request::post("/").header("content-type", "application/grpc");

    let response = send(&app, request).await;

    assert_eq!(response.status, 200);
    assert_eq!(response.header("grpc-status"), "13");
}

/// FD-75: a gRPC-Web client reads the content type that it sent.
#[tokio::test]
async fn a_grpc_web_client_is_sent_its_own_content_type() {
    let server = FiefTestServer::start().await;
    let app = super::guarded(api(&server).require());
    let types = [
        ("application/grpc+json", "application/grpc"),
        ("Application/gRPC-Web+proto", "application/grpc-web"),
        ("application/grpc-web-text", "application/grpc-web-text"),
    ];
    for (sent, received) in types {
        let request = axum::http::Request::post("/").header("content-type", sent);
        let response = send(&app, request).await;

        assert_eq!(response.header("content-type"), received);
        assert_eq!(response.header("grpc-status"), "16");
    }
}
