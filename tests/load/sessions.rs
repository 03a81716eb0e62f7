//! Sessions in a store.

use std::time::SystemTime;

use fief_axum::FiefAuth;
use fief_test_server::{Client, Endpoint, FiefTestServer};

use super::{
    Line, SECOND, State, assert_line, attack, failing, hanging, requests, unreachable, well,
};
use crate::login::{Memory, Visitor, app, builder};

const SESSION: &str = "__Host-fief_session";

async fn server() -> FiefTestServer {
    let client = Client::new("castles").token_lifetime(3600 * SECOND);
    let server = FiefTestServer::builder()
        .client(client)
        .start()
        .await
        .unwrap();
    server.set_time(SystemTime::now());
    server
}

fn auth(server: &FiefTestServer, store: &Memory) -> FiefAuth {
    let builder = builder(server).offline_access();
    let builder = builder.idle_timeout(24 * 3600 * SECOND);
    builder.session_store(store.clone()).build().unwrap()
}

async fn logged_in(server: &FiefTestServer, store: &Memory) -> (FiefAuth, Visitor) {
    let auth = auth(server, store);
    let app = app(&auth);
    let mut visitor = Visitor::new(app);
    visitor.log_in(server, "/login").await;
    server.reset_requests();
    (auth, visitor)
}

/// SE-16, RB-11: what is not sealed by us is read nowhere.
#[tokio::test]
async fn made_up_cookies_load_nothing() {
    for state in [well, failing, unreachable, hanging] {
        let (server, store) = (server().await, Memory::default());
        let (_, visitor) = logged_in(&server, &store).await;
        let loads = store.loads();
        state(&server);
        let send = async |number: usize| {
            let mut forger = Visitor::new(visitor.app());
            let sealed = visitor.jar[SESSION].clone();
            let (start, _) = sealed.split_at(number % (sealed.len() - 1));
            forger.jar.insert(SESSION.into(), format!("{start}A"));
            assert_eq!(forger.open("/").await.body, "anonymous");
        };
        assert_eq!(attack(&server, send).await, (0, 0));
        assert_eq!(store.loads(), loads);
    }
}

/// SE-16, RB-11: a client that keeps the cookie of a session that has ended costs a load of the store, and none of Fief.
#[tokio::test]
async fn the_cookie_of_a_session_that_has_ended() {
    for state in [well, failing, unreachable, hanging] {
        let (server, store) = (server().await, Memory::default());
        let (_, mut visitor) = logged_in(&server, &store).await;
        let ignoring = visitor.clone();
        visitor.fetch(axum::http::Method::POST, "/logout").await;
        let loads = store.loads();
        state(&server);
        let send = async |_| {
            assert_eq!(ignoring.clone().open("/").await.body, "anonymous");
        };
        assert_eq!(attack(&server, send).await, (0, 0));
        let loads = store.loads() - loads;
        assert!(loads <= 3 * 800, "{loads}");
    }
}

/// RF-1, FD-62, RB-11: a session is refreshed once, and tried again each five seconds.
#[tokio::test]
async fn a_session_that_is_due_for_a_refresh() {
    let lines: [(State, Line); 3] = [
        (well, (1..=2, 0..=4)),
        (failing, (1..=2, 1..=150)),
        (unreachable, (1..=2, 1..=200)),
    ];
    for (number, (state, line)) in lines.into_iter().enumerate() {
        let (server, store) = (server().await, Memory::default());
        let (auth, visitor) = logged_in(&server, &store).await;
        server.advance(3720 * SECOND);
        auth.fief().prefetch_keys().await.unwrap();
        server.wait_for_requests(Endpoint::Discovery, 1).await;
        server.reset_requests();
        state(&server);
        let send = async |_| drop(visitor.clone().open("/castles").await);
        assert_line(attack(&server, send).await, &line, number);
    }
}

/// RF-1, RB-11: its requests wait for one refresh.
#[tokio::test]
async fn a_session_that_is_refreshed_while_fief_hangs() {
    let (server, store) = (server().await, Memory::default());
    let (auth, visitor) = logged_in(&server, &store).await;
    server.advance(3720 * SECOND);
    auth.fief().prefetch_keys().await.unwrap();
    server.wait_for_requests(Endpoint::Discovery, 1).await;
    server.reset_requests();
    hanging(&server);
    let mut waiting = tokio::task::JoinSet::new();
    for _ in 0..100 {
        let mut visitor = visitor.clone();
        waiting.spawn(async move { visitor.open("/castles").await });
    }
    server.wait_for_requests(Endpoint::Token, 1).await;
    server.clear_faults();
    let all = waiting.join_all().await;
    assert!(all.iter().all(|response| response.status == 200));
    assert_eq!(requests(&server), 1);
}
