use std::{sync::Arc, time::SystemTime};

use fief_client::{Fief, FiefAccessTokenInfo, FiefError};
use fief_test_server::{Endpoint, Fault, FiefTestServer};
use tokio::{
    sync::Barrier,
    task::{JoinSet, yield_now},
};

use super::{
    MINUTE, SECOND, at_once, connected, fetches, pause, poll_once, token, token_of_unknown_key,
    validate,
};
use crate::client::wait_for_requests;

/// Validates tokens all at once, on several threads.
async fn together(fief: &Fief, tokens: Vec<String>) -> Vec<Result<FiefAccessTokenInfo, FiefError>> {
    let barrier = Arc::new(Barrier::new(tokens.len()));
    let mut tasks = JoinSet::new();
    for token in tokens {
        let (fief, barrier) = (fief.clone(), Arc::clone(&barrier));
        tasks.spawn(async move {
            barrier.wait().await;
            validate(&fief, &token).await
        });
    }
    tasks.join_all().await
}

/// DJ-8
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn two_hundred_first_requests_fetch_once() {
    let server = FiefTestServer::start().await;
    let fief = crate::client::fief(&server);
    let tokens = vec![token(&server, 0); 200];
    assert!(together(&fief, tokens).await.iter().all(Result::is_ok));
    assert_eq!(server.requests(Endpoint::Discovery), 1);
    assert_eq!(fetches(&server), 1);
}

/// DJ-8, DJ-11: of the callers that come with a new key at once none is rejected.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_new_key_is_fetched_once_for_all() {
    let (server, fief) = connected().await;
    server.rotate_key();
    let tokens = vec![token(&server, 0); 100];
    assert!(together(&fief, tokens).await.iter().all(Result::is_ok));
    assert_eq!(fetches(&server), 1);
}

/// DJ-7: for the whole process, with any key ids, also if it fails.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn unknown_key_ids_fetch_once_in_the_cool_down() {
    for fault in [None, Some(Fault::status(500)), Some(Fault::cut())] {
        let (server, fief) = connected().await;
        if let Some(fault) = fault {
            server.fault(Endpoint::Jwks, fault);
        }
        for turn in 1..=3 {
            let tokens = (0..40).map(|i| token_of_unknown_key(&server, i)).collect();
            assert!(together(&fief, tokens).await.iter().all(Result::is_err));
            assert_eq!(fetches(&server), turn);
            server.advance(MINUTE / 2);
        }
    }
}

/// DJ-7: 29 seconds are not over yet.
#[tokio::test]
async fn in_the_cool_down_an_unknown_key_id_is_invalid_at_once() {
    let (server, fief) = connected().await;
    server.set_time(SystemTime::now());
    validate(&fief, &token_of_unknown_key(&server, 0))
        .await
        .unwrap_err();
    server.advance(MINUTE / 2 - SECOND);
    for number in 1..100 {
        let result = at_once(&fief, &token_of_unknown_key(&server, number)).await;
        assert!(matches!(
            result,
            Some(Err(FiefError::AccessTokenInvalid(_)))
        ));
    }
    assert_eq!(fetches(&server), 1);
}

/// DJ-7: nor does it wait for a fetch that is under way for another reason.
#[tokio::test]
async fn in_the_cool_down_an_unknown_key_id_waits_for_nothing() {
    let (server, fief) = connected().await;
    server.set_time(SystemTime::now());
    server.advance(8 * MINUTE - 8 * SECOND);
    server.fault(Endpoint::Jwks, Fault::status(500));
    validate(&fief, &token_of_unknown_key(&server, 0))
        .await
        .unwrap_err();
    server.fault(Endpoint::Jwks, Fault::hang());
    server.advance(20 * SECOND);
    assert!(at_once(&fief, &token(&server, 1)).await.unwrap().is_ok());
    wait_for_requests(&server, Endpoint::Jwks, 2).await;
    let rejected = at_once(&fief, &token_of_unknown_key(&server, 2)).await;
    assert!(
        matches!(rejected, Some(Err(FiefError::AccessTokenInvalid(_)))),
        "{rejected:?}"
    );
}

/// DJ-7: that a key is unknown and Fief away says nothing against the keys that are there.
#[tokio::test]
async fn a_failed_fetch_for_an_unknown_key_id_renews_nothing() {
    let (server, fief) = connected().await;
    server.set_time(SystemTime::now());
    server.fault(Endpoint::Jwks, Fault::status(500));
    validate(&fief, &token_of_unknown_key(&server, 0))
        .await
        .unwrap_err();
    server.advance(2 * SECOND);
    validate(&fief, &token(&server, 0)).await.unwrap();
    pause().await;
    assert_eq!(fetches(&server), 1);
}

/// DJ-8, RB-5: the caller that started the fetch may be dropped.
#[tokio::test]
async fn a_fetch_outlives_its_first_caller() {
    let server = FiefTestServer::start().await;
    let fief = crate::client::fief(&server);
    server.fault(Endpoint::Jwks, Fault::hang());
    let token = token(&server, 0);
    assert!(at_once(&fief, &token).await.is_none());
    server.wait_for_requests(Endpoint::Jwks, 1).await;
    let second = tokio::spawn({
        let (fief, token) = (fief.clone(), token.clone());
        async move { validate(&fief, &token).await }
    });
    yield_now().await;
    server.clear_faults();
    second.await.unwrap().unwrap();
    assert_eq!(fetches(&server), 1);
    assert!(at_once(&fief, &token).await.unwrap().is_ok());
}

/// RB-5: dropped at any await, it does not affect the next one.
#[tokio::test]
async fn a_validation_can_be_dropped_at_each_await() {
    for polls in 1..12 {
        let (server, fief) = connected().await;
        server.rotate_key();
        let token = token(&server, 0);
        let mut validation = Box::pin(validate(&fief, &token));
        for _ in 0..polls {
            if poll_once(validation.as_mut()).await.is_some() {
                break;
            }
            yield_now().await;
        }
        drop(validation);
        validate(&fief, &token).await.unwrap();
        assert_eq!(fetches(&server), 1, "after {polls} polls");
    }
}

/// DJ-9, RB-10: nothing is locked while Fief hangs, whether the keys are due or an unknown one is fetched.
#[tokio::test]
async fn known_keys_verify_while_fief_hangs() {
    let (server, fief) = connected().await;
    server.fault(Endpoint::Jwks, Fault::hang());
    let unknown = token_of_unknown_key(&server, 0);
    assert!(at_once(&fief, &unknown).await.is_none());
    server.wait_for_requests(Endpoint::Jwks, 1).await;
    assert!(at_once(&fief, &token(&server, 1)).await.unwrap().is_ok());
    server.advance(9 * MINUTE);
    for number in 1..50 {
        assert!(
            at_once(&fief, &token(&server, number))
                .await
                .unwrap()
                .is_ok()
        );
    }
}
