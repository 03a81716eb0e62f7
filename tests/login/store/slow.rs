//! A store that responds slowly.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use axum::http::Method;
use fief_test_server::FiefTestServer;
use tokio::time::{Instant, pause, sleep};
use tower_sessions_core::{
    SessionStore,
    session::{Id, Record},
    session_store::Result,
};

use super::Memory;
use crate::login::{Visitor, app, builder, exchange::open, logged_in};

#[derive(Clone, Debug, Default)]
struct Slow {
    inner: Memory,
    /// For each operation.
    seconds: Arc<AtomicU64>,
}

impl Slow {
    async fn wait(&self) {
        let seconds = self.seconds.load(Ordering::SeqCst);
        sleep(Duration::from_secs(seconds)).await;
    }
}

#[async_trait::async_trait]
impl SessionStore for Slow {
    async fn create(&self, record: &mut Record) -> Result<()> {
        self.wait().await;
        self.inner.create(record).await
    }

    async fn save(&self, record: &Record) -> Result<()> {
        self.wait().await;
        self.inner.save(record).await
    }

    async fn load(&self, id: &Id) -> Result<Option<Record>> {
        self.wait().await;
        self.inner.load(id).await
    }

    async fn delete(&self, id: &Id) -> Result<()> {
        self.wait().await;
        self.inner.delete(id).await
    }
}

/// RB: a load balancer waits for no store that hangs.
#[tokio::test]
async fn a_slow_store_is_not_ready_after_two_seconds() {
    let server = FiefTestServer::start().await;
    let slow = Slow::default();
    let builder = builder(&server).session_store(slow.clone());
    let auth = builder.build().unwrap();
    auth.fief().prefetch_keys().await.unwrap();
    slow.seconds.store(60, Ordering::SeqCst);
    pause();
    let start = Instant::now();

    let health = auth.health().await;

    assert_eq!(health.session_store(), Some(false));
    assert_eq!(start.elapsed().as_secs(), 2);
}

/// FD-5: the logins of five tabs do not add up.
#[tokio::test]
async fn a_logout_with_a_slow_store_takes_ten_seconds() {
    let server = FiefTestServer::start().await;
    let slow = Slow::default();
    let (_, mut visitor) = logged_in(&server, builder(&server).session_store(slow.clone())).await;
    for _ in 0..5 {
        visitor.begin(&server, "/login").await;
    }
    slow.seconds.store(4, Ordering::SeqCst);
    pause();
    let start = Instant::now();

    visitor.fetch(Method::POST, "/logout").await;

    assert!(
        start.elapsed() <= Duration::from_secs(10),
        "{:?}",
        start.elapsed()
    );
    assert!(visitor.cookie_names().is_empty());
}

/// FD-5, D12: nor do those that were finished, and whose responses are on their way.
#[tokio::test]
async fn a_logout_of_finished_logins_with_a_slow_store_takes_ten_seconds() {
    let server = FiefTestServer::start().await;
    let slow = Slow::default();
    let auth = builder(&server)
        .session_store(slow.clone())
        .build()
        .unwrap();
    let mut visitor = Visitor::new(app(&auth));
    let mut late = Vec::new();
    for _ in 0..3 {
        let callback = visitor.begin(&server, "/login").await;
        late.push(open(&visitor, &callback).await.unwrap().1);
    }
    slow.seconds.store(4, Ordering::SeqCst);
    pause();
    let start = Instant::now();

    visitor.fetch(Method::POST, "/logout").await;

    assert!(
        start.elapsed() <= Duration::from_secs(10),
        "{:?}",
        start.elapsed()
    );
    slow.seconds.store(0, Ordering::SeqCst);
    for mut late in late {
        assert_eq!(late.open("/castles").await.status, 303);
    }
}
