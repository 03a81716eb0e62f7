//! The code that uses the store, one operation at a time.
//!
//! An `async` function whose store is scripted is a pure function of what the
//! store has responded so far: it returns its next operation, or its result.

use std::{
    cell::RefCell,
    collections::HashMap,
    future::poll_fn,
    pin::pin,
    sync::{Arc, Mutex},
    task::Poll,
    time::Duration,
};

use fief_client::Fief;
use tokio::runtime::{Builder, Runtime};
use uuid::Uuid;

use super::super::{
    config::SessionConfig,
    data,
    epoch::Epochs,
    lease::Newer,
    mark::{MarkConfig, Marks},
    record_store::{BoxFuture, Record, RecordStore, failed},
    store::Store,
};
use super::values::{
    Content, FRESH, Number, PROCESS, Place, SESSION, Sealed, Ticket, USER, generation_of, id, keys,
    number_of, places, real_ticket, session, text,
};
use crate::{cookie::Purpose, user::Users};

#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub(super) enum Operation {
    Create(Place, Content),
    Delete(Place),
    Load(Place),
    Save(Place, Content),
}

/// Response of the store to an operation.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub(super) enum Response {
    Done,
    Failed,
    Found(Option<Sealed>),
}

/// A call of the code.
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
pub(super) enum Call {
    BeginRefresh(Number, Number, Number),
    Create(Number),
    Epochs,
    Load(Ticket),
    ReplaceEpochs(Arc<Epochs>),
    Revoke(Number),
    /// The generation, and whether it is the first attempt.
    SaveRefreshed(Ticket, Number, Saving, bool),
    WaitForNewer(Ticket, Number, Number),
}

/// What is saved by a refresh.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub(super) enum Saving {
    /// Tokens that cannot be verified yet.
    Unverified,
    /// Verified tokens of this process' own token request.
    Verified,
    /// Verified tokens that were in the record.
    VerifiedLater,
}

#[derive(Clone, Debug)]
pub(super) enum Output {
    Begun,
    Created(Option<Ticket>),
    Ended,
    Epochs(Arc<Epochs>),
    Failed,
    /// The generation, and whether its tokens are not verified yet, if the session
    /// is valid.
    Loaded(Option<(Number, bool)>),
    NotNewer,
    Revoked,
    /// Whether the session is still valid.
    Saved(bool),
}

#[derive(Clone, Debug)]
pub(super) enum Step {
    Done(Output),
    Next(Operation),
}

/// The session keys of a process, the first one seals, and whether it is of an
/// older version.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub(super) struct Version {
    pub(super) keys: &'static [Number],
    pub(super) is_old: bool,
    /// Whether it loads marks.
    pub(super) has_marks: bool,
}

/// What determines the next step of a call.
type Before = (Version, Call, Vec<Response>);

/// Runs the code, and remembers each step.
pub(super) struct Replay {
    runtime: Runtime,
    fief: Fief,
    places: HashMap<Uuid, Place>,
    steps: RefCell<HashMap<Before, Step>>,
}

impl Replay {
    pub(super) fn new() -> Self {
        let runtime = Builder::new_current_thread()
            .enable_time()
            .start_paused(true)
            .build();
        Self {
            runtime: runtime.unwrap(),
            fief: Fief::builder("http://127.0.0.1:1", "client")
                .build()
                .unwrap(),
            places: (0..2).flat_map(places).collect(),
            steps: RefCell::default(),
        }
    }

    /// Returns what a call does after these responses of the store.
    pub(super) fn step(&self, version: Version, call: &Call, responses: &[Response]) -> Step {
        let key = (version, call.clone(), responses.to_vec());
        if let Some(step) = self.steps.borrow().get(&key) {
            return step.clone();
        }
        let step = self.run(version, call, responses);
        self.steps.borrow_mut().insert(key, step.clone());
        step
    }

    fn run(&self, version: Version, call: &Call, responses: &[Response]) -> Step {
        let asked = Arc::new(Mutex::new(Vec::new()));
        let records = Scripted {
            asked: Arc::clone(&asked),
            responses: responses.to_vec(),
            version,
            places: self.places.clone(),
        };
        let keys = Arc::new(keys(version.keys));
        let mut config = SessionConfig::new();
        config.absolute = 1000;
        let users = Arc::new(Users::new(Duration::ZERO));
        let marks = MarkConfig {
            is_shared: version.has_marks,
            ..MarkConfig::default()
        };
        let marks = Arc::new(Marks::new(self.fief.clone(), users, marks));
        let store = Store::new(Box::new(records), keys, config).with_marks(&marks);
        self.runtime.block_on(async {
            let mut output = pin!(output(&store, version, call));
            loop {
                let polled = poll_fn(|cx| Poll::Ready(output.as_mut().poll(cx))).await;
                if let Poll::Ready(output) = polled {
                    return Step::Done(output);
                }
                if let Some(next) = asked.lock().unwrap().get(responses.len()) {
                    return Step::Next(*next);
                }
                // It sleeps between two attempts.
                tokio::time::advance(Duration::from_secs(1)).await;
            }
        })
    }
}

async fn output(store: &Store, version: Version, call: &Call) -> Output {
    let first = version.keys[0];
    match call {
        Call::BeginRefresh(session, generation, process) => {
            let session = self::session(*session, *generation, false);
            store
                .begin_refresh(&session, id(PROCESS, *process), 0)
                .await;
            Output::Begun
        }
        Call::Create(number) => match store.create(&session(*number, 0, false), 0).await {
            Ok(ticket) => Output::Created(ticket.map(|ticket| Ticket {
                session: *number,
                key: first,
                epoch: number_of(ticket.epoch),
            })),
            Err(_) => Output::Failed,
        },
        Call::Epochs => match store.epochs(id(USER, 0)).await {
            Ok(epochs) => Output::Epochs(Arc::new(epochs)),
            Err(_) => Output::Failed,
        },
        Call::Load(ticket) => match store.load(&Arc::new(real_ticket(*ticket))).await {
            Ok(loaded) => Output::Loaded(loaded.map(|session| generation_of(&session))),
            Err(_) => Output::Failed,
        },
        Call::ReplaceEpochs(epochs) => match store.replace_epochs(epochs, 0).await {
            Ok(()) => Output::Revoked,
            Err(_) => Output::Failed,
        },
        Call::Revoke(session) => match store.revoke(id(SESSION, *session)).await {
            Ok(()) => Output::Revoked,
            Err(_) => Output::Failed,
        },
        Call::SaveRefreshed(ticket, generation, saving, is_first) => {
            let session = session(ticket.session, *generation, *saving == Saving::Unverified);
            let ticket = real_ticket(*ticket);
            match store.save_refreshed(&session, &ticket, *is_first).await {
                Ok(is_valid) => Output::Saved(is_valid),
                Err(_) => Output::Failed,
            }
        }
        Call::WaitForNewer(ticket, generation, process) => {
            let old = session(ticket.session, *generation, false);
            let (ticket, process) = (Arc::new(real_ticket(*ticket)), id(PROCESS, *process));
            match store.wait_for_newer(&old, &ticket, process).await {
                Newer::Ended => Output::Ended,
                Newer::None => Output::NotNewer,
                Newer::Session(session) => Output::Loaded(Some(generation_of(&session))),
            }
        }
    }
}

/// Store with a script of responses. After those it does not respond.
struct Scripted {
    asked: Arc<Mutex<Vec<Operation>>>,
    responses: Vec<Response>,
    version: Version,
    places: HashMap<Uuid, Place>,
}

impl Scripted {
    /// Returns the response to the next operation, once there is one.
    async fn ask(&self, operation: Operation) -> Result<Option<Sealed>, crate::Error> {
        let number = {
            let mut asked = self.asked.lock().unwrap();
            asked.push(operation);
            asked.len() - 1
        };
        match self.responses.get(number) {
            None => std::future::pending().await,
            Some(Response::Done) => Ok(None),
            Some(Response::Failed) => Err(failed(std::io::Error::other("failed"))),
            Some(Response::Found(found)) => Ok(*found),
        }
    }

    /// Opens a record that the code has sealed.
    fn content(&self, record: &Record) -> (Place, Content) {
        let place = self.places[&record.id];
        let keys = keys(self.version.keys);
        let bound = record.id.as_bytes();
        let value = || keys.open_bound::<Uuid>(Purpose::Record, bound, &record.text);
        let content = match place {
            Place::Epoch(_) => Content::Epoch(FRESH),
            Place::ForAll(_) | Place::Mark(_) => unreachable!("sessions write no marks"),
            Place::Lease(..) => Content::Lease(number_of(value().unwrap())),
            Place::Own(..) => Content::Own(number_of(value().unwrap())),
            Place::Session(..) => {
                let session = keys.open_bound(Purpose::Record, bound, &record.text);
                let session: data::Session = session.unwrap();
                let (generation, is_pending) = generation_of(&session);
                Content::Session(number_of(session.id), generation, is_pending)
            }
        };
        (place, content)
    }
}

impl RecordStore for Scripted {
    fn load(&self, id: Uuid) -> BoxFuture<'_, Option<String>> {
        Box::pin(async move {
            let found = self.ask(Operation::Load(self.places[&id])).await?;
            let is_foreign = |sealed: Sealed| sealed.is_new && self.version.is_old;
            Ok(found.map(|sealed| {
                if is_foreign(sealed) {
                    "a format of the future".into()
                } else {
                    text(id, sealed)
                }
            }))
        })
    }

    fn create(&self, record: Record) -> BoxFuture<'_, ()> {
        let (place, content) = self.content(&record);
        Box::pin(async move { self.ask(Operation::Create(place, content)).await.map(drop) })
    }

    fn save(&self, record: Record) -> BoxFuture<'_, ()> {
        let (place, content) = self.content(&record);
        Box::pin(async move { self.ask(Operation::Save(place, content)).await.map(drop) })
    }

    fn delete(&self, id: Uuid) -> BoxFuture<'_, ()> {
        let place = self.places[&id];
        Box::pin(async move { self.ask(Operation::Delete(place)).await.map(drop) })
    }
}
