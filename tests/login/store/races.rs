//! Two that act on one session or user at the same time.

use std::{
    pin::pin,
    task::{Context, Poll, Waker},
    time::Duration,
};

use axum::http::Method;
use fief_test_server::{Endpoint, Fault, FiefTestServer};
use tokio::{
    task::{JoinHandle, yield_now},
    time::{sleep, timeout},
};

use super::Memory;
use crate::{
    login::{
        Visitor, app, builder, logged_in,
        refresh::{LIFETIME, refreshing, server},
    },
    web::EMAIL,
};

fn open(visitor: &Visitor) -> JoinHandle<u16> {
    let mut visitor = visitor.clone();
    tokio::spawn(async move { visitor.open("/castles").await.status.as_u16() })
}

/// D12: also if its own record of the refresh came after that of the other machine.
#[tokio::test]
async fn a_machine_that_began_to_refresh_later_waits_for_the_first() {
    let server = server().await;
    let store = Memory::default();
    let auth = || refreshing(&server).session_store(store.clone());
    let (_, first) = logged_in(&server, auth()).await;
    let second = first.at(app(&auth().build().unwrap()));
    server.advance(LIFETIME + Duration::from_secs(120));

    let held = store.hold_next_save();
    let first = open(&first);
    while !store.is_holding_save() {
        yield_now().await;
    }
    let before = store.loads();
    let second = open(&second);
    // It looks for the new session again and again.
    while !second.is_finished() && store.loads() < before + 9 {
        sleep(Duration::from_millis(1)).await;
    }
    drop(held);

    assert_eq!(first.await.unwrap(), 200);
    assert_eq!(second.await.unwrap(), 200);
}

/// D11, SE-16: a login completes a revocation that another task is about to write.
#[tokio::test]
async fn a_login_during_a_revocation_is_not_revoked_by_it() {
    let server = FiefTestServer::start().await;
    let store = Memory::default();
    let builder = builder(&server).session_store(store.clone());
    let (auth, before) = logged_in(&server, builder).await;
    let mut visitor = Visitor::new(app(&auth));
    let callback = visitor.begin(&server, "/login").await;
    let user = server.user_id(EMAIL);

    // The epoch is loaded twice: to know it, and right before it is replaced.
    let known = store.hold_next();
    let revocation = tokio::spawn(async move { auth.revoke_user_sessions(user).await });
    while !store.is_holding() {
        yield_now().await;
    }
    let held = store.hold_next();
    drop(known);
    while !store.is_holding() {
        yield_now().await;
    }
    let login = tokio::spawn(async move {
        visitor.open(&callback).await;
        visitor
    });
    server.wait_for_requests(Endpoint::Token, 2).await;
    // Enough for a login that waits for nothing.
    for _ in 0..20 {
        if login.is_finished() {
            break;
        }
        sleep(Duration::from_millis(10)).await;
    }
    drop(held);

    revocation.await.unwrap().unwrap();
    let mut visitor = login.await.unwrap();
    assert_eq!(visitor.open("/castles").await.status, 200);
    assert_eq!(open(&before).await.unwrap(), 303);
}

/// D11, SE-16: the login has read the epoch that another machine replaces.
#[tokio::test]
async fn a_login_during_a_revocation_elsewhere_counts() {
    let server = FiefTestServer::start().await;
    let store = Memory::default();
    let auth = || builder(&server).session_store(store.clone());
    let (_, before) = logged_in(&server, auth()).await;
    let other = auth().build().unwrap();
    let mut visitor = Visitor::new(before.app());
    let callback = visitor.begin(&server, "/login").await;

    server.fault_once(Endpoint::Token, Fault::hang());
    let login = tokio::spawn(async move {
        visitor.open(&callback).await;
        visitor
    });
    server.wait_for_requests(Endpoint::Token, 2).await;
    // What is loaded next is the epoch.
    let held = store.hold_next();
    server.clear_faults();
    while !store.is_holding() {
        yield_now().await;
    }
    other
        .revoke_user_sessions(server.user_id(EMAIL))
        .await
        .unwrap();
    drop(held);

    let visitor = login.await.unwrap();
    assert_eq!(open(&visitor).await.unwrap(), 200);
    assert_eq!(open(&visitor.at(app(&other))).await.unwrap(), 200);
    assert_eq!(open(&before).await.unwrap(), 303);
}

/// D12, RF-9: while the store is away, the refreshed session is kept, and no token is spent again.
#[tokio::test(flavor = "multi_thread")]
async fn a_refreshed_session_that_cannot_be_saved_is_kept() {
    let server = server().await;
    let store = Memory::default();
    let auth = || refreshing(&server).session_store(store.clone());
    let (_, mut visitor) = logged_in(&server, auth()).await;
    let other = visitor.at(app(&auth().build().unwrap()));
    server.advance(LIFETIME + Duration::from_secs(120));
    server.reset_requests();
    server.fault_once(Endpoint::Token, Fault::hang());
    let first = open(&visitor);
    server.wait_for_requests(Endpoint::Token, 1).await;
    store.fail(true);
    server.clear_faults();

    assert_eq!(first.await.unwrap(), 503);
    store.fail(false);
    server.advance(Duration::from_secs(6));
    assert_eq!(visitor.open("/castles").await.status, 200);

    assert_eq!(open(&other).await.unwrap(), 200);
    assert_eq!(server.requests(Endpoint::Token), 1);
}

/// D12, RF-9: also if no other request arrives here.
#[tokio::test(flavor = "multi_thread")]
async fn a_refreshed_session_is_saved_later_without_another_request() {
    let server = server().await;
    let store = Memory::default();
    let auth = || refreshing(&server).session_store(store.clone());
    let (_, visitor) = logged_in(&server, auth()).await;
    let other = visitor.at(app(&auth().build().unwrap()));
    server.advance(LIFETIME - Duration::from_secs(30));
    server.fault_once(Endpoint::Token, Fault::hang());
    let first = open(&visitor);
    server.wait_for_requests(Endpoint::Token, 2).await;
    store.fail(true);
    server.clear_faults();
    // Its access token is valid, and the store failed after it was loaded.
    assert_eq!(first.await.unwrap(), 200);
    store.fail(false);
    server.advance(Duration::from_secs(120));

    let saved = async {
        while other.clone().open("/castles").await.status != 200 {
            sleep(Duration::from_millis(50)).await;
        }
    };

    timeout(Duration::from_secs(30), saved).await.unwrap();
}

/// SE-16, RB-5: a store that panics ends no retries.
#[tokio::test(flavor = "multi_thread")]
async fn a_store_that_panics_gets_a_revocation_later() {
    let server = FiefTestServer::start().await;
    let store = Memory::default();
    let auth = || builder(&server).session_store(store.clone());
    let (_, mut visitor) = logged_in(&server, auth()).await;
    let copied = visitor.at(app(&auth().build().unwrap()));

    store.panic(true);
    let response = visitor.fetch(Method::POST, "/logout").await;
    // The first retry meets it too.
    sleep(Duration::from_millis(1200)).await;
    store.panic(false);

    assert_eq!(response.status, 503);
    let retried = async {
        while copied.clone().fetch(Method::GET, "/castles").await.status != 401 {
            sleep(Duration::from_millis(50)).await;
        }
    };
    timeout(Duration::from_secs(30), retried).await.unwrap();
}

/// RB-5
#[test]
fn without_a_runtime_a_revocation_is_an_error() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let (auth, user, _server) = runtime.block_on(async {
        let server = FiefTestServer::start().await;
        let builder = builder(&server).session_store(Memory::default());
        let (auth, _) = logged_in(&server, builder).await;
        (auth, server.user_id(EMAIL), server)
    });
    let revocation = pin!(auth.revoke_user_sessions(user));
    let polled = revocation.poll(&mut Context::from_waker(Waker::noop()));
    assert!(matches!(polled, Poll::Ready(Err(_))), "{polled:?}");
}
