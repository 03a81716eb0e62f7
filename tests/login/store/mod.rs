//! Sessions in a store that two processes of an application share.

mod cases;
mod chosen;
mod clocks;
mod commands;
mod concurrent;
mod cut;
mod distant;
mod eviction;
mod exchange;
mod faults;
mod keys;
mod memory;
mod races;
mod ready;
pub mod redis;
mod restart;
mod rolling;
mod slow;
mod sqlite;

use std::time::Duration;

use axum::http::Method;
use fief_test_server::{Endpoint, Fault, FiefTestServer};
use tokio::task::yield_now;

pub use self::{chosen::chosen, memory::Memory};
use super::{logged_in, refresh};

/// Runs each case of a module on a store in memory, on SQLite, and on Redis if there is one.
macro_rules! on_every_store {
    ($module:ident: $($name:ident;)*) => { $(
        mod $name {
            #[tokio::test(flavor = "multi_thread")]
            async fn in_memory() {
                super::$module::$name(super::Memory::default()).await;
            }

            #[tokio::test(flavor = "multi_thread")]
            async fn in_sqlite() {
                super::$module::$name(super::sqlite::store().await).await;
            }

            #[tokio::test(flavor = "multi_thread")]
            #[ignore = "needs Redis"]
            async fn in_redis() {
                super::$module::$name(super::redis::store().await).await;
            }
        }
    )* };
}

on_every_store! {
    cases:
    every_process_knows_the_session;
    two_processes_refresh_one_session;
    browsers_that_hang_up_stay_logged_in;
    a_logout_during_a_refresh_stays_a_logout;
    a_revocation_during_a_refresh_stays_one;
    a_logout_counts_everywhere;
    a_login_ends_the_session_of_before;
    a_users_sessions_end_everywhere;
    one_session_can_be_ended;
    a_session_of_any_size_fits;
    a_session_of_a_fast_clock_is_revoked_by_a_slow_one;
}

on_every_store! {
    keys:
    a_revoked_session_stays_void_while_keys_change;
}

on_every_store! {
    concurrent:
    a_refresh_in_two_processes_loses_no_request;
    simultaneous_first_logins_both_count;
    a_login_during_a_revocation_is_the_same_everywhere;
}

/// RB-6, D5
#[tokio::test]
async fn with_a_store_that_fails_requests_are_rejected() {
    let server = FiefTestServer::start().await;
    let store = Memory::default();
    let builder = refresh::refreshing(&server).session_store(store.clone());
    let (_, mut visitor) = logged_in(&server, builder).await;
    store.fail(true);
    let response = visitor.fetch(Method::GET, "/castles").await;
    assert_eq!(response.status, 503);
    assert!(!response.header("retry-after").is_empty());
    let callback = visitor.begin(&server, "/login").await;
    assert_eq!(visitor.open(&callback).await.status, 503);
    store.fail(false);
    assert_eq!(visitor.fetch(Method::GET, "/castles").await.status, 200);
}

/// SE-10
#[tokio::test]
async fn a_store_knows_no_token() {
    let server = FiefTestServer::start().await;
    let store = Memory::default();
    let builder = refresh::refreshing(&server).session_store(store.clone());
    let (_, visitor) = logged_in(&server, builder).await;
    assert!(!store.shows_tokens());
    assert!(visitor.jar["__Host-fief_session"].len() < 600);
}

/// SE-4
#[tokio::test]
async fn an_idle_session_of_a_store_expires() {
    let server = FiefTestServer::start().await;
    server.set_time(server.clock()());
    let builder = super::builder(&server).session_store(Memory::default());
    let (_, mut visitor) = logged_in(&server, builder).await;
    server.advance(Duration::from_secs(3599));
    assert_eq!(visitor.open("/castles").await.status, 200);
    server.advance(Duration::from_secs(3601));
    assert_eq!(visitor.open("/castles").await.status, 303);
}

/// D8: also behind guards, which try without waiting first.
#[tokio::test]
async fn a_request_loads_from_the_store_once() {
    let server = FiefTestServer::start().await;
    let store = Memory::default();
    let builder = super::builder(&server).session_store(store.clone());
    let (_, mut visitor) = logged_in(&server, builder).await;
    visitor.open("/castles").await;
    let before = store.loads();

    assert_eq!(visitor.open("/castles").await.status, 200);

    // The session, its own record and the user's epoch, all at once.
    assert_eq!((store.loads() - before, store.loads_at_once()), (3, 3));
}

/// D12, RF-1: it has read the clock and the session before.
#[tokio::test]
async fn a_request_that_began_before_a_refresh_completed_shares_it() {
    let server = refresh::server().await;
    let store = Memory::default();
    let builder = refresh::refreshing(&server).session_store(store.clone());
    let (_, visitor) = logged_in(&server, builder).await;
    let open = || {
        let mut visitor = visitor.clone();
        tokio::spawn(async move { visitor.open("/castles").await.status })
    };
    server.advance(refresh::LIFETIME);
    server.fault(Endpoint::Token, Fault::hang());

    let first = open();
    server.wait_for_requests(Endpoint::Token, 2).await;
    let held = store.hold_next();
    let second = open();
    while !store.is_holding() {
        yield_now().await;
    }
    server.advance(Duration::from_secs(1));
    server.clear_faults();
    assert_eq!(first.await.unwrap(), 200);
    drop(held);

    assert_eq!(second.await.unwrap(), 200);
    assert_eq!(server.requests(Endpoint::Token), 2);
}
