//! Callbacks: one exchange for each login that was begun.

use axum::Router;
use fief_test_server::Endpoint;
use tokio::task::JoinSet;

use super::{
    Line, State, application, assert_busy, assert_line, attack, failing, first, hanging, requests,
    start, unreachable, well,
};
use crate::{
    login::{Visitor, query},
    web::TestResponse,
};

/// Begins a login, and returns the callback with a code that was guessed.
pub(super) async fn guess(app: Router) -> (Visitor, String) {
    let mut visitor = Visitor::new(app);
    let begun = visitor.open("/login").await;
    let state = query(begun.header("location"))["state"].clone();
    (visitor, format!("/auth-callback?code=guess&state={state}"))
}

/// FD-60, RB-11: in any state of Fief, also if the cookie is kept that each response removes.
#[tokio::test]
async fn a_callback_of_one_login() {
    for state in [well, failing, unreachable] {
        let server = start().await;
        let app = application(&server, true).await;
        let (visitor, callback) = guess(app).await;
        state(&server);
        for number in 0..1000 {
            let callback = callback.replace("guess", &format!("guess{}", number % 2));
            visitor.clone().open(&callback).await;
        }
        assert_eq!(requests(&server), 1);
    }
}

/// FD-60, RB-11: one for each login, and less while there is no response.
#[tokio::test]
async fn callbacks_of_many_logins() {
    let lines: [(State, Line); 3] = [
        (well, (200..=200, 600..=612)),
        (failing, (200..=200, 1..=650)),
        (unreachable, (9..=9, 1..=450)),
    ];
    for (number, (state, line)) in lines.into_iter().enumerate() {
        let server = start().await;
        let app = application(&server, true).await;
        state(&server);
        let send = async |_| {
            let (mut visitor, callback) = guess(app.clone()).await;
            visitor.open(&callback).await;
        };
        assert_line(attack(&server, send).await, &line, number);
    }
}

/// FD-20, FD-60, RB-11: a process without keys fetches these, and sends no code before.
#[tokio::test]
async fn callbacks_of_many_logins_at_a_cold_process() {
    let lines: [(State, Line); 3] = [
        (well, (202..=202, 600..=612)),
        (failing, (1..=2, 1..=60)),
        (unreachable, (2..=4, 1..=120)),
    ];
    for (number, (state, line)) in lines.into_iter().enumerate() {
        let server = start().await;
        let warm = application(&server, true).await;
        let cold = application(&server, false).await;
        state(&server);
        let send = async |_| {
            let (visitor, callback) = guess(warm.clone()).await;
            visitor.at(cold.clone()).open(&callback).await;
        };
        assert_line(attack(&server, send).await, &line, number);
        assert!(number == 0 || server.requests(Endpoint::Token) == 0);
    }
}

/// FD-60, RB-11: 32 wait. Other callbacks keep their login and may come again.
#[tokio::test]
async fn callbacks_while_fief_hangs() {
    let server = start().await;
    let app = application(&server, true).await;
    let mut logins = Vec::new();
    for _ in 0..999 {
        logins.push(guess(app.clone()).await);
    }
    let mut user = Visitor::new(app);
    let callback = user.begin(&server, "/login?return_to=/castles").await;
    hanging(&server);
    let mut waiting: JoinSet<TestResponse> = JoinSet::new();
    for (mut visitor, callback) in logins {
        waiting.spawn(async move { visitor.open(&callback).await });
    }
    let early = first(&mut waiting, 999 - 32).await;
    assert_busy(&early);
    assert!(
        early
            .iter()
            .all(|response| response.headers.get("set-cookie").is_none())
    );
    assert_busy(&[user.open(&callback).await]);
    server.wait_for_requests(Endpoint::Token, 32).await;
    assert_eq!(requests(&server), 32);
    server.clear_faults();
    let late = waiting.join_all().await;
    assert!(late.iter().all(|response| response.status == 400));
    assert_eq!(user.open(&callback).await.header("location"), "/castles");
    assert_eq!(requests(&server), 33);
}

/// FD-60, RB-11: those of one login wait for one exchange.
#[tokio::test]
async fn callbacks_of_one_login_while_fief_hangs() {
    let server = start().await;
    let app = application(&server, true).await;
    let (visitor, callback) = guess(app).await;
    hanging(&server);
    let mut waiting: JoinSet<TestResponse> = JoinSet::new();
    for _ in 0..1000 {
        let (mut visitor, callback) = (visitor.clone(), callback.clone());
        waiting.spawn(async move { visitor.open(&callback).await });
    }
    server.wait_for_requests(Endpoint::Token, 1).await;
    server.clear_faults();
    let all = waiting.join_all().await;
    assert!(all.iter().all(|response| response.status == 400));
    assert_eq!(requests(&server), 1);
}

/// FD-60, FD-65, RB-11: at a process without keys, 256 wait for these, and no code is sent.
#[tokio::test]
async fn callbacks_at_a_cold_process_while_fief_hangs() {
    let server = start().await;
    let warm = application(&server, true).await;
    let mut logins = Vec::new();
    for _ in 0..300 {
        logins.push(guess(warm.clone()).await);
    }
    let cold = application(&server, false).await;
    hanging(&server);
    let mut waiting: JoinSet<TestResponse> = JoinSet::new();
    for (visitor, callback) in logins {
        let mut visitor = visitor.at(cold.clone());
        waiting.spawn(async move { visitor.open(&callback).await });
    }
    assert_busy(&first(&mut waiting, 300 - 256).await);
    server.wait_for_requests(Endpoint::Discovery, 1).await;
    assert_eq!(requests(&server), 1);
}
