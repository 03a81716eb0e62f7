use fief_client::{Fief, FiefError};
use fief_test_server::{Endpoint, Fault, FiefTestServer};

use super::{MINUTE, connected, fetches, token, validate};

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
    assert_eq!(fief.ready(), None);
    let server = FiefTestServer::start().await;
    for _ in 0..5 {
        let error = validate(&fief, &token(&server, 0)).await.unwrap_err();
        assert!(error.is_connect(), "{error:?}");
    }
    assert!(fief.connect().await.unwrap_err().is_connect());
}

/// DJ-14
#[tokio::test]
async fn connecting_fetches_once_and_tells_that_it_is_ready() {
    let server = FiefTestServer::start().await;
    let fief = crate::client::fief(&server);
    assert_eq!(fief.ready(), None);
    fief.connect().await.unwrap();
    fief.connect().await.unwrap();
    assert!(fief.ready().unwrap() < MINUTE);
    validate(&fief, &token(&server, 0)).await.unwrap();
    assert_eq!(
        (server.requests(Endpoint::Discovery), fetches(&server)),
        (1, 1)
    );
    server.advance(5 * MINUTE);
    assert!(fief.ready().unwrap() >= 5 * MINUTE);
}

/// DJ-14, Q20: a first failure is over with the next use; after more of them attempts are few.
#[tokio::test]
async fn without_keys_attempts_back_off_and_recover() {
    let server = FiefTestServer::start().await;
    server.set_time(std::time::SystemTime::now());
    let fief = crate::client::fief(&server);
    let token = token(&server, 0);
    server.fault(Endpoint::Jwks, Fault::status(500));
    for _ in 0..100 {
        let error = validate(&fief, &token).await;
        assert!(matches!(error, Err(FiefError::Request { .. })), "{error:?}");
    }
    assert_eq!(fetches(&server), 2);
    server.clear_faults();
    server.advance(MINUTE / 2);
    validate(&fief, &token).await.unwrap();
}

/// DJ-14, Q20
#[tokio::test]
async fn a_hiccup_is_over_at_once() {
    let server = FiefTestServer::start().await;
    let fief = crate::client::fief(&server);
    server.fault_once(Endpoint::Discovery, Fault::status(500));
    let token = token(&server, 0);
    validate(&fief, &token).await.unwrap_err();
    validate(&fief, &token).await.unwrap();
}

/// RB-9: a clock that was set back a little changes nothing, and one that was set back a lot gets new keys.
#[tokio::test]
async fn keys_from_another_time_are_fetched_again() {
    let (server, fief) = connected().await;
    let now = std::time::SystemTime::now();
    server.set_time(now - MINUTE / 2);
    validate(&fief, &token(&server, 0)).await.unwrap();
    assert_eq!(fetches(&server), 0);
    server.set_time(now - 60 * MINUTE);
    validate(&fief, &token(&server, 1)).await.unwrap();
    assert_eq!(fetches(&server), 1);
}

/// DJ-8: outside of a runtime there is an error, not a panic.
#[test]
fn without_a_runtime_there_is_an_error() {
    let fief = Fief::builder("https://fief.example.com", "client")
        .build()
        .unwrap();
    let mut connecting = std::pin::pin!(fief.connect());
    let mut context = std::task::Context::from_waker(std::task::Waker::noop());
    let result = connecting.as_mut().poll(&mut context);
    assert!(matches!(
        result,
        std::task::Poll::Ready(Err(FiefError::Configuration(_)))
    ));
}
