//! A session that was ended stays ended, and none that is good is lost.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    time::Duration,
};

use axum::{Router, http::Method, routing::get};
use fief_axum::{Authenticated, FiefAuth, FiefAuthBuilder, UserCache, UserKey};
use fief_client::{Fief, FiefUserInfo};
use fief_test_server::{Client, Endpoint, Fault, FiefTestServer, User};
use tokio::{
    runtime::Runtime,
    time::{sleep, timeout},
};
use tower_sessions_core::{
    SessionStore,
    session::{Id, Record},
    session_store::{Error, Result},
};

use super::{
    Visitor, app, builder, ended, key, logged_in,
    refresh::{LIFETIME, refreshing, server},
    store::Memory,
    visitor::page,
};
use crate::web::{APP, EMAIL};

const SECOND: Duration = Duration::from_secs(1);
const HOUR: Duration = Duration::from_secs(3600);
const MONTH: Duration = Duration::from_secs(30 * 24 * 3600);

fn sets_session(cookies: &[String]) -> bool {
    cookies
        .iter()
        .any(|cookie| cookie.starts_with("__Host-fief_session="))
}

/// A stream that gets a token again and again, with a store.
#[tokio::test]
async fn a_stream_with_a_store_gets_tokens_for_as_long_as_its_session_lasts() {
    let server = server().await;
    let builder = refreshing(&server).session_store(Memory::default());
    let (auth, visitor) = logged_in(&server, builder).await;
    let session = ended::session(&auth, &visitor).await;
    server.advance(LIFETIME - 30 * SECOND);
    assert!(session.access_token().await.is_ok());
    server.advance(120 * SECOND);
    assert!(session.access_token().await.is_ok(), "the second token");
    assert_eq!(visitor.clone().open("/castles").await.status, 200);
}

/// Another tab has refreshed the session.
async fn refreshed_by_another_request(server: &FiefTestServer, builder: FiefAuthBuilder) {
    let (auth, mut visitor) = logged_in(server, builder).await;
    let session = ended::session(&auth, &visitor).await;
    server.advance(LIFETIME - 30 * SECOND);
    assert_eq!(visitor.open("/castles").await.status, 200);
    server.advance(120 * SECOND);
    assert_eq!(visitor.open("/castles").await.status, 200);
    assert!(session.access_token().await.is_ok());
}

#[tokio::test]
async fn with_a_store_a_stream_gets_a_token_after_another_request_refreshed_its_session() {
    let server = server().await;
    let builder = refreshing(&server).session_store(Memory::default());
    refreshed_by_another_request(&server, builder).await;
}

#[tokio::test]
async fn in_cookies_a_stream_gets_a_token_after_another_request_refreshed_its_session() {
    let server = server().await;
    refreshed_by_another_request(&server, refreshing(&server)).await;
}

/// `select!` in a loop calls `ended` again for each message.
#[tokio::test]
async fn waiting_again_does_not_end_a_session_that_was_refreshed() {
    let server = server().await;
    let (auth, mut visitor) = logged_in(&server, refreshing(&server)).await;
    let session = ended::session(&auth, &visitor).await;
    server.advance(LIFETIME - 30 * SECOND);
    assert_eq!(visitor.open("/castles").await.status, 200);
    server.advance(120 * SECOND);
    assert_eq!(visitor.open("/castles").await.status, 200);
    let ended = timeout(3 * SECOND, session.ended()).await;
    assert!(ended.is_err(), "it has ended");
}

/// Store of one machine, which loses its connection right after a save.
#[derive(Clone, Debug, Default)]
struct Cut {
    inner: Memory,
    is_armed: Arc<AtomicBool>,
    is_cut: Arc<AtomicBool>,
    calls: Arc<AtomicUsize>,
}

impl Cut {
    fn go(&self) -> Result<()> {
        if self.is_cut.load(Ordering::SeqCst) {
            return Err(Error::Backend("cut".into()));
        }
        self.calls.fetch_add(1, Ordering::SeqCst);
        Ok(())
    }
}

#[async_trait::async_trait]
impl SessionStore for Cut {
    async fn create(&self, record: &mut Record) -> Result<()> {
        self.go()?;
        self.inner.create(record).await
    }

    async fn save(&self, record: &Record) -> Result<()> {
        self.go()?;
        self.inner.save(record).await?;
        if self.is_armed.swap(false, Ordering::SeqCst) {
            self.is_cut.store(true, Ordering::SeqCst);
            return self.go();
        }
        Ok(())
    }

    async fn load(&self, id: &Id) -> Result<Option<Record>> {
        self.go()?;
        self.inner.load(id).await
    }

    async fn delete(&self, id: &Id) -> Result<()> {
        self.go()?;
        self.inner.delete(id).await
    }
}

/// Its save took effect, which it could not see. Meanwhile another machine goes on.
#[tokio::test(flavor = "multi_thread")]
async fn a_save_that_is_tried_again_later_replaces_no_newer_session() {
    let server = server().await;
    let cut = Cut::default();
    let sooner = || refreshing(&server).refresh_after(60 * SECOND);
    let (_, here) = logged_in(&server, sooner().session_store(cut.clone())).await;
    let there = sooner().session_store(cut.inner.clone()).build().unwrap();
    let mut there = here.at(app(&there));
    server.advance(61 * SECOND);
    cut.is_armed.store(true, Ordering::SeqCst);
    assert_eq!(here.clone().open("/castles").await.status, 200);
    assert!(cut.is_cut.load(Ordering::SeqCst));
    server.advance(61 * SECOND);
    assert_eq!(there.open("/castles").await.status, 200);
    assert_eq!(server.requests(Endpoint::Token), 3);

    let before = cut.calls.load(Ordering::SeqCst);
    cut.is_cut.store(false, Ordering::SeqCst);
    let retried = async {
        while cut.calls.load(Ordering::SeqCst) == before {
            sleep(Duration::from_millis(20)).await;
        }
    };
    timeout(20 * SECOND, retried).await.unwrap();
    sleep(SECOND).await;

    server.advance(LIFETIME);
    assert_eq!(there.open("/castles").await.status, 200);
}

/// D11, SE-16: it took effect, which this machine could not see. A login elsewhere came after it.
#[tokio::test(flavor = "multi_thread")]
async fn a_revocation_that_is_tried_again_ends_no_later_login() {
    let server = FiefTestServer::start().await;
    let cut = Cut::default();
    let (here, _) = logged_in(&server, builder(&server).session_store(cut.clone())).await;
    let there = builder(&server).session_store(cut.inner.clone());
    cut.is_armed.store(true, Ordering::SeqCst);
    let user = server.user_id(EMAIL);
    assert!(here.revoke_user_sessions(user).await.is_err());
    let (_, later) = logged_in(&server, there).await;

    let before = cut.calls.load(Ordering::SeqCst);
    cut.is_cut.store(false, Ordering::SeqCst);
    let at_both = async {
        while later.at(app(&here)).open("/castles").await.status != 200 {
            sleep(Duration::from_millis(20)).await;
        }
    };
    timeout(20 * SECOND, at_both).await.unwrap();

    assert!(cut.calls.load(Ordering::SeqCst) > before);
    assert_eq!(later.clone().open("/castles").await.status, 200);
}

#[derive(Clone, Default)]
struct Panics(Arc<AtomicBool>);

impl UserCache for Panics {
    async fn get(&self, _: &UserKey) -> Option<FiefUserInfo> {
        None
    }

    async fn insert(&self, _: &UserKey, _: &FiefUserInfo, _: Duration) {
        assert!(!self.0.load(Ordering::SeqCst), "the cache panics");
    }

    async fn remove(&self, _: &UserKey) {}
}

/// FD-20
#[tokio::test]
async fn a_user_cache_that_panics_loses_no_session() {
    let server = server().await;
    let cache = Panics::default();
    let builder = refreshing(&server).user_cache(cache.clone());
    let (_, mut visitor) = logged_in(&server, builder).await;
    server.advance(LIFETIME + 120 * SECOND);
    server.reset_requests();
    cache.0.store(true, Ordering::SeqCst);
    let first = visitor.open("/castles").await.status;
    cache.0.store(false, Ordering::SeqCst);
    server.advance(6 * SECOND);
    let second = visitor.open("/castles").await.status;
    assert_eq!(
        (second.as_u16(), server.requests(Endpoint::Token)),
        (200, 1),
        "{first}"
    );
}

/// FD-20
#[tokio::test(flavor = "multi_thread")]
async fn a_store_that_panics_loses_no_refreshed_session() {
    let server = server().await;
    let store = Memory::default();
    let builder = refreshing(&server).session_store(store.clone());
    let (_, mut visitor) = logged_in(&server, builder).await;
    server.advance(LIFETIME + 120 * SECOND);
    server.reset_requests();
    server.fault_once(Endpoint::Token, Fault::hang());
    let mut first = visitor.clone();
    let first = tokio::spawn(async move { first.open("/castles").await.status });
    server.wait_for_requests(Endpoint::Token, 1).await;
    store.panic(true);
    server.clear_faults();
    let first = first.await.unwrap();
    store.panic(false);
    server.advance(6 * SECOND);
    assert_eq!(visitor.open("/castles").await.status, 200, "{first}");
    assert_eq!(server.requests(Endpoint::Token), 1);
}

/// FD-20
#[test]
fn a_runtime_that_stops_loses_no_refreshed_session() {
    let servers = Runtime::new().unwrap();
    let server = servers.block_on(server());
    let store = Memory::default();
    let builder = refreshing(&server).session_store(store.clone());
    let (_, visitor) = servers.block_on(logged_in(&server, builder));
    server.advance(LIFETIME + 120 * SECOND);
    server.reset_requests();
    let held = store.hold_next_save();
    let stopped = Runtime::new().unwrap();
    let mut first = visitor.clone();
    stopped.spawn(async move { first.open("/castles").await.status });
    servers.block_on(async {
        while !store.is_holding_save() {
            sleep(Duration::from_millis(5)).await;
        }
    });
    drop(stopped);
    drop(held);
    server.advance(6 * SECOND);
    let mut visitor = visitor;
    let second = servers.block_on(visitor.open("/castles")).status;
    assert_eq!(
        (second.as_u16(), server.requests(Endpoint::Token)),
        (200, 1)
    );
}

/// Without a store: the keys are back, and the browser is quiet for a minute.
#[tokio::test(flavor = "multi_thread")]
async fn in_cookies_tokens_that_are_verified_late_wait_for_their_browser() {
    let server = server().await;
    let (_, mut visitor) = logged_in(&server, refreshing(&server)).await;
    server.rotate_key();
    server.fault(Endpoint::Jwks, Fault::status(503));
    server.advance(LIFETIME - 30 * SECOND);
    server.reset_requests();
    assert_eq!(visitor.open("/castles").await.status, 200);
    server.clear_faults();
    server.advance(6 * SECOND);
    // Longer than it takes to verify them in the background.
    sleep(8 * SECOND).await;

    server.advance(60 * SECOND);
    assert_eq!(visitor.open("/castles").await.status, 200);
}

/// The first response of two leaves the session out, since it is being refreshed again. That fails.
#[tokio::test(flavor = "multi_thread")]
async fn in_cookies_a_response_that_does_not_write_the_session_leaves_that_to_the_next_one() {
    let server = Arc::new(server().await);
    let sooner = refreshing(&server).refresh_after(10 * SECOND);
    let (auth, visitor) = logged_in(&server, sooner).await;
    server.advance(61 * SECOND);
    let (sender, mut second) = tokio::sync::mpsc::unbounded_channel();
    let (clock, other) = (Arc::clone(&server), visitor.clone());
    let slow = get(move |_: Authenticated| {
        let (server, other, sender) = (Arc::clone(&clock), other.clone(), sender.clone());
        async move {
            server.advance(15 * SECOND);
            server.fault(Endpoint::Token, Fault::hang());
            let other = async move { other.send_once(page("/castles", "none")).await };
            sender.send(tokio::spawn(other)).unwrap();
            server.wait_for_requests(Endpoint::Token, 3).await;
        }
    });
    let slow = visitor.at(Router::new().route("/slow", slow).layer(auth.layer()));
    let (first, first_cookies) = slow.send_once(page("/slow", "none")).await;
    let (second, second_cookies) = second.recv().await.unwrap().await.unwrap();
    assert_eq!((first.status.as_u16(), second.status.as_u16()), (200, 200));
    assert!(sets_session(&first_cookies) || sets_session(&second_cookies));
}

#[tokio::test]
async fn a_session_that_has_expired_gives_no_more_tokens() {
    for store in [Some(Memory::default()), None] {
        let server = FiefTestServer::start().await;
        let builder = builder(&server).session_lifetime(600 * SECOND);
        let builder = match store {
            Some(store) => builder.session_store(store),
            None => builder,
        };
        let (auth, visitor) = logged_in(&server, builder).await;
        let session = ended::session(&auth, &visitor).await;
        server.advance(1200 * SECOND);
        assert_eq!(visitor.clone().open("/castles").await.status, 303);
        assert!(session.access_token().await.is_err());
    }
}

/// Also not new ones.
#[tokio::test]
async fn a_session_that_has_expired_is_not_refreshed() {
    let server = server().await;
    let builder = refreshing(&server).session_lifetime(24 * HOUR);
    let (auth, visitor) = logged_in(&server, builder).await;
    let session = ended::session(&auth, &visitor).await;
    server.advance(30 * HOUR);
    server.reset_requests();
    let token = session.access_token().await;
    assert!(token.is_err());
    assert_eq!(server.requests(Endpoint::Token), 0);
}

/// It was ended on another machine.
#[tokio::test]
async fn a_session_that_was_ended_elsewhere_gives_no_more_tokens() {
    let server = server().await;
    let store = Memory::default();
    let auth = || refreshing(&server).session_store(store.clone());
    let (here, visitor) = logged_in(&server, auth()).await;
    let session = ended::session(&here, &visitor).await;
    let there = auth().build().unwrap();
    let mut other = visitor.at(app(&there));
    assert_eq!(other.fetch(Method::POST, "/logout").await.status, 303);
    assert_eq!(visitor.clone().open("/castles").await.status, 303);
    assert!(session.access_token().await.is_err());
}

fn behind(server: &FiefTestServer, seconds: u64) -> FiefAuthBuilder {
    let clock = server.clock();
    let fief = Fief::builder(server.url(), server.client_id())
        .client_secret(server.client_secret())
        .clock(move || clock() - Duration::from_secs(seconds))
        .build()
        .unwrap();
    FiefAuth::builder(fief)
        .login(APP, key())
        .cookie_name("fief")
}

/// FD-35
#[tokio::test]
async fn with_a_store_a_machine_with_a_wrong_clock_spends_no_refresh_token() {
    let server = server().await;
    let store = Memory::default();
    let right = refreshing(&server).session_store(store.clone());
    let (_, mut visitor) = logged_in(&server, right).await;
    let wrong = behind(&server, 600)
        .offline_access()
        .session_store(store)
        .idle_timeout(24 * HOUR);
    let mut wrong = visitor.at(app(&wrong.build().unwrap()));
    server.advance(LIFETIME + 570 * SECOND);
    wrong.open("/castles").await;
    server.advance(60 * SECOND);
    assert_eq!(visitor.open("/castles").await.status, 200);
}

/// Fief never publishes the key of the new tokens.
#[tokio::test]
async fn tokens_that_are_never_verified_do_not_lock_their_user_out() {
    for store in [None, Some(Memory::default())] {
        let server = server().await;
        let kind = if store.is_some() { "store" } else { "cookies" };
        let builder = match &store {
            Some(store) => refreshing(&server).session_store(store.clone()),
            None => refreshing(&server),
        };
        let (_, mut visitor) = logged_in(&server, builder).await;
        let keys = reqwest::get(format!("{}/.well-known/jwks.json", server.url())).await;
        let keys: serde_json::Value = keys.unwrap().json().await.unwrap();
        server.rotate_key();
        server.fault(Endpoint::Jwks, Fault::json(keys));
        server.advance(LIFETIME - 30 * SECOND);
        assert_eq!(visitor.open("/castles").await.status, 200, "{kind}");
        server.advance(120 * SECOND);
        assert_eq!(visitor.open("/castles").await.status, 503, "{kind}");
        for _ in 0..8 {
            server.advance(HOUR / 2);
            visitor.open("/castles").await;
        }
        assert_eq!(visitor.open("/castles").await.status, 303, "{kind}");
    }
}

/// FD-5: Somebody logs out again and again while the store fails.
#[tokio::test(flavor = "multi_thread")]
async fn one_browser_keeps_no_other_logout_from_the_store() {
    a_logout_after_others(1000).await;
}

async fn a_logout_after_others(others: usize) {
    let server = FiefTestServer::builder()
        .user(User::new(EMAIL, "herminetincture"))
        .user(User::new("louis@example.com", "porcupine-and-crown"))
        .start()
        .await
        .unwrap();
    let store = Memory::default();
    let auth = || builder(&server).session_store(store.clone());
    let (here, mut anne) = logged_in(&server, auth()).await;
    let copied = anne.at(app(&auth().build().unwrap()));
    let mut louis = Visitor::new(app(&here));
    louis.log_in_as(&server, "louis@example.com").await;
    store.fail(true);
    for _ in 0..others {
        louis.clone().fetch(Method::POST, "/logout").await;
    }
    assert_eq!(anne.fetch(Method::POST, "/logout").await.status, 503);
    store.fail(false);
    let retried = async {
        while copied.clone().fetch(Method::GET, "/castles").await.status != 401 {
            sleep(Duration::from_millis(50)).await;
        }
    };
    timeout(15 * SECOND, retried).await.unwrap();
}

/// In cookies, while its user goes on to open pages.
#[tokio::test]
async fn in_cookies_tokens_that_are_never_verified_do_not_lock_an_active_user_out() {
    let server = server().await;
    let (_, mut visitor) = logged_in(&server, refreshing(&server)).await;
    let keys = reqwest::get(format!("{}/.well-known/jwks.json", server.url())).await;
    let keys: serde_json::Value = keys.unwrap().json().await.unwrap();
    server.rotate_key();
    server.fault(Endpoint::Jwks, Fault::json(keys));
    server.advance(LIFETIME - 30 * SECOND);
    assert_eq!(visitor.open("/castles").await.status, 200);
    for _ in 0..40 {
        server.advance(300 * SECOND);
        visitor.open("/castles").await;
    }
    assert_eq!(visitor.open("/castles").await.status, 303);
}

/// The cache panics when the user is removed.
#[derive(Clone, Default)]
struct PanicsAtRemoval;

impl UserCache for PanicsAtRemoval {
    async fn get(&self, _: &UserKey) -> Option<FiefUserInfo> {
        None
    }

    async fn insert(&self, _: &UserKey, _: &FiefUserInfo, _: Duration) {}

    async fn remove(&self, _: &UserKey) {
        panic!("the cache panics");
    }
}

/// FD-4: The browser keeps the cookies, which another process accepts.
#[tokio::test]
async fn a_user_cache_that_panics_prevents_no_logout() {
    let server = server().await;
    let builder = refreshing(&server).user_cache(PanicsAtRemoval);
    let (_, mut visitor) = logged_in(&server, builder).await;
    let logout = async move { visitor.fetch(Method::POST, "/logout").await.status };
    assert_eq!(tokio::spawn(logout).await.unwrap(), 303);
}

async fn month_server() -> FiefTestServer {
    let client = Client::new("castles").token_lifetime(2 * MONTH);
    FiefTestServer::builder()
        .client(client)
        .start()
        .await
        .unwrap()
}

fn long(server: &FiefTestServer) -> FiefAuthBuilder {
    builder(server)
        .offline_access()
        .session_lifetime(MONTH)
        .idle_timeout(MONTH)
}

/// FD-83: SE-4: the proof is when Fief issued the tokens, not when they were verified.
#[tokio::test]
async fn tokens_that_are_verified_late_prove_nothing_new() {
    let server = month_server().await;
    let builder = long(&server).session_store(Memory::default());
    let (_, mut visitor) = logged_in(&server, builder).await;
    server.advance(23 * HOUR);
    // This renews the keys, and not the session.
    visitor.fetch(Method::HEAD, "/castles").await;
    server.rotate_key();
    server.fault(Endpoint::Jwks, Fault::status(503));
    server.advance(HOUR + 120 * SECOND);
    assert_eq!(visitor.open("/castles").await.status, 503);
    assert_eq!(server.requests(Endpoint::Token), 2);
    server.delete_user(EMAIL);
    server.advance(20 * HOUR);
    server.clear_faults();
    let late = visitor.open("/castles").await.status;
    server.advance(20 * HOUR);
    assert_eq!(visitor.open("/castles").await.status, 303, "{late}");
}

/// SE-4: a page that asks again and again, each time for 20 seconds.
#[tokio::test]
async fn a_browser_of_slow_requests_is_not_idle() {
    let server = Arc::new(FiefTestServer::start().await);
    let (auth, visitor) = logged_in(&server, builder(&server)).await;
    let clock = Arc::clone(&server);
    let slow = get(move |_: Authenticated| {
        let clock = Arc::clone(&clock);
        async move { clock.advance(20 * SECOND) }
    });
    let mut visitor = visitor.at(Router::new().route("/slow", slow).layer(auth.layer()));
    for request in 0..200 {
        let status = visitor.fetch(Method::GET, "/slow").await.status;
        assert_eq!(status, 200, "request {request}");
    }
}

/// FD-83: SE-4
#[tokio::test]
async fn a_stream_of_an_unproven_session_ends() {
    let server = month_server().await;
    let (auth, visitor) = logged_in(&server, long(&server)).await;
    let session = ended::session(&auth, &visitor).await;
    server.delete_user(EMAIL);
    server.advance(25 * HOUR);
    assert_eq!(
        visitor.clone().fetch(Method::GET, "/castles").await.status,
        401
    );
    timeout(5 * SECOND, session.ended()).await.unwrap();
}

/// FD-20: D12: the other machine has the new tokens, and waits for the key that they are signed with.
#[tokio::test(flavor = "multi_thread")]
async fn a_refresh_that_waits_for_a_key_ends_no_session_elsewhere() {
    let server = server().await;
    let store = Memory::default();
    let auth = || refreshing(&server).session_store(store.clone());
    let (_, here) = logged_in(&server, auth()).await;
    let there = here.at(app(&auth().build().unwrap()));
    server.advance(LIFETIME + 120 * SECOND);
    here.clone().fetch(Method::HEAD, "/castles").await;
    there.clone().fetch(Method::HEAD, "/castles").await;
    server.rotate_key();
    server.reset_requests();
    server.fault(Endpoint::Jwks, Fault::hang());
    let mut first = here.clone();
    let first = tokio::spawn(async move { first.open("/castles").await.status });
    server.wait_for_requests(Endpoint::Jwks, 1).await;
    let second = there.clone().open("/castles").await.status;
    server.clear_faults();
    let first = first.await.unwrap();
    server.advance(6 * SECOND);
    let later = there.clone().open("/castles").await.status;
    assert_ne!(second, 303, "{first}, later {later}");
}
