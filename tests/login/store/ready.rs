//! Whether a process whose sessions are in a store is ready.

use std::time::Duration;

use axum::{Router, http::Request};
use fief_axum::FiefAuth;
use fief_test_server::{Endpoint, FiefTestServer};
use fief_tests::OwnRedis;
use tower_sessions_redis_store::RedisStore;

use super::{Memory, redis};
use crate::{login::builder, web::send};

fn application(server: &FiefTestServer, store: &Memory) -> (FiefAuth, Router) {
    let builder = builder(server).session_store(store.clone());
    let auth = builder.ready_route("/ready").build().unwrap();
    let app = super::super::app(&auth);
    (auth, app)
}

async fn ready(app: &Router) -> u16 {
    send(app, Request::get("/ready")).await.status.as_u16()
}

/// D5, RB: one that fails and one that panics.
#[tokio::test]
async fn a_process_is_ready_while_its_store_responds() {
    let server = FiefTestServer::start().await;
    server.set_time(std::time::SystemTime::now());
    let store = Memory::default();
    let (auth, app) = application(&server, &store);
    let second = || server.advance(Duration::from_secs(1));

    assert_eq!(ready(&app).await, 200);
    assert_eq!(auth.health().await.session_store(), Some(true));
    for break_it in [Memory::fail, Memory::panic] {
        break_it(&store, true);
        second();
        assert_eq!(ready(&app).await, 503);
        let health = auth.health().await;
        assert_eq!(health.session_store(), Some(false));
        assert!(health.fief().is_ready() && !health.is_ready());
        break_it(&store, false);
        second();
        assert_eq!(ready(&app).await, 200);
    }
}

/// With the client of Redis that tower-sessions uses, which connects again and again.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs Redis"]
async fn a_process_is_not_ready_without_its_redis() {
    let own = OwnRedis::start(&[]);
    let pool = redis::connect(&own.url()).await;
    let server = FiefTestServer::start().await;
    server.set_time(std::time::SystemTime::now());
    let builder = builder(&server).session_store(RedisStore::new(pool));
    let auth = builder.ready_route("/ready").build().unwrap();
    let app = super::super::app(&auth);
    assert_eq!(ready(&app).await, 200);

    drop(own);
    server.advance(Duration::from_secs(1));

    assert_eq!(ready(&app).await, 503);
}

/// RB-11: however many clients request the route.
#[tokio::test]
async fn a_store_is_probed_once_a_second() {
    let server = FiefTestServer::start().await;
    server.set_time(std::time::SystemTime::now());
    let store = Memory::default();
    let (_, app) = application(&server, &store);

    for seconds in 1..=3 {
        let all = (0..100).map(|_| {
            let app = app.clone();
            tokio::spawn(async move { ready(&app).await })
        });
        for response in all.collect::<Vec<_>>() {
            assert_eq!(response.await.unwrap(), 200);
        }
        assert_eq!(store.loads(), seconds);
        server.advance(Duration::from_millis(999));
        assert_eq!(ready(&app).await, 200);
        assert_eq!(store.loads(), seconds);
        server.advance(Duration::from_millis(1));
    }
    assert_eq!(server.requests(Endpoint::Jwks), 1);
}
