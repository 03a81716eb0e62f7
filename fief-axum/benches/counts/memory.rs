use std::{
    collections::HashMap,
    future::{Future, ready},
    pin::Pin,
    sync::{Arc, Mutex},
};

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use tower_sessions_core::{
    SessionStore,
    session::{Id, Record},
    session_store::Result,
};

/// A store in memory, which never waits.
#[derive(Clone, Debug, Default)]
pub(crate) struct Memory {
    records: Arc<Mutex<HashMap<Id, Record>>>,
}

impl SessionStore for Memory {
    fn create<'a, 'b, 'c>(&'a self, record: &'b mut Record) -> Done<'c, ()>
    where
        'a: 'c,
        'b: 'c,
    {
        self.save(record)
    }

    fn save<'a, 'b, 'c>(&'a self, record: &'b Record) -> Done<'c, ()>
    where
        'a: 'c,
        'b: 'c,
    {
        let mut records = self.records.lock().unwrap();
        records.insert(record.id, record.clone());
        Box::pin(ready(Ok(())))
    }

    fn load<'a, 'b, 'c>(&'a self, id: &'b Id) -> Done<'c, Option<Record>>
    where
        'a: 'c,
        'b: 'c,
    {
        let record = self.records.lock().unwrap().get(id).cloned();
        Box::pin(ready(Ok(record)))
    }

    fn delete<'a, 'b, 'c>(&'a self, id: &'b Id) -> Done<'c, ()>
    where
        'a: 'c,
        'b: 'c,
    {
        self.records.lock().unwrap().remove(id);
        Box::pin(ready(Ok(())))
    }
}

impl Serialize for Memory {
    fn serialize<S: Serializer>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error> {
        serializer.collect_seq(self.records.lock().unwrap().values())
    }
}

impl<'de> Deserialize<'de> for Memory {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> std::result::Result<Self, D::Error> {
        let records = Vec::<Record>::deserialize(deserializer)?;
        let records = records.into_iter().map(|record| (record.id, record));
        Ok(Self {
            records: Arc::new(Mutex::new(records.collect())),
        })
    }
}

type Done<'a, T> = Pin<Box<dyn Future<Output = Result<T>> + Send + 'a>>;
