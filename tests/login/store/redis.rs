use std::env;

use tower_sessions_redis_store::{RedisStore, fred::prelude::*};

/// The Redis that `tests/real.sh` started.
pub async fn store() -> RedisStore<Pool> {
    let url = env::var("FIEF_REAL_REDIS_URL").expect("run tests/real.sh");
    RedisStore::new(connect(&url).await)
}

pub async fn connect(url: &str) -> Pool {
    let config = Config::from_url(url).unwrap();
    let pool = Pool::new(config, None, None, None, 4).unwrap();
    // Not `connect` and `wait_for_connect`, which waits for ever if the connection is faster.
    pool.init().await.unwrap();
    pool
}
