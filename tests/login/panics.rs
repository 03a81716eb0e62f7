//! Caches and stores that panic, and runtimes that stop.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use axum::http::Method;
use fief_axum::{UserCache, UserKey};
use fief_client::FiefUserInfo;
use fief_test_server::{Endpoint, Fault};
use tokio::{runtime::Runtime, time::sleep};

use super::{
    logged_in,
    refresh::{LIFETIME, refreshing, server},
    store::Memory,
};

const SECOND: Duration = Duration::from_secs(1);

#[derive(Clone, Default)]
struct Panics(Arc<AtomicBool>);

impl UserCache for Panics {
    async fn get(&self, _: &UserKey) -> Option<FiefUserInfo> {
        None
    }

    async fn insert(&self, _: &UserKey, _: &FiefUserInfo, _: Duration) {
        assert!(!self.0.load(Ordering::SeqCst), "the cache panics");
    }

    async fn remove(&self, _: &UserKey) {}
}

/// FD-20
#[tokio::test]
async fn a_user_cache_that_panics_loses_no_session() {
    let server = server().await;
    let cache = Panics::default();
    let builder = refreshing(&server).user_cache(cache.clone());
    let (_, mut visitor) = logged_in(&server, builder).await;
    server.advance(LIFETIME + 120 * SECOND);
    server.reset_requests();
    cache.0.store(true, Ordering::SeqCst);
    let first = visitor.open("/castles").await.status;
    cache.0.store(false, Ordering::SeqCst);
    server.advance(6 * SECOND);
    let second = visitor.open("/castles").await.status;
    assert_eq!(
        (second.as_u16(), server.requests(Endpoint::Token)),
        (200, 1),
        "{first}"
    );
}

/// FD-20
#[tokio::test(flavor = "multi_thread")]
async fn a_store_that_panics_loses_no_refreshed_session() {
    let server = server().await;
    let store = Memory::default();
    let builder = refreshing(&server).session_store(store.clone());
    let (_, mut visitor) = logged_in(&server, builder).await;
    server.advance(LIFETIME + 120 * SECOND);
    server.reset_requests();
    server.fault_once(Endpoint::Token, Fault::hang());
    let mut first = visitor.clone();
    let first = tokio::spawn(async move { first.open("/castles").await.status });
    server.wait_for_requests(Endpoint::Token, 1).await;
    store.panic(true);
    server.clear_faults();
    let first = first.await.unwrap();
    store.panic(false);
    server.advance(6 * SECOND);
    assert_eq!(visitor.open("/castles").await.status, 200, "{first}");
    assert_eq!(server.requests(Endpoint::Token), 1);
}

/// FD-20
#[test]
fn a_runtime_that_stops_loses_no_refreshed_session() {
    let servers = Runtime::new().unwrap();
    let server = servers.block_on(server());
    let store = Memory::default();
    let builder = refreshing(&server).session_store(store.clone());
    let (_, visitor) = servers.block_on(logged_in(&server, builder));
    server.advance(LIFETIME + 120 * SECOND);
    server.reset_requests();
    let held = store.hold_next_save();
    let stopped = Runtime::new().unwrap();
    let mut first = visitor.clone();
    stopped.spawn(async move { first.open("/castles").await.status });
    servers.block_on(async {
        while !store.is_holding_save() {
            sleep(Duration::from_millis(5)).await;
        }
    });
    drop(stopped);
    drop(held);
    server.advance(6 * SECOND);
    let mut visitor = visitor;
    let second = servers.block_on(visitor.open("/castles")).status;
    assert_eq!(
        (second.as_u16(), server.requests(Endpoint::Token)),
        (200, 1)
    );
}

/// The cache panics when the user is removed.
#[derive(Clone, Default)]
struct PanicsAtRemoval;

impl UserCache for PanicsAtRemoval {
    async fn get(&self, _: &UserKey) -> Option<FiefUserInfo> {
        None
    }

    async fn insert(&self, _: &UserKey, _: &FiefUserInfo, _: Duration) {}

    async fn remove(&self, _: &UserKey) {
        panic!("the cache panics");
    }
}

/// FD-4: The browser keeps the cookies, which another process accepts.
#[tokio::test]
async fn a_user_cache_that_panics_prevents_no_logout() {
    let server = server().await;
    let builder = refreshing(&server).user_cache(PanicsAtRemoval);
    let (_, mut visitor) = logged_in(&server, builder).await;
    let logout = async move { visitor.fetch(Method::POST, "/logout").await.status };
    assert_eq!(tokio::spawn(logout).await.unwrap(), 303);
}

fn hook_that_panics<T>(_: T) -> &'static str {
    panic!("the hook panics")
}

/// D9, RB-1: the default page is shown.
#[tokio::test]
async fn a_login_page_that_panics_is_replaced() {
    let server = server().await;
    let store = Memory::default();
    let builder = refreshing(&server).on_login_page(hook_that_panics);
    let (_, mut visitor) = logged_in(&server, builder.session_store(store.clone())).await;
    store.fail(true);

    let incomplete = visitor.fetch(Method::POST, "/logout").await;

    assert_eq!(incomplete.status, 503);
    assert!(incomplete.body.contains("Logged out on this server"));
    assert!(visitor.cookie_names().is_empty());
}

/// D9, RF-1: a session that was refreshed is not lost with the response.
#[tokio::test]
async fn in_cookies_a_rejection_that_panics_loses_no_refresh() {
    let server = server().await;
    let builder = refreshing(&server).on_rejection(hook_that_panics);
    let (_, mut visitor) = logged_in(&server, builder).await;
    let old = visitor.jar["__Host-fief_session"].clone();
    server.advance(LIFETIME + 120 * SECOND);

    let response = visitor.fetch(Method::GET, "/admin").await;

    assert_eq!(response.status, 401);
    assert_eq!(response.error(), "insufficient_user_authentication");
    assert_ne!(visitor.jar["__Host-fief_session"], old);
}
