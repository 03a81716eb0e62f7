use tower_sessions_sqlx_store::{SqliteStore, sqlx::sqlite::SqlitePoolOptions};

/// A database in memory, which lives as long as one of its connections.
pub async fn store() -> SqliteStore {
    let pool = SqlitePoolOptions::new()
        .min_connections(1)
        .max_connections(5)
        .idle_timeout(None)
        .max_lifetime(None)
        .connect("sqlite::memory:")
        .await
        .unwrap();
    // A connection is closed if a request that uses it is dropped. This one is not used.
    std::mem::forget(pool.acquire().await.unwrap());
    let store = SqliteStore::new(pool);
    store.migrate().await.unwrap();
    store
}
