//! What 100,000 streams cost that wait for the end of their session or token: memory, CPU time while nothing happens,
//! streams that are polled because of a revocation, and loads of a session store.
//!
//! ```sh
//! cargo bench -p fief-axum --bench waiting --features tower-sessions
//! ```
//!
//! The CPU time is that of the whole process, read from Linux's `/proc`.
#![allow(
    missing_docs,
    clippy::indexing_slicing,
    clippy::unwrap_used,
    reason = "a program for developers"
)]

#[path = "../counts/login.rs"]
mod login;
#[path = "../counts/memory.rs"]
mod memory;
mod store;

use std::{
    alloc::System,
    env, fs,
    future::{pending, poll_fn},
    pin::pin,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use axum::{
    Router,
    body::Body,
    http::{HeaderName, Request, header},
    routing::get,
};
use fief_axum::{CurrentSession, FiefAuth, FiefAuthBuilder, SessionKey};
use fief_client::Fief;
use fief_test_server::FiefTestServer;
use stats_alloc::{INSTRUMENTED_SYSTEM, Region, StatsAlloc};
use store::Counting;
use tokio::{sync::mpsc, task::JoinSet, time::sleep};
use tower::ServiceExt;

#[global_allocator]
static ALLOCATOR: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

/// How much is measured.
#[derive(Clone, Copy)]
struct Size {
    sessions: usize,
    streams: usize,
    idle: Duration,
}

#[tokio::main]
async fn main() {
    // `cargo bench` passes it, `cargo test` does not.
    let is_bench = env::args().any(|argument| argument == "--bench");
    let size = if is_bench {
        Size {
            sessions: 1000,
            streams: 100_000,
            idle: Duration::from_secs(5),
        }
    } else {
        Size {
            sessions: 2,
            streams: 20,
            idle: Duration::from_millis(100),
        }
    };
    let server = FiefTestServer::start().await;

    let auth = builder(&server).build().unwrap();
    let token = format!("Bearer {}", server.access_token().mint());
    let session = session(&auth, header::AUTHORIZATION, &token).await;
    measure("bearer tokens", &vec![session; size.streams], size).await;

    let auth = builder(&server).build().unwrap();
    let sessions = sessions(&server, &auth, size).await;
    let mut streams = measure("sessions in cookies", &sessions, size).await;
    revoke(&auth, &sessions, size, &mut streams).await;
    drop((sessions, streams));

    let store = Counting::default();
    let auth = builder(&server).session_store(store.clone());
    let auth = auth.build().unwrap();
    let sessions = self::sessions(&server, &auth, size).await;
    let mut streams = measure("sessions in a store", &sessions, size).await;
    revoke(&auth, &sessions, size, &mut streams).await;
    if is_bench {
        loads(&store, size).await;
    }
}

fn builder(server: &FiefTestServer) -> FiefAuthBuilder {
    let fief = Fief::builder(server.url(), server.client_id());
    let fief = fief.client_secret(server.client_secret()).build().unwrap();
    FiefAuth::builder(fief).login("https://app.example.com", SessionKey::generate().unwrap())
}

/// Returns what each stream has: a session, of which several streams have the same one.
async fn sessions(server: &FiefTestServer, auth: &FiefAuth, size: Size) -> Vec<CurrentSession> {
    let mut sessions = Vec::with_capacity(size.streams);
    for _ in 0..size.sessions {
        let cookies = login::log_in(server, auth).await;
        let session = session(auth, header::COOKIE, &cookies).await;
        sessions.extend(vec![session; size.streams / size.sessions]);
    }
    sessions
}

/// Returns the session of a request.
async fn session(auth: &FiefAuth, name: HeaderName, credential: &str) -> CurrentSession {
    let (sender, mut receiver) = mpsc::channel(1);
    let handler = get(async move |session: CurrentSession| sender.try_send(session).unwrap());
    let app = Router::new().route("/", handler).layer(auth.layer());
    let request = Request::get("/").header(name, credential);
    let response = app.oneshot(request.body(Body::empty()).unwrap()).await;
    assert!(response.unwrap().status().is_success());
    receiver.recv().await.unwrap()
}

/// Streams, and how often they were polled.
#[derive(Default)]
struct Streams {
    tasks: JoinSet<()>,
    polls: Arc<AtomicUsize>,
}

impl Streams {
    fn start(sessions: &[CurrentSession]) -> Self {
        let mut streams = Self::default();
        for session in sessions {
            let (session, polls) = (session.clone(), Arc::clone(&streams.polls));
            streams.tasks.spawn(async move {
                let mut ended = pin!(session.ended());
                poll_fn(|context| {
                    polls.fetch_add(1, Ordering::Relaxed);
                    ended.as_mut().poll(context)
                })
                .await;
            });
        }
        streams
    }

    fn polls(&self) -> usize {
        self.polls.load(Ordering::Relaxed)
    }
}

/// Starts streams and prints what they cost while nothing happens.
async fn measure(name: &str, sessions: &[CurrentSession], size: Size) -> Streams {
    let region = Region::new(ALLOCATOR);
    let mut tasks = JoinSet::new();
    for session in sessions {
        let session = session.clone();
        tasks.spawn(async move {
            pending::<()>().await;
            drop(session);
        });
    }
    let bare = in_use(&region);
    tasks.shutdown().await;
    drop(tasks);

    let region = Region::new(ALLOCATOR);
    let streams = Streams::start(sessions);
    while streams.polls() < sessions.len() {
        sleep(Duration::from_millis(10)).await;
    }
    let memory = (in_use(&region) - bare) / sessions.len().cast_signed();
    let (cpu, polls) = (cpu_time(), streams.polls());
    sleep(size.idle).await;
    let cpu = cpu_time().saturating_sub(cpu).as_secs_f64() / size.idle.as_secs_f64();
    let polls = streams.polls() - polls;
    println!(
        "{name}: {} streams, {memory} bytes each, {:.3} % of a CPU and {polls} polls while nothing happens",
        sessions.len(),
        cpu * 100.0,
    );
    streams
}

/// Revokes one session.
async fn revoke(auth: &FiefAuth, sessions: &[CurrentSession], size: Size, streams: &mut Streams) {
    let polls = streams.polls();
    let id = sessions.first().and_then(CurrentSession::id).unwrap();
    auth.revoke_session(id).await.unwrap();
    let concerned = size.streams / size.sessions;
    for _ in 0..concerned {
        streams.tasks.join_next().await.unwrap().unwrap();
    }
    let polls = streams.polls() - polls;
    println!("    one revocation concerns {concerned} streams and polls {polls}");
}

/// Counts the loads of a store in 30 seconds.
async fn loads(store: &Counting, size: Size) {
    let before = store.loads();
    let mut most = 0;
    for _ in 0..30 {
        let last = store.loads();
        sleep(Duration::from_secs(1)).await;
        most = most.max(store.loads() - last);
    }
    // Three records each.
    let loads = (store.loads() - before) / 3;
    println!(
        "    {} sessions are loaded {loads} times in 30 seconds, at most {} in one second",
        size.sessions - 1,
        most / 3,
    );
}

fn in_use(region: &Region<'_, System>) -> isize {
    let stats = region.change();
    stats.bytes_allocated.cast_signed() - stats.bytes_deallocated.cast_signed()
}

/// Returns the CPU time of all threads, zero where it is unknown.
fn cpu_time() -> Duration {
    let tasks = fs::read_dir("/proc/self/task").into_iter().flatten();
    let times = tasks.filter_map(|task| {
        let stat = fs::read_to_string(task.ok()?.path().join("schedstat")).ok()?;
        stat.split(' ').next()?.parse::<u64>().ok()
    });
    Duration::from_nanos(times.sum())
}
