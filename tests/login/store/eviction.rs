//! A Redis that evicts what it was not meant to.

use std::time::Duration;

use axum::http::Method;
use fief_test_server::{FiefTestServer, User};
use fief_tests::OwnRedis;
use tokio::time::sleep;
use tower_sessions_redis_store::{
    RedisStore,
    fred::{
        prelude::*,
        types::{ClusterHash, CustomCommand, InfoKind},
    },
};

use super::redis;
use crate::login::{Visitor, app, builder};

const USERS: usize = 60;

fn email(n: usize) -> String {
    format!("user-{n}@example.com")
}

/// Writes about a third of what Redis can hold, for another application.
async fn flood(pool: &Pool, round: usize) {
    let value = "castle".repeat(150);
    let pairs = (0..500).map(|n| (format!("other:{round}:{n}"), value.clone()));
    let pairs: Vec<_> = pairs.collect();
    pool.mset(pairs).await.unwrap();
}

async fn evicted(pool: &Pool) -> u64 {
    let stats: String = pool.info(Some(InfoKind::Stats)).await.unwrap();
    let line = stats
        .lines()
        .find_map(|it| it.strip_prefix("evicted_keys:"));
    line.unwrap().trim().parse().unwrap()
}

/// Waits until the keys of the flood are older than what is written now. Redis counts in seconds.
async fn wait_until_idle(pool: &Pool, last: usize) {
    let command = CustomCommand::new_static("OBJECT", ClusterHash::Random, false);
    let key = vec!["IDLETIME".to_owned(), format!("other:{last}:499")];
    while pool
        .custom::<u64, _>(command.clone(), key.clone())
        .await
        .unwrap()
        < 2
    {
        sleep(Duration::from_millis(100)).await;
    }
}

/// FD-3, D11: whatever is evicted, a session that has ended does not work again.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs Redis"]
async fn an_eviction_brings_no_session_back() {
    let own = OwnRedis::start(&["--maxmemory", "3mb", "--maxmemory-policy", "allkeys-lru"]);
    let pool = redis::connect(&own.url()).await;
    let users = (0..USERS).map(|n| User::new(email(n), "herminetincture"));
    let server = users.fold(FiefTestServer::builder(), |builder, user| {
        builder.user(user)
    });
    let server = server.start().await.unwrap();
    let start = || {
        let store = RedisStore::new(pool.clone());
        builder(&server).session_store(store).build().unwrap()
    };
    let auth = start();
    let mut ended = Vec::new();
    for n in 0..USERS {
        let mut visitor = Visitor::new(app(&auth));
        visitor.log_in_as(&server, &email(n)).await;
        assert_eq!(visitor.open("/castles").await.status, 200);
        ended.push(visitor);
    }
    for (n, visitor) in ended.iter().enumerate() {
        if n % 2 == 0 {
            assert_eq!(visitor.clone().open("/logout").await.status, 303);
        } else {
            let user = server.user_id(&email(n));
            auth.revoke_user_sessions(user).await.unwrap();
        }
    }
    assert_eq!(evicted(&pool).await, 0);

    // A process that has just been started remembers no revocation.
    let app = app(&start());
    let mut accepted = 0;
    let mut rounds = 0;
    while evicted(&pool).await < 10_000 {
        flood(&pool, rounds).await;
        rounds += 1;
        for visitor in &ended {
            let response = visitor.at(app.clone()).fetch(Method::GET, "/castles").await;
            accepted += usize::from(response.status != 401);
        }
    }

    assert_eq!(accepted, 0);
    wait_until_idle(&pool, rounds - 1).await;
    for n in 0..USERS {
        let mut visitor = Visitor::new(app.clone());
        visitor.log_in_as(&server, &email(n)).await;
        assert_eq!(visitor.open("/castles").await.status, 200);
    }
}
