//! Streams that wait for the end of their session or token.

use std::{
    pin::{Pin, pin},
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    task::{Context, Poll, Wake},
    time::Duration,
};

use axum::{Router, http::Method, routing::any};
use fief_axum::{CurrentSession, FiefAuth};
use fief_client::Fief;
use fief_test_server::{Endpoint, FiefTestServer, User};
use tokio::{
    runtime::{Builder, Runtime},
    sync::mpsc,
    task::yield_now,
    time::{sleep, timeout},
};

use super::{
    Visitor, app, builder, logged_in,
    refresh::{self, LIFETIME, refreshing},
    store::Memory,
    visitor::path,
};
use crate::web::{self, EMAIL, call};

const LOUIS: &str = "louis@example.com";
const PERIOD: Duration = Duration::from_secs(30);

/// Stream that is polled by hand, so that its wake-ups can be counted.
struct Stream {
    ended: Pin<Box<dyn Future<Output = ()> + Send>>,
    has_ended: bool,
    wakes: Arc<Wakes>,
}

#[derive(Default)]
struct Wakes(AtomicUsize);

impl Wake for Wakes {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }
}

impl Stream {
    /// Starts one, which then waits.
    fn of(session: CurrentSession) -> Self {
        let mut stream = Self {
            ended: Box::pin(async move { session.ended().await }),
            has_ended: false,
            wakes: Arc::default(),
        };
        assert!(!stream.has_ended());
        stream
    }

    fn has_ended(&mut self) -> bool {
        let waker = Arc::clone(&self.wakes).into();
        let mut context = Context::from_waker(&waker);
        self.has_ended = self.has_ended || self.ended.as_mut().poll(&mut context).is_ready();
        self.has_ended
    }

    fn wakes(&self) -> usize {
        self.wakes.0.load(Ordering::SeqCst)
    }
}

/// Returns the application that streams belong to, and the sessions of its requests.
fn streaming(auth: &FiefAuth) -> (Router, mpsc::UnboundedReceiver<CurrentSession>) {
    let (sender, receiver) = mpsc::unbounded_channel();
    let handler = async move |session: CurrentSession| sender.send(session).unwrap();
    let router = Router::new().route("/", any(handler)).layer(auth.layer());
    (router, receiver)
}

/// Returns the session of a browser's request.
pub async fn session(auth: &FiefAuth, visitor: &Visitor) -> CurrentSession {
    let (app, mut sessions) = streaming(auth);
    assert_eq!(visitor.at(app).fetch(Method::GET, "/").await.status, 200);
    sessions.recv().await.unwrap()
}

async fn streams(auth: &FiefAuth, visitor: &Visitor, count: usize) -> Vec<Stream> {
    let session = session(auth, visitor).await;
    (0..count).map(|_| Stream::of(session.clone())).collect()
}

/// Returns the stream of a bearer token that expires after a while.
async fn token_stream(server: &FiefTestServer, auth: &FiefAuth, after: Duration) -> Stream {
    let (app, mut sessions) = streaming(auth);
    let token = server.access_token().expires_in(after).mint();
    assert_eq!(web::send(&app, call(&token)).await.status, 200);
    Stream::of(sessions.recv().await.unwrap())
}

/// Advances the time, which has to be stopped, and completes when all that is due at that time was done.
async fn advance(server: &FiefTestServer, auth: &FiefAuth, by: Duration) {
    let mut last = token_stream(server, auth, by).await;
    server.advance(by);
    last.ended.as_mut().await;
    // Loads of the store yield once.
    for _ in 0..1000 {
        yield_now().await;
    }
}

/// Starts a server with two users, whose time is stopped.
async fn server() -> FiefTestServer {
    let server = FiefTestServer::builder()
        .user(User::new(EMAIL, "herminetincture"))
        .user(User::new(LOUIS, "porcupine-and-crown"))
        .start()
        .await
        .unwrap();
    server.set_time(server.clock()());
    server
}

async fn log_in(server: &FiefTestServer, auth: &FiefAuth, email: &str) -> Visitor {
    let mut visitor = Visitor::new(app(auth));
    let begun = visitor.open("/login").await;
    let callback = server.log_in(email, begun.header("location")).await;
    visitor.open(&path(&callback)).await;
    visitor
}

/// Returns how many of the streams were woken, and how many have ended.
fn counts(streams: &mut [Stream]) -> (usize, usize) {
    let woken = streams.iter().map(Stream::wakes).sum();
    let ended = streams
        .iter_mut()
        .map(|stream| usize::from(stream.has_ended()));
    (woken, ended.sum())
}

/// Waits until all of the streams have ended, and returns how many of them were woken.
async fn all_end(streams: &mut [Stream]) -> usize {
    let end = async {
        while !streams.iter_mut().all(Stream::has_ended) {
            sleep(Duration::from_millis(5)).await;
        }
    };
    timeout(Duration::from_secs(20), end).await.unwrap();
    streams.iter().map(Stream::wakes).sum()
}

/// FD-11
#[tokio::test]
async fn a_revocation_wakes_what_it_concerns_and_nothing_else() {
    let server = server().await;
    let auth = builder(&server).build().unwrap();
    let mut visitor = log_in(&server, &auth, EMAIL).await;
    let mut annes = streams(&auth, &visitor, 3).await;
    let mut annes_others = streams(&auth, &log_in(&server, &auth, EMAIL).await, 3).await;
    let mut louis = streams(&auth, &log_in(&server, &auth, LOUIS).await, 3).await;
    let mut token = [token_stream(&server, &auth, PERIOD).await];

    for _ in 0..300 {
        let dead = &mut visitor.clone();
        assert_eq!(dead.fetch(Method::POST, "/logout").await.status, 303);
    }
    visitor.fetch(Method::POST, "/logout").await;
    assert_eq!(counts(&mut louis), (0, 0));
    assert_eq!(counts(&mut annes_others), (0, 0));
    assert_eq!(annes.iter().map(Stream::wakes).sum::<usize>(), 3);

    let anne = server.user_id(EMAIL);
    auth.revoke_user_sessions(anne).await.unwrap();
    let mut later = streams(&auth, &log_in(&server, &auth, EMAIL).await, 3).await;
    auth.revoke_session(
        session(&auth, &log_in(&server, &auth, EMAIL).await)
            .await
            .id()
            .unwrap(),
    )
    .await
    .unwrap();
    assert_eq!(all_end(&mut annes).await, 3);
    assert_eq!(all_end(&mut annes_others).await, 3);
    assert_eq!(counts(&mut louis), (0, 0));
    assert_eq!(counts(&mut later), (0, 0));
    assert_eq!(counts(&mut token), (0, 0));
}

/// FD-11: however many streams there are, and whatever else is revoked.
#[tokio::test]
async fn each_session_is_loaded_once_in_30_seconds() {
    let server = server().await;
    let store = Memory::default();
    let (auth, dead) = logged_in(&server, builder(&server).session_store(store.clone())).await;
    let mut waiting = Vec::new();
    for _ in 0..10 {
        waiting.extend(streams(&auth, &log_in(&server, &auth, LOUIS).await, 100).await);
    }
    dead.clone().fetch(Method::POST, "/logout").await;
    let before = store.loads();
    let loads = || (store.loads() - before) / 3;

    for _ in 0..300 {
        dead.clone().fetch(Method::POST, "/logout").await;
    }
    assert_eq!(counts(&mut waiting), (0, 0));
    assert_eq!(loads(), 0);

    advance(&server, &auth, PERIOD).await;
    assert_eq!(loads(), 10);
    advance(&server, &auth, PERIOD).await;
    assert_eq!(loads(), 20);
    // A long time counts once.
    advance(&server, &auth, 10 * PERIOD).await;
    assert_eq!(loads(), 30);
    assert_eq!(counts(&mut waiting), (0, 0));

    // Without streams, the session is not loaded.
    waiting.truncate(500);
    advance(&server, &auth, PERIOD).await;
    assert_eq!(loads(), 35);
}

/// FD-11
#[tokio::test]
async fn loads_are_spread_over_the_period() {
    let server = server().await;
    let store = Memory::default();
    let auth = builder(&server)
        .session_store(store.clone())
        .build()
        .unwrap();
    let mut waiting = Vec::new();
    for _ in 0..40 {
        waiting.extend(streams(&auth, &log_in(&server, &auth, EMAIL).await, 1).await);
    }
    let before = store.loads();

    advance(&server, &auth, PERIOD / 2).await;
    let loads = (store.loads() - before) / 3;

    assert!((5..=35).contains(&loads), "{loads}");
    advance(&server, &auth, PERIOD / 2).await;
    assert_eq!((store.loads() - before) / 3, 40);
}

/// FD-11, D11
#[tokio::test]
async fn a_revocation_of_another_machine_is_noticed_within_30_seconds() {
    let server = server().await;
    let builder = || builder(&server).session_store(Memory::default());
    let store = Memory::default();
    let (here, mut visitor) = logged_in(&server, builder().session_store(store.clone())).await;
    let there = builder().session_store(store).build().unwrap();
    let mut waiting = streams(&here, &visitor, 3).await;
    let mut louis = streams(&here, &log_in(&server, &here, LOUIS).await, 3).await;

    visitor = visitor.at(app(&there));
    assert_eq!(visitor.fetch(Method::POST, "/logout").await.status, 303);
    advance(&server, &here, PERIOD).await;

    assert_eq!(all_end(&mut waiting).await, 3);
    assert_eq!(counts(&mut louis), (0, 0));
}

/// FD-11, D12: in this process or, with a store, on another machine.
#[tokio::test]
async fn a_session_that_is_refreshed_goes_on() {
    for store in [None, Some(Memory::default())] {
        let server = refresh::server().await;
        server.set_time(server.clock()());
        let builder = || match &store {
            Some(store) => refreshing(&server).session_store(store.clone()),
            None => refreshing(&server),
        };
        let (here, visitor) = logged_in(&server, builder()).await;
        let there = store.as_ref().map(|_| builder().build().unwrap());
        let mut waiting = streams(&here, &visitor, 3).await;
        advance(&server, &here, LIFETIME - Duration::from_secs(50)).await;
        let mut visitor = visitor.at(app(there.as_ref().unwrap_or(&here)));
        assert_eq!(visitor.fetch(Method::GET, "/castles").await.status, 200);
        assert_eq!(server.requests(Endpoint::Token), 2);

        advance(&server, &here, 10 * PERIOD).await;
        assert_eq!(counts(&mut waiting), (0, 0));
        advance(&server, &here, LIFETIME - 10 * PERIOD).await;
        assert_eq!(all_end(&mut waiting).await, 3);
    }
}

/// FD-11: in use or not, as it has no requests.
#[tokio::test]
async fn a_session_ends_with_its_lifetime() {
    for store in [None, Some(Memory::default())] {
        let server = server().await;
        let builder = builder(&server).session_lifetime(Duration::from_secs(600));
        let builder = match store {
            Some(store) => builder.session_store(store),
            None => builder,
        };
        let (auth, visitor) = logged_in(&server, builder).await;
        let mut waiting = streams(&auth, &visitor, 3).await;
        advance(&server, &auth, Duration::from_secs(599)).await;
        assert_eq!(counts(&mut waiting), (0, 0));
        advance(&server, &auth, Duration::from_secs(1)).await;
        assert_eq!(all_end(&mut waiting).await, 3);
    }
}

/// FD-11: the access token decides if the store fails.
#[tokio::test]
async fn a_store_that_fails_ends_no_session_before_its_token() {
    let server = refresh::server().await;
    server.set_time(server.clock()());
    let store = Memory::default();
    let (auth, visitor) = logged_in(&server, builder(&server).session_store(store.clone())).await;
    let mut waiting = streams(&auth, &visitor, 3).await;
    store.fail(true);
    let before = store.loads();
    advance(&server, &auth, PERIOD).await;
    assert_eq!(store.loads() - before, 3);
    assert_eq!(counts(&mut waiting), (0, 0));
    advance(&server, &auth, LIFETIME - PERIOD).await;
    assert_eq!(all_end(&mut waiting).await, 3);
}

/// FD-11: a store that does not respond for half a minute has failed.
#[tokio::test]
async fn a_store_that_hangs_does_not_prolong_a_session() {
    let server = refresh::server().await;
    server.set_time(server.clock()());
    let store = Memory::default();
    let (auth, visitor) = logged_in(&server, builder(&server).session_store(store.clone())).await;
    let mut waiting = streams(&auth, &visitor, 3).await;
    advance(&server, &auth, LIFETIME - PERIOD).await;
    let _held = store.hold_next();
    advance(&server, &auth, PERIOD).await;
    assert_eq!(counts(&mut waiting), (0, 0));
    advance(&server, &auth, PERIOD).await;
    assert_eq!(all_end(&mut waiting).await, 3);
}

/// FD-11, RB-9
#[tokio::test]
async fn a_clock_that_goes_back_is_followed() {
    let server = server().await;
    let store = Memory::default();
    let (auth, visitor) = logged_in(&server, builder(&server).session_store(store.clone())).await;
    advance(&server, &auth, 100 * PERIOD).await;
    let mut older = streams(&auth, &visitor, 3).await;
    let mut younger = streams(&auth, &log_in(&server, &auth, LOUIS).await, 3).await;
    advance(&server, &auth, PERIOD).await;

    let before = store.loads();
    server.set_time(server.clock()() - 50 * PERIOD);
    younger.remove(0).ended.await;
    assert_eq!(counts(&mut younger), (2, 2));
    advance(&server, &auth, PERIOD).await;

    assert_eq!(counts(&mut older), (0, 0));
    assert_eq!((store.loads() - before) / 3, 1);
}

/// FD-11, DJ-8: a stream can be moved to another runtime when its own is gone.
#[test]
fn a_stream_outlives_its_runtime() {
    let servers = Runtime::new().unwrap();
    let server = servers.block_on(server());
    let (auth, visitor) = servers.block_on(logged_in(&server, builder(&server)));
    let session = servers.block_on(session(&auth, &visitor));
    let first = Runtime::new().unwrap();
    let mut stream = first.block_on(async { Stream::of(session) });
    drop(first);
    server.advance(Duration::from_secs(24 * 3600));
    servers.block_on(stream.ended.as_mut());
}

/// FD-11, DJ-8
#[test]
fn streams_are_not_held_up_by_a_runtime_that_stands_still() {
    let servers = Runtime::new().unwrap();
    let server = servers.block_on(server());
    let (auth, visitor) = servers.block_on(logged_in(&server, builder(&server)));
    let session = servers.block_on(session(&auth, &visitor));
    let idle = Builder::new_current_thread().enable_all().build().unwrap();
    let entered = idle.enter();
    let _first = Stream::of(session.clone());
    drop(entered);
    servers.block_on(async {
        let mut stream = Stream::of(session);
        server.advance(Duration::from_secs(24 * 3600));
        stream.ended.as_mut().await;
    });
}

/// FD-11, DJ-8: without a runtime no time would pass.
#[test]
fn without_a_runtime_nothing_waits() {
    let runtime = Runtime::new().unwrap();
    let server = runtime.block_on(server());
    let (auth, visitor) = runtime.block_on(logged_in(&server, builder(&server)));
    let session = runtime.block_on(session(&auth, &visitor));
    let mut ended = pin!(session.ended());
    let waker = Arc::<Wakes>::default().into();
    let poll = ended.as_mut().poll(&mut Context::from_waker(&waker));
    assert_eq!(poll, Poll::Ready(()));
}

/// FD-11, D5
#[tokio::test]
async fn a_clock_that_panics_ends_all_streams() {
    let server = server().await;
    let (clock, panics) = (server.clock(), Arc::new(AtomicBool::new(false)));
    let fails = Arc::clone(&panics);
    let now = move || match fails.load(Ordering::SeqCst) {
        true => panic!("the clock stands still"),
        false => clock(),
    };
    let fief = Fief::builder(server.url(), server.client_id())
        .client_secret(server.client_secret())
        .clock(now);
    let auth = FiefAuth::builder(fief.build().unwrap()).login(web::APP, super::key());
    let (auth, visitor) = logged_in(&server, auth).await;
    let mut waiting = streams(&auth, &visitor, 2).await;
    panics.store(true, Ordering::SeqCst);
    waiting.remove(0).ended.await;
    assert_eq!(counts(&mut waiting), (1, 1));
}
