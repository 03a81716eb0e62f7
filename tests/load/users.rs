//! User info. A user is needed for it, who may be the attacker.

use axum::{Router, routing::get};
use fief_axum::{CurrentUser, FiefAuth, FreshUser};
use fief_test_server::{Endpoint, FiefTestServer};
use tokio::task::JoinSet;

use super::{
    Line, SECOND, State, application, assert_line, attack, failing, hanging, requests, start,
    unreachable, well,
};
use crate::web::{TestResponse, call, fief, send, status};

/// Returns an API, and the token of a user.
async fn api(server: &FiefTestServer) -> (Router, String) {
    let auth = FiefAuth::new(fief(server));
    auth.fief().prefetch_keys().await.unwrap();
    server.reset_requests();
    let routes = Router::new()
        .route("/", get(async |_: CurrentUser| "current"))
        .route("/fresh", get(async |_: FreshUser| "fresh"));
    let token = server.access_token().expires_in(24 * 3600 * SECOND).mint();
    (routes.layer(auth.layer()), token)
}

/// FD-62, RB-8: one in five minutes for each user, and one in five seconds while Fief fails.
#[tokio::test]
async fn user_info_of_one_user() {
    let lines: [(bool, State, Line); 6] = [
        (false, well, (1..=1, 2..=4)),
        (false, failing, (1..=1, 1..=150)),
        (false, unreachable, (2..=2, 1..=250)),
        (true, well, (0..=0, 2..=4)),
        (true, failing, (0..=0, 1..=90)),
        (true, unreachable, (0..=0, 1..=240)),
    ];
    for (number, (is_warm, state, line)) in lines.into_iter().enumerate() {
        let server = start().await;
        let (app, token) = api(&server).await;
        if is_warm {
            assert_eq!(status(&app, &token).await, 200);
            server.reset_requests();
        }
        state(&server);
        let send = async |_| {
            status(&app, &token).await;
        };
        assert_line(attack(&server, send).await, &line, number);
    }
}

/// RB-11: without credentials there is none.
#[tokio::test]
async fn the_user_route_of_an_anonymous_client() {
    for state in [well, failing, unreachable, hanging] {
        let server = start().await;
        let app = application(&server, false).await;
        state(&server);
        let send = async |number: usize| {
            let path = ["/user", "/user?refresh=true"][number % 2];
            let request = axum::http::Request::get(path);
            assert_eq!(
                send(&app, request.header("cookie", "__Host-fief_session=x"))
                    .await
                    .status,
                200
            );
        };
        assert_eq!(attack(&server, send).await, (0, 0));
    }
}

/// FD-62, RB-8: fresh user info is one for each request while Fief is well, one after the other.
#[tokio::test]
async fn the_user_route_with_refresh() {
    let lines: [(State, Line); 3] = [
        (well, (200..=200, 600..=612)),
        (failing, (1..=1, 1..=150)),
        (unreachable, (2..=2, 1..=250)),
    ];
    for (number, (state, line)) in lines.into_iter().enumerate() {
        let server = start().await;
        let app = application(&server, true).await;
        let token = server.access_token().expires_in(24 * 3600 * SECOND).mint();
        state(&server);
        let send = async |_| {
            send(&app, call(&token).uri("/user?refresh=true")).await;
        };
        assert_line(attack(&server, send).await, &line, number);
    }
}

/// FD-60, RB-11: one user does not take the places of others, however many connections there are.
#[tokio::test]
async fn one_user_has_one_request_for_user_info_in_flight() {
    for path in ["/", "/fresh"] {
        let server = start().await;
        let (app, token) = api(&server).await;
        hanging(&server);
        let mut waiting: JoinSet<TestResponse> = JoinSet::new();
        for _ in 0..100 {
            let (app, request) = (app.clone(), call(&token).uri(path));
            waiting.spawn(async move { send(&app, request).await });
        }
        server.wait_for_requests(Endpoint::Userinfo, 1).await;
        for _ in 0..1000 {
            tokio::task::yield_now().await;
        }
        assert_eq!(requests(&server), 1, "{path}");
        server.clear_faults();
        let all = waiting.join_all().await;
        assert!(all.iter().all(|response| response.status == 200));
        // Fresh ones were requested before the first response, and need one more.
        assert!(requests(&server) <= 2, "{path}: {}", requests(&server));
    }
}
