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
    pool.connect();
    pool.wait_for_connect().await.unwrap();
    pool
}
