use std::time::Duration;

use fief_test_server::{Endpoint, Fault, FiefTestServer};
use reqwest::{Response, Result};

use super::{code, exchange, http};

#[tokio::test]
async fn a_status_with_headers_and_a_body() {
    let server = FiefTestServer::start().await;
    let busy = Fault::status(503).header("retry-after", "1").body("busy");
    server.fault_once(Endpoint::Jwks, busy);
    let response = get(&server).await.unwrap();
    assert_eq!(
        (
            response.status().as_u16(),
            &response.headers()["retry-after"]
        ),
        (503, &"1".parse().unwrap())
    );
    assert_eq!(response.text().await.unwrap(), "busy");
    assert_eq!(get(&server).await.unwrap().status(), 200);
}

#[tokio::test]
async fn a_cut_ends_in_the_middle_of_the_body() {
    let server = FiefTestServer::start().await;
    server.fault(Endpoint::Jwks, Fault::cut());
    let mut response = get(&server).await.unwrap();
    assert_eq!(response.status(), 200);
    let length = response.content_length().unwrap();
    let half = response.chunk().await.unwrap().unwrap();
    assert_eq!(half.len() as u64, length / 2);
    assert!(response.chunk().await.is_err());
}

#[tokio::test]
async fn a_cut_token_response_has_used_the_code() {
    let server = FiefTestServer::start().await;
    let code = code(&server, &[]).await;
    server.fault_once(Endpoint::Token, Fault::cut());
    let url = format!("{}/api/token", server.url());
    let form = [
        ("grant_type", "authorization_code"),
        ("code", &code),
        ("redirect_uri", super::CALLBACK),
        ("client_id", server.client_id()),
        ("client_secret", server.client_secret()),
    ];
    let lost = http().post(url).form(&form).send().await.unwrap();
    assert!(lost.bytes().await.is_err());
    assert_eq!(exchange(&server, &code).await.0, 400);
}

#[tokio::test]
async fn a_reset_and_garbage_are_not_responses() {
    let server = FiefTestServer::start().await;
    server.fault_once(Endpoint::Jwks, Fault::reset());
    assert!(get(&server).await.unwrap_err().is_request());
    server.fault_once(Endpoint::Jwks, Fault::garbage());
    assert!(get(&server).await.unwrap_err().is_request());
    assert_eq!(get(&server).await.unwrap().status(), 200);
}

#[tokio::test]
async fn a_hanging_request_completes_when_faults_are_cleared() {
    let server = FiefTestServer::start().await;
    server.fault(Endpoint::Jwks, Fault::hang());
    let request = tokio::spawn(http().get(jwks(&server)).send());
    server.wait_for_requests(Endpoint::Jwks, 1).await;
    server.clear_faults();
    assert_eq!(request.await.unwrap().unwrap().status(), 200);
}

#[tokio::test]
async fn slow_responses_are_complete() {
    let server = FiefTestServer::start().await;
    let whole = get(&server).await.unwrap().text().await.unwrap();
    for fault in [
        Fault::delay(Duration::from_millis(1)),
        Fault::drip(Duration::ZERO),
    ] {
        server.fault_once(Endpoint::Jwks, fault);
        assert_eq!(get(&server).await.unwrap().text().await.unwrap(), whole);
    }
}

#[tokio::test]
async fn a_huge_response_has_no_content_length() {
    let server = FiefTestServer::start().await;
    server.fault(Endpoint::Jwks, Fault::huge(200_000));
    let response = get(&server).await.unwrap();
    assert_eq!(response.content_length(), None);
    assert_eq!(response.bytes().await.unwrap().len(), 200_000);
}

#[tokio::test]
async fn dropping_it_closes_its_connections() {
    let server = FiefTestServer::start().await;
    let (client, url) = (http(), jwks(&server));
    assert_eq!(client.get(&url).send().await.unwrap().status(), 200);
    drop(server);
    assert!(client.get(&url).send().await.is_err());
}

fn jwks(server: &FiefTestServer) -> String {
    format!("{}/.well-known/jwks.json", server.url())
}

async fn get(server: &FiefTestServer) -> Result<Response> {
    http().get(jwks(server)).send().await
}
