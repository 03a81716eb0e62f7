//! What a request costs Redis.

use fief_axum::{FiefAuth, fief_client::webhook::WebhookVerifier};
use fief_test_server::FiefTestServer;
use fief_tests::OwnRedis;
use tower_sessions_redis_store::{
    RedisStore,
    fred::{prelude::*, types::InfoKind},
};

use super::redis;
use crate::login::{Visitor, app, builder};

const REQUESTS: u64 = 20;

/// Returns how many commands Redis has received so far, and how many of them load a record.
async fn commands(pool: &Pool) -> (u64, u64) {
    let stats: String = pool.info(Some(InfoKind::CommandStats)).await.unwrap();
    let calls = |line: &str| -> u64 {
        let calls = line.split("calls=").nth(1).unwrap_or_default();
        calls.split(',').next().unwrap().parse().unwrap()
    };
    let lines = stats.lines().filter(|it| it.starts_with("cmdstat_"));
    let lines = lines.filter(|it| !it.starts_with("cmdstat_info"));
    let loads = lines.clone().filter(|it| it.starts_with("cmdstat_get:"));
    (lines.map(calls).sum(), loads.map(calls).sum())
}

/// Asserts how many records each of two processes loads for each request, and that it does nothing else.
async fn assert_loads(pool: &Pool, server: &FiefTestServer, auths: [FiefAuth; 2], expected: u64) {
    let [mut here, there] = auths.map(|auth| Visitor::new(app(&auth)));
    here.log_in(server, "/login").await;
    let mut there = here.at(there.app());
    for visitor in [&mut here, &mut there] {
        assert_eq!(visitor.open("/castles").await.status, 200);
        let before = commands(pool).await;
        for _ in 0..REQUESTS {
            assert_eq!(visitor.open("/castles").await.status, 200);
        }
        let after = commands(pool).await;
        let loads = expected * REQUESTS;
        assert_eq!((after.0 - before.0, after.1 - before.1), (loads, loads));
    }
}

/// D11: as the guide says.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs Redis"]
async fn a_request_with_a_session_loads_three_records_and_four_with_webhooks() {
    let own = OwnRedis::start(&[]);
    let pool = redis::connect(&own.url()).await;
    let server = FiefTestServer::start().await;
    let builder = || builder(&server).session_store(RedisStore::new(pool.clone()));

    let plain = || builder().build().unwrap();
    assert_loads(&pool, &server, [plain(), plain()], 3).await;

    let with_webhooks = || {
        let verifier = WebhookVerifier::new("Mj3moMev93UYxQhumtsHoE82dCK1ShXQtVsQjSkaNjY");
        let builder = builder().webhooks("/webhooks", verifier.unwrap());
        builder.build().unwrap()
    };
    assert_loads(&pool, &server, [with_webhooks(), with_webhooks()], 4).await;
}
