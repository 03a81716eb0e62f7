use std::time::{Duration, SystemTime};

use fief_client::{Fief, Requirements};
use fief_test_server::{Endpoint, Fault, FiefTestServer};
use serde_json::json;
use tracing::Level;

use super::{
    deployments::{described, document},
    discover, fief,
    log::Log,
    wait_for_requests, wait_until,
};
use crate::keys::pause;

/// DJ-15: by the hour, and while that fails every half minute.
#[tokio::test]
async fn discovery_is_renewed_by_the_hour() {
    let (server, fief) = discovered().await;
    let (log, _guard) = Log::of(Level::WARN);
    server.fault(Endpoint::Discovery, Fault::status(500));
    for (seconds, renewals) in [(3599, 0), (1, 1), (29, 1), (1, 2), (29, 2), (1, 3)] {
        server.advance(Duration::from_secs(seconds));
        discover(&fief).await.unwrap();
        wait_until(async || failures(&log) == renewals).await;
        discover(&fief).await.unwrap();
        pause().await;
        assert_eq!(server.requests(Endpoint::Discovery), 1 + renewals);
    }
}

/// DJ-15: then it is valid for another hour.
#[tokio::test]
async fn a_renewed_discovery_document_serves() {
    let (server, fief) = discovered().await;
    let mut moved = document(&server);
    moved["authorization_endpoint"] = json!(format!("{}/moved", server.url()));
    server.fault(Endpoint::Discovery, Fault::json(moved));
    server.advance(HOUR);
    wait_until(async || discover(&fief).await.unwrap().path() == "/moved").await;
    server.advance(HOUR / 120);
    discover(&fief).await.unwrap();
    pause().await;
    assert_eq!(server.requests(Endpoint::Discovery), 2);
}

/// DJ-15, RB-9: with any clock.
#[tokio::test]
async fn a_clock_that_goes_back_does_not_keep_discovery() {
    let (server, fief) = discovered().await;
    let (log, _guard) = Log::of(Level::WARN);
    let now = server.clock()();
    server.fault(Endpoint::Discovery, Fault::status(500));
    for (renewals, time) in [
        (1, now + 2 * HOUR),
        (2, now + HOUR + HOUR / 60),
        (3, now - HOUR),
    ] {
        server.set_time(time);
        discover(&fief).await.unwrap();
        wait_until(async || failures(&log) == renewals).await;
    }
}

/// DJ-15: the old document is used further, and the tokens of the new issuer are rejected.
#[tokio::test]
async fn a_change_of_the_issuer_is_rejected() {
    let server = FiefTestServer::start().await;
    let fief = fief(&server);
    discover(&fief).await.unwrap();
    let other = described("https://evil.example", server.url());
    server.fault(Endpoint::Discovery, Fault::json(other));
    server.advance(Duration::from_secs(3601));
    discover(&fief).await.unwrap();
    wait_for_requests(&server, Endpoint::Discovery, 2).await;
    let good = server.access_token().mint();
    assert!(
        fief.validate_access_token(&good, &Requirements::new())
            .await
            .is_ok()
    );
    let evil = server
        .access_token()
        .claim("iss", "https://evil.example")
        .mint();
    assert!(
        fief.validate_access_token(&evil, &Requirements::new())
            .await
            .is_err()
    );
}

/// DJ-15: and every hour, in the background.
#[tokio::test]
async fn an_old_discovery_document_serves_while_fief_hangs() {
    let server = FiefTestServer::start().await;
    let fief = fief(&server);
    discover(&fief).await.unwrap();
    server.advance(Duration::from_secs(3601));
    server.fault(Endpoint::Discovery, Fault::hang());
    for _ in 0..3 {
        discover(&fief).await.unwrap();
    }
    wait_for_requests(&server, Endpoint::Discovery, 2).await;
    assert_eq!(server.requests(Endpoint::Discovery), 2);
    server.clear_faults();
}

/// DJ-15: nor is anything else of the document of another issuer used.
#[tokio::test]
async fn a_document_of_another_issuer_is_not_used() {
    let (server, fief) = discovered().await;
    let (log, _guard) = Log::of(Level::WARN);
    let mut other = document(&server);
    other["issuer"] = json!("https://evil.example");
    other["authorization_endpoint"] = json!(format!("{}/evil", server.url()));
    server.fault(Endpoint::Discovery, Fault::json(other));
    server.advance(HOUR);
    discover(&fief).await.unwrap();
    wait_until(async || failures(&log) == 1).await;
    assert_eq!(discover(&fief).await.unwrap().path(), "/authorize");
}

/// DJ-6
#[tokio::test]
async fn the_query_of_an_endpoint_is_kept() {
    let server = FiefTestServer::start().await;
    let mut themed = document(&server);
    themed["authorization_endpoint"] = json!(format!("{}/authorize?theme=dark", server.url()));
    server.fault(Endpoint::Discovery, Fault::json(themed));
    let url = discover(&fief(&server)).await.unwrap();
    assert!(url.query().unwrap().starts_with("theme=dark&"), "{url}");
}

/// A server whose time stands still, and a client that knows its discovery document.
async fn discovered() -> (FiefTestServer, Fief) {
    let server = FiefTestServer::start().await;
    server.set_time(SystemTime::now());
    let fief = fief(&server);
    discover(&fief).await.unwrap();
    (server, fief)
}

/// Returns the number of renewals that have failed.
fn failures(log: &Log) -> usize {
    log.text().matches("could not be fetched").count()
}

const HOUR: Duration = Duration::from_secs(3600);
