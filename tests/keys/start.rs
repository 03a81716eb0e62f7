use fief_client::Fief;
use fief_test_server::{Endpoint, Fault, FiefTestServer};

use super::{MINUTE, fetches, token, validate};

/// DJ-14
#[tokio::test]
async fn a_client_is_made_without_fief() {
    let port = {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        listener.local_addr().unwrap().port()
    };
    let fief = Fief::builder(format!("http://127.0.0.1:{port}"), "client")
        .build()
        .unwrap();
    assert_eq!(fief.keys_age(), None);
    let server = FiefTestServer::start().await;
    for _ in 0..5 {
        let error = validate(&fief, &token(&server, 0)).await.unwrap_err();
        assert!(error.is_connect(), "{error:?}");
    }
    assert!(fief.prefetch_keys().await.unwrap_err().is_connect());
}

/// DJ-14
#[tokio::test]
async fn connecting_fetches_once_and_is_ready() {
    let server = FiefTestServer::start().await;
    let fief = crate::client::fief(&server);
    assert_eq!(fief.keys_age(), None);
    fief.prefetch_keys().await.unwrap();
    fief.prefetch_keys().await.unwrap();
    assert!(fief.keys_age().unwrap() < MINUTE);
    validate(&fief, &token(&server, 0)).await.unwrap();
    assert_eq!(
        (server.requests(Endpoint::Discovery), fetches(&server)),
        (1, 1)
    );
    server.advance(5 * MINUTE);
    assert!(fief.keys_age().unwrap() >= 5 * MINUTE);
}

/// DJ-14, Q20
#[tokio::test]
async fn a_hiccup_ends_at_once() {
    let server = FiefTestServer::start().await;
    let fief = crate::client::fief(&server);
    server.fault_once(Endpoint::Discovery, Fault::status(500));
    let token = token(&server, 0);
    validate(&fief, &token).await.unwrap_err();
    validate(&fief, &token).await.unwrap();
}
