use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
};

use tokio::sync::oneshot;
use tower_sessions_core::{
    SessionStore,
    session::{Id, Record},
    session_store::{Error, Result},
};

/// A store that adds the records that it saves, as those of databases do.
#[derive(Clone, Debug, Default)]
pub struct Memory {
    records: Arc<Mutex<HashMap<Id, Record>>>,
    fails: Arc<AtomicBool>,
    loads: Arc<AtomicUsize>,
    held: Arc<Mutex<Option<oneshot::Receiver<()>>>>,
}

impl Memory {
    pub fn fail(&self, fails: bool) {
        self.fails.store(fails, Ordering::SeqCst);
    }

    /// Returns how often a record was loaded.
    pub fn loads(&self) -> usize {
        self.loads.load(Ordering::SeqCst)
    }

    /// Delays the next response until the returned sender is dropped.
    pub fn hold_next(&self) -> oneshot::Sender<()> {
        let (sender, receiver) = oneshot::channel();
        *self.held.lock().unwrap() = Some(receiver);
        sender
    }

    /// Returns `true` if a response is being delayed.
    pub fn is_holding(&self) -> bool {
        self.held.lock().unwrap().is_none()
    }

    /// Yields first, as a remote store does.
    async fn go(&self) -> Result<()> {
        tokio::task::yield_now().await;
        match self.fails.load(Ordering::SeqCst) {
            true => Err(Error::Backend("broken".into())),
            false => Ok(()),
        }
    }
}

#[async_trait::async_trait]
impl SessionStore for Memory {
    async fn create(&self, record: &mut Record) -> Result<()> {
        self.go().await?;
        let mut records = self.records.lock().unwrap();
        while records.contains_key(&record.id) {
            record.id = Id::default();
        }
        records.insert(record.id, record.clone());
        Ok(())
    }

    async fn save(&self, record: &Record) -> Result<()> {
        self.go().await?;
        self.records
            .lock()
            .unwrap()
            .insert(record.id, record.clone());
        Ok(())
    }

    async fn load(&self, id: &Id) -> Result<Option<Record>> {
        self.loads.fetch_add(1, Ordering::SeqCst);
        self.go().await?;
        let found = self.records.lock().unwrap().get(id).cloned();
        let held = self.held.lock().unwrap().take();
        if let Some(held) = held {
            // Continues if the sender is dropped too.
            let _ = held.await;
        }
        Ok(found)
    }

    async fn delete(&self, id: &Id) -> Result<()> {
        self.go().await?;
        self.records.lock().unwrap().remove(id);
        Ok(())
    }
}
