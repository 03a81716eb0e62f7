use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
};

use tower_sessions_core::{
    SessionStore,
    session::{Id, Record},
    session_store::{Error, Result},
};

/// A store that adds what it is told to save, as those of databases do.
#[derive(Clone, Debug, Default)]
pub struct Memory {
    records: Arc<Mutex<HashMap<Id, Record>>>,
    fails: Arc<AtomicBool>,
    loads: Arc<AtomicUsize>,
}

impl Memory {
    pub fn fail(&self, fails: bool) {
        self.fails.store(fails, Ordering::SeqCst);
    }

    /// How often a record was asked for.
    pub fn loads(&self) -> usize {
        self.loads.load(Ordering::SeqCst)
    }

    /// Lets others go first, as a store far away does.
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
        Ok(self.records.lock().unwrap().get(id).cloned())
    }

    async fn delete(&self, id: &Id) -> Result<()> {
        self.go().await?;
        self.records.lock().unwrap().remove(id);
        Ok(())
    }
}
