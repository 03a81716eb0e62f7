//! Hooks that panic, hang, or whose browser disconnects.

use std::{
    future::pending,
    sync::{Arc, OnceLock},
    time::Duration,
};

use axum::response::Response;
use fief_axum::{AcceptedLogin, Login};
use fief_test_server::{Endpoint, FiefTestServer};
use tracing::Level;

use super::{Calls, Member, builder, ended, pass, visitor};
use crate::{
    client::log::Log,
    login::{Visitor, exchange::open},
};

const TIMEOUT: Duration = Duration::from_secs(10);

/// D10, RB-1
#[tokio::test]
async fn a_hook_that_panics_leaves_no_session() {
    let server = FiefTestServer::start().await;
    let panics_at_once = builder(&server).on_login(|login: Login| {
        assert!(login.is_silent(), "at once");
        async { Ok::<_, Response>(()) }
    });
    let panics_later = builder(&server).on_login(|login: Login| async move {
        tokio::task::yield_now().await;
        assert!(login.is_silent(), "later");
        Ok::<_, Response>(())
    });
    for builder in [panics_at_once, panics_later] {
        let mut visitor = visitor(builder);
        let callback = visitor.begin(&server, "/login").await;
        let (log, guard) = Log::of(Level::ERROR);

        let response = visitor.open(&callback).await;
        drop(guard);

        assert_eq!(response.status, 500);
        assert!(response.body.contains("Login failed"), "{}", response.body);
        assert!(log.text().contains("`on_login` failed"), "{}", log.text());
        assert_eq!(visitor.cookie_names(), [""; 0]);
        assert_eq!(visitor.open(&callback).await.status, 400);
    }
}

/// D10: the tokens are kept, and the code is not sent again.
#[tokio::test]
async fn a_login_whose_hook_takes_too_long_can_be_tried_again() {
    let server = FiefTestServer::start().await;
    let calls = Calls::new();
    let hook = calls.clone();
    let builder = builder(&server).on_login(move |_| {
        let hook = hook.clone();
        async move {
            let number = hook.call().await;
            if number == 1 {
                pending::<()>().await;
            }
            Ok::<_, Response>(AcceptedLogin::new().data(&Member { number }))
        }
    });
    let mut visitor = visitor(builder);
    let callback = visitor.begin(&server, "/login?return_to=/castles").await;
    let (log, guard) = Log::of(Level::ERROR);

    let first = open(&visitor, &callback);
    calls.reach(1).await;
    pass(TIMEOUT).await;
    let (response, mut visitor) = ended(first).await;
    drop(guard);

    assert_eq!(response.status, 503);
    assert!(!response.header("retry-after").is_empty());
    let link = callback.replace('&', "&amp;");
    assert!(response.body.contains(&link), "{}", response.body);
    assert!(
        log.text()
            .contains("`on_login` takes longer than 10 seconds"),
        "{}",
        log.text()
    );
    assert_eq!(visitor.cookie_names().len(), 1);
    assert_eq!(visitor.open("/castles").await.status, 303);

    let second = visitor.open(&callback).await;
    assert_eq!(second.header("location"), "/castles");
    assert_eq!(visitor.open("/member").await.body, "2");
    assert_eq!(server.requests(Endpoint::Token), 1);
}

/// D10: nothing of it is left after ten minutes.
#[tokio::test]
async fn a_login_whose_hook_always_hangs_ends() {
    let server = FiefTestServer::start().await;
    let calls = Calls::waiting();
    let hook = calls.clone();
    let builder = builder(&server).on_login(move |_| {
        let hook = hook.clone();
        async move {
            hook.call().await;
            Ok::<_, Response>(())
        }
    });
    let mut visitor = visitor(builder);
    let callback = visitor.begin(&server, "/login").await;
    for call in 1..=2 {
        let opened = open(&visitor, &callback);
        calls.reach(call).await;
        pass(TIMEOUT).await;
        assert_eq!(ended(opened).await.0.status, 503);
    }
    server.advance(Duration::from_secs(600));

    assert_eq!(visitor.open(&callback).await.status, 400);
    assert_eq!(calls.count(), 2);
}

/// D10: the hook is not cancelled, and a reload joins it.
#[tokio::test]
async fn a_browser_that_disconnects_calls_the_hook_once() {
    let server = FiefTestServer::start().await;
    let calls = Calls::waiting();
    let hook = calls.clone();
    let builder = builder(&server).on_login(move |_| {
        let hook = hook.clone();
        async move {
            let number = hook.call().await;
            Ok::<_, Response>(AcceptedLogin::new().data(&Member { number }))
        }
    });
    let mut visitor = visitor(builder);
    let callback = visitor.begin(&server, "/login").await;
    let first = open(&visitor, &callback);
    calls.reach(1).await;
    first.abort();
    let second = open(&visitor, &callback);
    tokio::task::yield_now().await;
    second.abort();
    calls.release();

    let response = visitor.open(&callback).await;

    assert_eq!(response.status, 303);
    assert_eq!(visitor.open("/member").await.body, "1");
    assert_eq!((calls.count(), server.requests(Endpoint::Token)), (1, 1));
}

/// D10, RF-9: a logout during the hook ends the login.
#[tokio::test]
async fn a_logout_while_the_hook_runs_leaves_no_session() {
    let server = FiefTestServer::start().await;
    let calls = Calls::waiting();
    let hook = calls.clone();
    let builder = builder(&server).on_login(move |_| {
        let hook = hook.clone();
        async move {
            hook.call().await;
            Ok::<_, Response>(())
        }
    });
    let mut visitor = visitor(builder);
    let callback = visitor.begin(&server, "/login").await;
    let opened = open(&visitor, &callback);
    calls.reach(1).await;
    visitor.fetch(axum::http::Method::POST, "/logout").await;
    calls.release();

    let (response, mut visitor) = ended(opened).await;

    assert_eq!(response.status, 400);
    assert_eq!(visitor.open("/castles").await.status, 303);
}

/// D10: a body that is too long, or fails.
#[tokio::test]
async fn a_rejection_that_cannot_be_sent_is_a_page() {
    let server = FiefTestServer::start().await;
    let builder = builder(&server).on_login(|_| async { Err::<(), _>("x".repeat(256 * 1024 + 1)) });
    let mut visitor = visitor(builder);
    let callback = visitor.begin(&server, "/login").await;
    let (log, guard) = Log::of(Level::ERROR);

    let response = visitor.open(&callback).await;
    drop(guard);

    assert_eq!(response.status, 500);
    assert!(
        log.text()
            .contains("the response of `on_login` cannot be sent")
    );
    assert_eq!(visitor.cookie_names(), [""; 0]);
}

/// Panics when it is dropped, as a hook may that is dropped at an await.
struct PanicsAtDrop;

impl Drop for PanicsAtDrop {
    fn drop(&mut self) {
        assert!(std::thread::panicking(), "the hook panics");
    }
}

/// D10, RB-1: the tokens are kept nevertheless.
#[tokio::test]
async fn a_hook_that_panics_when_it_is_dropped_loses_no_login() {
    let server = FiefTestServer::start().await;
    let calls = Calls::new();
    let hook = calls.clone();
    let builder = builder(&server).on_login(move |_| {
        let hook = hook.clone();
        async move {
            if hook.call().await == 1 {
                let _panics = PanicsAtDrop;
                pending::<()>().await;
            }
            Ok::<_, Response>(())
        }
    });
    let mut visitor = visitor(builder);
    let callback = visitor.begin(&server, "/login?return_to=/castles").await;
    let first = open(&visitor, &callback);
    calls.reach(1).await;
    pass(TIMEOUT).await;

    // The work is started again.
    let (response, mut visitor) = ended(first).await;

    assert_eq!(
        response.header("location"),
        "/castles",
        "{}",
        response.status
    );
    assert_eq!(visitor.open("/castles").await.status, 200);
    assert_eq!((calls.count(), server.requests(Endpoint::Token)), (2, 1));
}

/// D10: it waits for itself, and for no longer than it may.
#[tokio::test]
async fn a_hook_that_requests_its_own_callback_ends() {
    let server = FiefTestServer::start().await;
    let calls = Calls::new();
    let hook = calls.clone();
    let own: Arc<OnceLock<(Visitor, String)>> = Arc::default();
    let inner = Arc::clone(&own);
    let builder = builder(&server).on_login(move |_| {
        let (hook, inner) = (hook.clone(), Arc::clone(&inner));
        async move {
            if hook.call().await == 1 {
                let (visitor, callback) = inner.get().unwrap();
                visitor.clone().open(callback).await;
            }
            Ok::<_, Response>(())
        }
    });
    let mut visitor = visitor(builder);
    let callback = visitor.begin(&server, "/login").await;
    own.get_or_init(|| (visitor.clone(), callback.clone()));
    let first = open(&visitor, &callback);
    calls.reach(1).await;
    pass(TIMEOUT).await;
    assert_eq!(ended(first).await.0.status, 503);

    assert_eq!(visitor.open(&callback).await.status, 303);
    assert_eq!(server.requests(Endpoint::Token), 1);
}
