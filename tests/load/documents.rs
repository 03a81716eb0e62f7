//! What needs discovery and keys alone.

use std::time::Duration;

use axum::{Router, body::Body, http::Request};
use fief_test_server::{Endpoint, FiefTestServer};
use tokio::task::JoinSet;
use tower::ServiceExt;

use super::{
    Line, State, application, assert_busy, assert_line, at_once, attack, failing, first, hanging,
    requests, start, unreachable, well,
};
use crate::web::TestResponse;

/// Returns tokens of keys that Fief does not have.
fn tokens(server: &FiefTestServer) -> Vec<String> {
    let day = Duration::from_secs(24 * 3600);
    let token = |n| {
        let token = server.access_token().expires_in(day);
        token.header("kid", format!("stranger {n}")).mint()
    };
    (0..40).map(token).collect()
}

async fn call(app: Router, token: &str) -> TestResponse {
    let request = Request::get("/castles").header("authorization", format!("Bearer {token}"));
    let request = request.body(Body::empty()).unwrap();
    TestResponse::of(app.oneshot(request).await.unwrap()).await
}

async fn open(app: Router, path: &str) -> TestResponse {
    let request = Request::get(path).body(Body::empty()).unwrap();
    TestResponse::of(app.oneshot(request).await.unwrap()).await
}

/// FD-61, FD-65, RB-11
#[tokio::test]
async fn a_bearer_token_with_an_unknown_key_id() {
    let lines: [(bool, State, Line); 6] = [
        (false, well, (3..=3, 18..=24)),
        (false, failing, (1..=2, 1..=60)),
        (false, unreachable, (2..=4, 1..=120)),
        (true, well, (1..=1, 18..=24)),
        (true, failing, (1..=1, 1..=45)),
        (true, unreachable, (2..=2, 1..=90)),
    ];
    for (number, (is_warm, state, line)) in lines.into_iter().enumerate() {
        let server = start().await;
        let app = application(&server, is_warm).await;
        let tokens = tokens(&server);
        state(&server);
        let send = async |n: usize| drop(call(app.clone(), &tokens[n % tokens.len()]).await);
        assert_line(attack(&server, send).await, &line, number);
    }
}

/// FD-65, RB-11
#[tokio::test]
async fn bearer_tokens_with_unknown_key_ids_while_fief_hangs() {
    for is_warm in [false, true] {
        let server = start().await;
        let app = application(&server, is_warm).await;
        let tokens = tokens(&server);
        hanging(&server);
        let mut waiting = JoinSet::new();
        for n in 0..1000 {
            let (app, token) = (app.clone(), tokens[n % tokens.len()].clone());
            waiting.spawn(async move { call(app, &token).await });
        }
        // Cold, 256 wait. Warm, those with the key id that is fetched wait.
        let early = first(&mut waiting, if is_warm { 975 } else { 744 }).await;
        let endpoint = if is_warm {
            Endpoint::Jwks
        } else {
            Endpoint::Discovery
        };
        server.wait_for_requests(endpoint, 1).await;
        assert_eq!(requests(&server), 1);
        let status = if is_warm { 401 } else { 503 };
        assert!(early.iter().all(|response| response.status == status));
        server.clear_faults();
        let late = waiting.join_all().await;
        assert!(late.iter().all(|response| response.status == 401));
        assert!(requests(&server) <= 3, "{}", requests(&server));
    }
}

/// FD-61, RB-11: both need the discovery document alone.
#[tokio::test]
async fn a_login_and_the_metadata() {
    let lines: [(bool, State, Line); 6] = [
        (false, well, (1..=1, 0..=0)),
        (false, failing, (2..=2, 1..=60)),
        (false, unreachable, (4..=4, 1..=120)),
        (true, well, (0..=0, 0..=0)),
        (true, failing, (0..=0, 0..=0)),
        (true, unreachable, (0..=0, 0..=0)),
    ];
    for path in ["/login", "/.well-known/oauth-protected-resource/api"] {
        for (number, (is_warm, state, line)) in lines.iter().enumerate() {
            let server = start().await;
            let app = application(&server, *is_warm).await;
            state(&server);
            let send = async |_| drop(open(app.clone(), path).await);
            assert_line(attack(&server, send).await, line, (path, number));
        }
    }
}

/// RB-11: a load balancer, or anyone else, asks whether the application is ready.
#[tokio::test]
async fn the_ready_route() {
    let lines: [(bool, State, Line); 6] = [
        (false, well, (2..=2, 0..=0)),
        (false, failing, (1..=2, 1..=60)),
        (false, unreachable, (2..=4, 1..=120)),
        (true, well, (0..=0, 0..=0)),
        (true, failing, (0..=0, 0..=0)),
        (true, unreachable, (0..=0, 0..=0)),
    ];
    for (number, (is_warm, state, line)) in lines.into_iter().enumerate() {
        let server = start().await;
        let app = application(&server, is_warm).await;
        state(&server);
        let send = async |_| drop(open(app.clone(), "/ready").await);
        assert_line(attack(&server, send).await, &line, number);
    }
}

/// RB-11: all wait for one attempt, and for two seconds.
#[tokio::test]
async fn the_ready_route_while_fief_hangs() {
    let server = start().await;
    let app = application(&server, false).await;
    hanging(&server);
    let all = (0..1000).map(|_| (app.clone(), "/ready".to_owned()));
    let (responses, _) = at_once(all, 1000).await;
    assert!(responses.iter().all(|response| response.status == 503));
    assert_eq!(requests(&server), 1);
}

/// RB-11: the discovery document is renewed each hour, while the known one is used.
#[tokio::test]
async fn a_login_in_an_hour() {
    for state in [well, failing, unreachable, hanging] {
        let server = start().await;
        let app = application(&server, true).await;
        server.advance(Duration::from_secs(3600));
        state(&server);
        for _ in 0..1000 {
            assert_eq!(open(app.clone(), "/login").await.status, 303);
        }
        server.wait_for_requests(Endpoint::Discovery, 1).await;
        assert!(requests(&server) <= 2, "{}", requests(&server));
    }
}

/// RB-11: a renewal that fails is tried again each half a minute.
#[tokio::test]
async fn a_login_after_an_hour() {
    let lines: [(State, Line); 3] = [
        (well, (0..=1, 0..=1)),
        (failing, (0..=1, 1..=24)),
        (unreachable, (0..=2, 1..=46)),
    ];
    for (number, (state, line)) in lines.into_iter().enumerate() {
        let server = start().await;
        let app = application(&server, true).await;
        server.advance(Duration::from_secs(3600));
        state(&server);
        let send = async |_| {
            assert_eq!(open(app.clone(), "/login").await.status, 303);
        };
        assert_line(attack(&server, send).await, &line, number);
    }
}

/// FD-61, FD-65, RB-11
#[tokio::test]
async fn logins_and_the_metadata_while_fief_hangs() {
    for path in ["/login", "/.well-known/oauth-protected-resource/api"] {
        let server = start().await;
        let app = application(&server, false).await;
        hanging(&server);
        let all = (0..1000).map(|_| (app.clone(), path.to_owned()));
        let (early, waiting) = at_once(all, 744).await;
        assert_busy(&early);
        server.wait_for_requests(Endpoint::Discovery, 1).await;
        assert_eq!(requests(&server), 1);
        server.clear_faults();
        let late = waiting.join_all().await;
        assert!(late.iter().all(|response| response.status != 503));
        assert_eq!(requests(&server), 1);
    }
}
