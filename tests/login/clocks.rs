//! Machines whose clocks differ.

use std::time::Duration;

use fief_axum::{FiefAuth, FiefAuthBuilder};
use fief_client::Fief;
use fief_test_server::FiefTestServer;

use super::{
    Visitor, app, builder, key, logged_in,
    refresh::{LIFETIME, refreshing, server},
    store::Memory,
};
use crate::web::APP;

/// Returns the builder of a machine that is behind by so many seconds.
fn behind(server: &FiefTestServer, seconds: u64) -> FiefAuthBuilder {
    let clock = server.clock();
    let fief = Fief::builder(server.url(), server.client_id())
        .client_secret(server.client_secret())
        .clock(move || clock() - Duration::from_secs(seconds))
        .build()
        .unwrap();
    FiefAuth::builder(fief)
        .login(APP, key())
        .cookie_name("fief")
}

/// FD-34, LF-17
#[tokio::test]
async fn a_login_is_finished_by_a_machine_that_is_behind() {
    let server = FiefTestServer::start().await;
    let mut visitor = Visitor::new(app(&builder(&server).build().unwrap()));
    let callback = visitor.begin(&server, "/login?return_to=%2Fcastles").await;
    let mut visitor = visitor.at(app(&behind(&server, 2).build().unwrap()));
    assert_eq!(visitor.open(&callback).await.header("location"), "/castles");
    assert_eq!(visitor.open("/castles").await.status, 200);
}

/// FD-35: what is from the future is neither accepted nor removed.
#[tokio::test]
async fn a_machine_with_a_wrong_clock_ends_no_session() {
    let server = FiefTestServer::start().await;
    let (_, visitor) = logged_in(&server, builder(&server)).await;
    let mut wrong = visitor.at(app(&behind(&server, 3600).build().unwrap()));
    assert_eq!(wrong.open("/castles").await.status, 303);
    assert_eq!(
        wrong.jar.get("__Host-fief_session"),
        visitor.jar.get("__Host-fief_session")
    );
    assert_eq!(visitor.clone().open("/castles").await.status, 200);
}

/// FD-37, LF-6: the oldest of a second is dropped, not the first by name.
#[tokio::test]
async fn of_many_logins_the_oldest_is_dropped() {
    let server = FiefTestServer::start().await;
    for _ in 0..4 {
        let mut visitor = Visitor::new(app(&builder(&server).build().unwrap()));
        let mut callbacks = Vec::new();
        for _ in 0..6 {
            callbacks.push(visitor.begin(&server, "/login?return_to=%2Fcastles").await);
            server.advance(Duration::from_millis(10));
        }
        let mut dropped = visitor.clone();
        assert_eq!(dropped.open(&callbacks[0]).await.status, 400);
        for callback in &callbacks[1..] {
            assert_eq!(visitor.clone().open(callback).await.status, 303);
        }
    }
}

/// FD-35
#[tokio::test]
async fn with_a_store_a_machine_with_a_wrong_clock_spends_no_refresh_token() {
    let server = server().await;
    let store = Memory::default();
    let right = refreshing(&server).session_store(store.clone());
    let (_, mut visitor) = logged_in(&server, right).await;
    let wrong = behind(&server, 600)
        .offline_access()
        .session_store(store)
        .idle_timeout(Duration::from_secs(24 * 3600));
    let mut wrong = visitor.at(app(&wrong.build().unwrap()));
    server.advance(LIFETIME + Duration::from_secs(570));
    wrong.open("/castles").await;
    server.advance(Duration::from_secs(60));
    assert_eq!(visitor.open("/castles").await.status, 200);
}
