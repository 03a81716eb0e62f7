//! Lines of the log: one in half a minute, however often a client causes it.

use axum::{Router, http::Request, routing::get};
use fief_axum::{Authenticated, FiefAuth};
use fief_test_server::{Endpoint, Fault};
use tracing::Level;

use super::{SECOND, application, callback::guess, start};
use crate::{
    client::log::Log,
    login::{Memory, Visitor, app, builder},
    web::{fief, send},
};

/// Asserts that a thousand requests in a minute log a line in half a minute.
async fn assert_limited(
    server: &fief_test_server::FiefTestServer,
    line: &str,
    send: impl AsyncFn(),
) {
    let (log, _guard) = Log::of(Level::WARN);
    for number in 0..1000 {
        send().await;
        if number % 500 == 499 {
            server.advance(30 * SECOND);
        }
    }
    let text = log.text();
    let lines: Vec<_> = text.lines().collect();
    assert_eq!(lines.len(), 2, "{line}: {text:.2000}");
    assert!(lines.iter().all(|logged| logged.contains(line)), "{text}");
    assert!(lines[1].contains("omitted=499"), "{text}");
}

/// FD-61, RB-11: the count is in a cookie that the client keeps.
#[tokio::test]
async fn a_redirect_loop() {
    let server = start().await;
    let app = application(&server, true).await;
    let mut visitor = Visitor::new(app);
    for _ in 0..20 {
        let begun = visitor.open("/login?prompt=none").await;
        let state = begun
            .header("location")
            .split("state=")
            .nth(1)
            .unwrap_or_default();
        let state = state.split('&').next().unwrap_or_default();
        let failed = format!("/auth-callback?error=login_required&state={state}");
        visitor.open(&failed).await;
    }
    server.advance(30 * SECOND);
    let (log, _guard) = Log::of(Level::WARN);
    for _ in 0..1000 {
        visitor.clone().open("/login?prompt=none").await;
    }
    assert_eq!(log.text().matches("redirect loop").count(), 1);
    assert_eq!(log.text().lines().count(), 1, "{:.2000}", log.text());
}

/// FD-61, RB-11
#[tokio::test]
async fn a_session_store_that_fails() {
    let (server, store) = (start().await, Memory::default());
    let auth = builder(&server)
        .session_store(store.clone())
        .build()
        .unwrap();
    let mut visitor = Visitor::new(app(&auth));
    visitor.log_in(&server, "/login").await;
    let (guessing, callback) = guess(app(&auth)).await;
    store.fail(true);
    assert_limited(&server, "a login cannot be completed yet", async || {
        guessing.clone().open(&callback).await;
    })
    .await;
    assert_limited(&server, "failed to load a session", async || {
        visitor.clone().open("/auth-callback?code=x&state=x").await;
    })
    .await;
}

/// FD-61, RB-11
#[tokio::test]
async fn a_wrong_configuration() {
    let server = start().await;
    let auth = builder(&server).build().unwrap();
    let guarded = Router::new().merge(auth.routes()).layer(auth.require());
    assert_limited(&server, "a guard rejects the login route", async || {
        send(&guarded, Request::get("/login")).await;
    })
    .await;
    let other = FiefAuth::new(fief(&server));
    let whoami = get(async |_: Authenticated| ());
    let nested = Router::new()
        .route("/", whoami)
        .layer(other.layer())
        .layer(auth.layer());
    assert_limited(&server, "nested", async || {
        send(&nested, Request::get("/")).await;
    })
    .await;
}

/// FD-61, RB-11: without a layer there is no client, and therefore no clock of its own.
#[tokio::test]
async fn a_missing_layer() {
    let app = Router::new().route("/", get(async |_: Authenticated| ()));
    let (log, _guard) = Log::of(Level::WARN);
    for _ in 0..1000 {
        assert_eq!(send(&app, Request::get("/")).await.status, 500);
    }
    assert!(log.text().lines().count() <= 2, "{:.2000}", log.text());
}

/// FD-61, RB-11: each session is one that is refreshed.
#[tokio::test]
async fn sessions_that_cannot_be_refreshed() {
    let server = start().await;
    let auth = builder(&server).offline_access().refresh_after(SECOND * 60);
    let Ok(auth) = auth.build() else { return };
    let mut visitors = Vec::new();
    for _ in 0..20 {
        let mut visitor = Visitor::new(app(&auth));
        visitor.log_in(&server, "/login").await;
        visitors.push(visitor);
    }
    server.advance(61 * SECOND);
    server.fault(Endpoint::Token, Fault::status(500));
    let (log, _guard) = Log::of(Level::WARN);
    for visitor in &mut visitors {
        assert_eq!(visitor.open("/castles").await.status, 200);
    }
    let text = log.text();
    let lines = text
        .lines()
        .filter(|line| line.contains("failed to refresh a session"));
    assert!(lines.count() <= 1, "{text}");
}
