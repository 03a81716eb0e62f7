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
    loading: Arc<AtomicUsize>,
    loads_at_once: Arc<AtomicUsize>,
    held: Arc<Mutex<Option<oneshot::Receiver<()>>>>,
    held_save: Arc<Mutex<Option<oneshot::Receiver<()>>>>,
    panics: Arc<AtomicBool>,
}

impl Memory {
    pub fn fail(&self, fails: bool) {
        self.fails.store(fails, Ordering::SeqCst);
    }

    /// Returns how often a record was loaded.
    pub fn loads(&self) -> usize {
        self.loads.load(Ordering::SeqCst)
    }

    /// Returns how many records were loaded at the same time, at most.
    pub fn loads_at_once(&self) -> usize {
        self.loads_at_once.load(Ordering::SeqCst)
    }

    /// Returns the ids of all records.
    pub fn ids(&self) -> Vec<Id> {
        self.records.lock().unwrap().keys().copied().collect()
    }

    /// Returns the ids of the records of sessions and users. Those of logins, of which there is at least one, expire
    /// first.
    pub fn session_ids(&self) -> Vec<Id> {
        let records = self.records.lock().unwrap();
        let expiry = |record: &Record| record.expiry_date.unix_timestamp();
        let first = records.values().map(expiry).min().unwrap_or_default();
        let records = records.values();
        let of_sessions = records.filter(|record| expiry(record) > first + 3600);
        of_sessions.map(|record| record.id).collect()
    }

    /// Returns `true` if a record contains a token that is not sealed.
    pub fn shows_tokens(&self) -> bool {
        let records = format!("{self:?}");
        // Sealed records contain any three characters sooner or later, so the first ones of a JWT are not enough.
        ["eyJ0eXAiOi", "eyJhbGciOi", "token"]
            .iter()
            .any(|sign| records.contains(sign))
    }

    /// Changes the records behind the application's back.
    pub fn change(&self, change: impl FnOnce(&mut HashMap<Id, Record>)) {
        change(&mut self.records.lock().unwrap());
    }

    /// Delays the next response until the returned sender is dropped.
    pub fn hold_next(&self) -> oneshot::Sender<()> {
        let (sender, receiver) = oneshot::channel();
        *self.held.lock().unwrap() = Some(receiver);
        sender
    }

    /// Delays the next save until the returned sender is dropped.
    pub fn hold_next_save(&self) -> oneshot::Sender<()> {
        let (sender, receiver) = oneshot::channel();
        *self.held_save.lock().unwrap() = Some(receiver);
        sender
    }

    /// Returns `true` if a save is being delayed.
    pub fn is_holding_save(&self) -> bool {
        self.held_save.lock().unwrap().is_none()
    }

    /// Makes every operation panic.
    pub fn panic(&self, panics: bool) {
        self.panics.store(panics, Ordering::SeqCst);
    }

    /// Returns `true` if a response is being delayed.
    pub fn is_holding(&self) -> bool {
        self.held.lock().unwrap().is_none()
    }

    /// Yields first, as a remote store does.
    async fn go(&self) -> Result<()> {
        tokio::task::yield_now().await;
        assert!(!self.panics.load(Ordering::SeqCst), "the store panics");
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
        let held = self.held_save.lock().unwrap().take();
        if let Some(held) = held {
            // Continues if the sender is dropped too.
            let _ = held.await;
        }
        match self.records.lock().unwrap().get_mut(&record.id) {
            Some(saved) => *saved = record.clone(),
            // As Redis does.
            None => return Err(Error::Backend("nothing to replace".into())),
        }
        Ok(())
    }

    async fn load(&self, id: &Id) -> Result<Option<Record>> {
        self.loads.fetch_add(1, Ordering::SeqCst);
        let loading = self.loading.fetch_add(1, Ordering::SeqCst) + 1;
        self.loads_at_once.fetch_max(loading, Ordering::SeqCst);
        let result = self.go().await;
        self.loading.fetch_sub(1, Ordering::SeqCst);
        result?;
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
