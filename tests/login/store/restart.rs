//! A Redis that is restarted.

use std::time::{Duration, Instant};

use axum::http::Method;
use fief_test_server::FiefTestServer;
use fief_tests::OwnRedis;
use tokio::time::sleep;
use tower_sessions_redis_store::{
    RedisStore,
    fred::prelude::{ClientLike, Config, Pool, ReconnectPolicy},
};

use crate::login::{Visitor, app, builder};

/// FD-88: with the policy that the guide names.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs Redis"]
async fn a_redis_that_was_restarted_is_reached_again() {
    let mut redis = OwnRedis::start(&[]);
    let policy = ReconnectPolicy::new_exponential(0, 100, 5_000, 2);
    let config = Config::from_url(&redis.url()).unwrap();
    let pool = Pool::new(config, None, None, Some(policy), 6).unwrap();
    pool.init().await.unwrap();
    let server = FiefTestServer::start().await;
    let store = RedisStore::new(pool);
    let auth = builder(&server).session_store(store).build().unwrap();
    let mut visitor = Visitor::new(app(&auth));
    visitor.log_in(&server, "/login").await;

    redis.kill();
    redis.restart();

    let deadline = Instant::now() + Duration::from_secs(60);
    loop {
        let status = visitor.fetch(Method::GET, "/castles").await.status;
        // Its records are lost, so the session has ended.
        if status == 401 {
            break;
        }
        assert_eq!(status, 503);
        assert!(Instant::now() < deadline, "Redis is not reached again");
        sleep(Duration::from_millis(100)).await;
    }
    let mut visitor = Visitor::new(app(&auth));
    visitor.log_in(&server, "/login").await;
    assert_eq!(visitor.open("/castles").await.status, 200);
}
