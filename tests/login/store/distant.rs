use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use tokio::{task::yield_now, time::sleep};
use tower_sessions_core::{
    SessionStore,
    session::{Id, Record},
    session_store::Result,
};

/// A store on another machine, which some operations reach late: every eighth, on average.
#[derive(Clone, Debug)]
pub struct Distant<S> {
    store: S,
    random: Arc<AtomicU64>,
}

impl<S> Distant<S> {
    pub fn new(store: S) -> Self {
        Self {
            store,
            random: Arc::new(AtomicU64::new(1)),
        }
    }

    async fn travel(&self) {
        // A linear congruential generator: its upper bits are the random ones.
        let next = |random: u64| {
            random
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1_442_695_040_888_963_407)
        };
        let order = Ordering::SeqCst;
        let random = self.random.fetch_update(order, order, |it| Some(next(it)));
        match random.unwrap() >> 61 {
            0 => sleep(LATE).await,
            1.. => yield_now().await,
        }
    }
}

#[async_trait::async_trait]
impl<S: SessionStore> SessionStore for Distant<S> {
    async fn create(&self, record: &mut Record) -> Result<()> {
        self.travel().await;
        self.store.create(record).await
    }

    async fn save(&self, record: &Record) -> Result<()> {
        self.travel().await;
        self.store.save(record).await
    }

    async fn load(&self, id: &Id) -> Result<Option<Record>> {
        self.travel().await;
        self.store.load(id).await
    }

    async fn delete(&self, id: &Id) -> Result<()> {
        self.travel().await;
        self.store.delete(id).await
    }
}

const LATE: Duration = Duration::from_millis(20);
