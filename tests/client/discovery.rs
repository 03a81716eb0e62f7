use std::time::Duration;

use fief_client::Requirements;
use fief_test_server::{Endpoint, Fault, FiefTestServer};

use super::{arrived, deployments::described, discover, fief};

/// DJ-15: the old document goes on serving, and the tokens of the new issuer are refused.
#[tokio::test]
async fn a_change_of_the_issuer_is_refused() {
    let server = FiefTestServer::start().await;
    let fief = fief(&server);
    discover(&fief).await.unwrap();
    let other = described("https://evil.example", server.url());
    server.fault(Endpoint::Discovery, Fault::json(other));
    server.advance(Duration::from_secs(3601));
    discover(&fief).await.unwrap();
    arrived(&server, Endpoint::Discovery, 2).await;
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
    arrived(&server, Endpoint::Discovery, 2).await;
    assert_eq!(server.requests(Endpoint::Discovery), 2);
    server.clear_faults();
}
