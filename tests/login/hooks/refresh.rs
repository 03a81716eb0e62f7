//! The hook of refreshes.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU8, Ordering},
    },
    time::Duration,
};

use axum::{http::Method, response::Response};
use fief_axum::{AcceptedLogin, FiefAuth, FiefAuthBuilder, SessionRefresh};
use fief_test_server::{Endpoint, FiefTestServer};
use tracing::Level;

use super::{Calls, Member, app, pass, visitor};
use crate::{
    client::log::Log,
    login::{
        builder, logged_in,
        refresh::{LIFETIME, refreshing, server},
    },
    web::EMAIL,
};

const END: u8 = 0;
const GO_ON: u8 = 1;
const PANIC: u8 = 2;
const HANG: u8 = 3;
const FAIL: u8 = 4;

/// Returns an application whose hook does what the switch says, and counts.
fn switched(builder: FiefAuthBuilder) -> (FiefAuthBuilder, Arc<AtomicU8>, Calls) {
    let (switch, calls) = (Arc::new(AtomicU8::new(GO_ON)), Calls::new());
    let (hook, counted) = (Arc::clone(&switch), calls.clone());
    let builder = builder.on_refresh(move |_| {
        let (hook, counted) = (Arc::clone(&hook), counted.clone());
        async move {
            counted.call().await;
            match hook.load(Ordering::SeqCst) {
                PANIC => panic!("the hook panics"),
                HANG => std::future::pending().await,
                FAIL => Err("the database is unavailable"),
                says => Ok(says == GO_ON),
            }
        }
    });
    (builder, switch, calls)
}

fn tokens(server: &FiefTestServer) -> usize {
    server.requests(Endpoint::Token)
}

/// D10
#[tokio::test]
async fn a_hook_of_refreshes_knows_user_session_and_value() {
    let server = server().await;
    let user = server.user_id(EMAIL);
    let builder = refreshing(&server)
        .on_login(|_| async { Ok::<_, Response>(AcceptedLogin::new().data(&Member { number: 7 })) })
        .on_refresh(move |refresh: SessionRefresh| async move {
            let member: Option<Member> = refresh.data().unwrap();
            let another: Result<Option<String>, _> = refresh.data();
            assert!(another.is_err());
            assert!(refresh.created_at().elapsed().is_ok());
            assert!(format!("{refresh:?}").contains(&user.to_string()));
            member.unwrap().number == 7 && refresh.user_id() == user
        });
    let mut visitor = visitor(builder);
    visitor.log_in(&server, "/login").await;
    server.advance(LIFETIME);

    assert_eq!(visitor.open("/member").await.body, "7");
    assert_eq!(tokens(&server), 2);
}

/// D10: and nothing is sent to Fief.
#[tokio::test]
async fn a_hook_of_refreshes_ends_the_session() {
    let server = server().await;
    let (builder, switch, calls) = switched(refreshing(&server));
    let (auth, mut visitor) = logged_in(&server, builder).await;
    server.advance(LIFETIME);
    assert_eq!(visitor.open("/castles").await.status, 200);
    switch.store(END, Ordering::SeqCst);
    assert_eq!(visitor.open("/castles").await.status, 200);
    assert_eq!((calls.count(), tokens(&server)), (1, 2));
    server.advance(LIFETIME);

    for _ in 0..2 {
        let response = visitor.fetch(Method::GET, "/castles").await;
        assert_eq!(response.status, 401);
    }

    assert_eq!((calls.count(), tokens(&server)), (2, 2));
    switch.store(GO_ON, Ordering::SeqCst);
    server.advance(Duration::from_secs(60));
    let response = visitor.at(app(&auth)).fetch(Method::GET, "/castles").await;
    assert_eq!(response.status, 401);
}

/// D10, D12: as if Fief was unreachable.
#[tokio::test]
async fn a_hook_of_refreshes_that_fails_loses_no_session() {
    for fails in [PANIC, HANG, FAIL] {
        let server = server().await;
        let (builder, switch, calls) = switched(refreshing(&server));
        let (_, visitor) = logged_in(&server, builder).await;
        switch.store(fails, Ordering::SeqCst);
        let open = || {
            let mut visitor = visitor.clone();
            tokio::spawn(async move { visitor.fetch(Method::GET, "/castles").await.status })
        };
        let (log, guard) = Log::of(Level::ERROR);
        // The access token is valid for some seconds, and then it is not.
        for (time, status) in [(LIFETIME - 10 * SECOND, 200), (100 * SECOND, 503)] {
            server.advance(time);
            let count = calls.count();
            let response = open();
            calls.reach(count + 1).await;
            if fails == HANG {
                pass(5 * SECOND).await;
            }
            assert_eq!(response.await.unwrap(), status, "{fails}");
        }
        drop(guard);
        assert!(log.text().contains("`on_refresh`"), "{}", log.text());
        assert_eq!(tokens(&server), 1);

        switch.store(GO_ON, Ordering::SeqCst);
        server.advance(6 * SECOND);
        assert_eq!(open().await.unwrap(), 200);
        assert_eq!(tokens(&server), 2);
    }
}

/// RF-1: as many requests as there are.
#[tokio::test]
async fn requests_of_one_session_call_the_hook_of_refreshes_once() {
    let server = server().await;
    let (builder, _, calls) = switched(refreshing(&server));
    let (_, visitor) = logged_in(&server, builder).await;
    server.advance(LIFETIME);
    let mut requests = tokio::task::JoinSet::new();
    for _ in 0..50 {
        let mut visitor = visitor.clone();
        requests.spawn(async move { visitor.open("/castles").await.status });
    }

    assert!(
        requests
            .join_all()
            .await
            .iter()
            .all(|status| *status == 200)
    );

    assert_eq!((calls.count(), tokens(&server)), (1, 2));
}

/// FD-83
#[tokio::test]
async fn a_hook_of_refreshes_needs_refreshes() {
    let server = FiefTestServer::start().await;
    let built: Result<FiefAuth, _> = builder(&server).on_refresh(|_| async { true }).build();
    let error = built.unwrap_err().to_string();
    assert!(error.contains("on_refresh has no effect"), "{error}");
}

const SECOND: Duration = Duration::from_secs(1);
