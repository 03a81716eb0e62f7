use std::time::Duration;

use fief_client::FailureKind;
use fief_test_server::{Endpoint, Fault, FiefTestServer};

use super::MINUTE;

/// The kinds are those of `FiefAuth::health` as well.
#[tokio::test]
async fn the_health_says_how_old_the_keys_are_and_what_failed_last() {
    let server = FiefTestServer::start().await;
    let fief = crate::client::fief(&server);
    let new = fief.health();
    assert!(!new.is_ready());
    assert_eq!((new.keys_age(), new.last_failure()), (None, None));
    for (fault, kind) in [
        (
            Fault::status(500),
            FailureKind::Status(http::StatusCode::INTERNAL_SERVER_ERROR),
        ),
        (Fault::reset(), FailureKind::Unreachable),
        (
            Fault::json(serde_json::json!({})),
            FailureKind::InvalidResponse,
        ),
    ] {
        for endpoint in [Endpoint::Jwks, Endpoint::Discovery] {
            let fief = crate::client::fief(&server);
            server.clear_faults();
            server.fault(endpoint, fault.clone());
            fief.prefetch_keys().await.unwrap_err();
            let health = fief.health();
            let failure = health.last_failure().unwrap();
            assert!(!health.is_ready());
            assert_eq!(failure.kind(), kind, "{endpoint:?}");
            let age = fief.now().duration_since(failure.at()).unwrap();
            assert!(age < MINUTE, "{age:?}");
            let shown = format!("{health:?} {}", failure.kind());
            assert!(!shown.contains("127.0.0.1"), "{shown}");
            assert!(!shown.contains(server.client_secret()), "{shown}");
        }
    }
    server.clear_faults();

    fief.prefetch_keys().await.unwrap();

    let health = fief.health();
    assert!(health.is_ready());
    assert!(health.keys_age().unwrap() < MINUTE);
    assert_eq!(health.last_failure(), None);
    server.reset_requests();
    server.advance(Duration::from_secs(24 * 3600));
    assert!(!fief.health().is_ready());
    assert_eq!(server.requests(Endpoint::Jwks), 0, "it sends nothing");
}
