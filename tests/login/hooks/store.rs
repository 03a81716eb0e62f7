//! Hooks of machines that share a session store.

use std::time::Duration;

use axum::{http::Method, response::Response};
use fief_axum::{AcceptedLogin, FiefAuthBuilder};
use fief_test_server::{Endpoint, Fault, FiefTestServer};

use super::{Calls, Member, app, ended, pass};
use crate::login::{Memory, Visitor, builder, exchange::open, kept::recover, refresh};

/// Returns an application whose logins are numbered and lead to a page.
fn numbered(server: &FiefTestServer, store: &Memory, calls: &Calls) -> FiefAuthBuilder {
    let calls = calls.clone();
    let builder = builder(server).session_store(store.clone());
    builder.on_login(move |_| {
        let calls = calls.clone();
        async move {
            let number = calls.call().await;
            let accepted = AcceptedLogin::new().data(&Member { number });
            Ok::<_, Response>(accepted.redirect_to("/welcome"))
        }
    })
}

/// LF-4, D10: the other machine knows the page as well.
#[tokio::test]
async fn a_callback_that_another_machine_joins_calls_the_hook_once() {
    let server = FiefTestServer::start().await;
    let (store, calls) = (Memory::default(), Calls::new());
    let [here, there] = [(); 2].map(|()| app(&numbered(&server, &store, &calls).build().unwrap()));
    let mut here = Visitor::new(here);
    let callback = here.begin(&server, "/login").await;
    let mut there = here.at(there);
    assert_eq!(here.open(&callback).await.header("location"), "/welcome");

    assert_eq!(there.open(&callback).await.header("location"), "/welcome");

    assert_eq!(there.open("/member").await.body, "1");
    assert_eq!((calls.count(), server.requests(Endpoint::Token)), (1, 1));
}

/// D10: the hook is called again, and there is one session.
#[tokio::test]
async fn a_store_that_fails_after_the_hook_leaves_nothing_half_begun() {
    let server = FiefTestServer::start().await;
    let (store, calls) = (Memory::default(), Calls::waiting());
    let auth = numbered(&server, &store, &calls).build().unwrap();
    let mut visitor = Visitor::new(app(&auth));
    let callback = visitor.begin(&server, "/login").await;
    let first = open(&visitor, &callback);
    calls.reach(1).await;
    store.fail(true);
    calls.release();
    let (response, mut ignoring) = ended(first).await;
    assert_eq!(response.status, 503);
    assert_eq!(ignoring.open("/castles").await.status, 303);
    store.fail(false);
    recover(&server);

    let response = visitor.open(&callback).await;

    assert_eq!(response.header("location"), "/welcome");
    assert_eq!(visitor.open("/member").await.body, "2");
    assert_eq!((calls.count(), server.requests(Endpoint::Token)), (2, 1));
    // The session, its own record and the user's epoch.
    assert_eq!(store.session_ids().len(), 3);
}

/// D10
#[tokio::test]
async fn a_rejected_login_leaves_no_record_of_a_session() {
    let server = FiefTestServer::start().await;
    let store = Memory::default();
    let builder = builder(&server).session_store(store.clone());
    let builder = builder.on_login(|_| async { Err::<(), _>("members only") });
    let auth = builder.build().unwrap();
    let mut visitor = Visitor::new(app(&auth));

    visitor.log_in(&server, "/login").await;

    assert_eq!((store.ids().len(), store.session_ids().len()), (1, 0));
}

/// D10, RF-9: the tokens are in the store.
#[tokio::test]
async fn a_login_whose_hook_took_too_long_is_completed_by_another_machine() {
    let server = FiefTestServer::start().await;
    let (store, calls) = (Memory::default(), Calls::waiting());
    let [here, there] = [(); 2].map(|()| app(&numbered(&server, &store, &calls).build().unwrap()));
    let mut here = Visitor::new(here);
    let callback = here.begin(&server, "/login").await;
    let mut there = here.at(there);
    let first = open(&here, &callback);
    calls.reach(1).await;
    pass(Duration::from_secs(10)).await;
    assert_eq!(ended(first).await.0.status, 503);
    calls.release();

    assert_eq!(there.open(&callback).await.header("location"), "/welcome");

    assert_eq!(there.open("/member").await.body, "2");
    assert_eq!(here.open(&callback).await.header("location"), "/welcome");
    assert_eq!((calls.count(), server.requests(Endpoint::Token)), (2, 1));
    assert_eq!(store.session_ids().len(), 3);
}

/// D10: a hook of refreshes ends the session everywhere.
#[tokio::test]
async fn a_session_that_a_hook_of_refreshes_ends_is_void_on_all_machines() {
    let server = refresh::server().await;
    let store = Memory::default();
    let builder = || refresh::refreshing(&server).session_store(store.clone());
    let strict = builder().on_refresh(|_| async { false }).build().unwrap();
    let mut visitor = Visitor::new(app(&builder().build().unwrap()));
    visitor.log_in(&server, "/login").await;
    server.advance(refresh::LIFETIME - Duration::from_secs(30));
    let mut strictly = visitor.at(app(&strict));

    assert_eq!(strictly.fetch(Method::GET, "/castles").await.status, 401);

    assert_eq!(visitor.fetch(Method::GET, "/castles").await.status, 401);
    assert_eq!(server.requests(Endpoint::Token), 1);
}

/// SE-15, D10: a logout at another machine ends the login whose hook runs at this one, also one that was kept before.
#[tokio::test]
async fn a_logout_elsewhere_while_the_hook_runs_leaves_no_session() {
    for is_kept in [false, true] {
        let server = FiefTestServer::start().await;
        let (store, calls) = (Memory::default(), Calls::waiting());
        let [here, there] =
            [(); 2].map(|()| app(&numbered(&server, &store, &calls).build().unwrap()));
        let mut here = Visitor::new(here);
        let callback = here.begin(&server, "/login").await;
        if is_kept {
            server.fault(Endpoint::Jwks, Fault::status(500));
            assert_eq!(here.open(&callback).await.status, 503);
            recover(&server);
        }
        let opened = open(&here, &callback);
        calls.reach(1).await;
        here.at(there).fetch(Method::POST, "/logout").await;
        calls.release();

        let (response, mut visitor) = ended(opened).await;
        assert_eq!(response.status, 400, "{is_kept}");
        assert_eq!(visitor.open("/castles").await.status, 303, "{is_kept}");
    }
}
