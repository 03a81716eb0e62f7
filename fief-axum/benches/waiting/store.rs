use std::{
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};

use tower_sessions_core::{
    SessionStore,
    session::{Id, Record},
    session_store::Result,
};

use crate::memory::Memory;

/// Store in memory that counts its loads.
#[derive(Clone, Debug, Default)]
pub(crate) struct Counting {
    memory: Memory,
    loads: Arc<AtomicUsize>,
}

impl Counting {
    pub(crate) fn loads(&self) -> usize {
        self.loads.load(Ordering::Relaxed)
    }
}

impl SessionStore for Counting {
    fn create<'a, 'b, 'c>(&'a self, record: &'b mut Record) -> Done<'c, ()>
    where
        'a: 'c,
        'b: 'c,
    {
        self.memory.create(record)
    }

    fn save<'a, 'b, 'c>(&'a self, record: &'b Record) -> Done<'c, ()>
    where
        'a: 'c,
        'b: 'c,
    {
        self.memory.save(record)
    }

    fn load<'a, 'b, 'c>(&'a self, id: &'b Id) -> Done<'c, Option<Record>>
    where
        'a: 'c,
        'b: 'c,
    {
        self.loads.fetch_add(1, Ordering::Relaxed);
        self.memory.load(id)
    }

    fn delete<'a, 'b, 'c>(&'a self, id: &'b Id) -> Done<'c, ()>
    where
        'a: 'c,
        'b: 'c,
    {
        self.memory.delete(id)
    }
}

type Done<'a, T> = Pin<Box<dyn Future<Output = Result<T>> + Send + 'a>>;
