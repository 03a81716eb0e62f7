//! One exchange for each attempt on all machines that share a store.

use std::time::Duration;

use axum::http::Method;
use fief_axum::{FiefAuth, FiefAuthBuilder};
use fief_test_server::{Endpoint, Fault, FiefTestServer};

use tokio::task::yield_now;

use super::Memory;
use crate::login::{
    Visitor, ahead, app, builder_with,
    exchange::{open, with_code},
    kept::{lose_keys, recover},
    key,
};

/// Two machines, a browser at each that has begun the same login, and its callback.
pub struct Machines {
    pub server: FiefTestServer,
    pub store: Memory,
    first: FiefAuth,
    pub here: Visitor,
    pub there: Visitor,
    pub callback: String,
}

impl Machines {
    async fn start() -> Self {
        Self::ahead([0, 0]).await
    }

    /// Starts machines whose clocks are ahead by so many seconds.
    pub async fn ahead(seconds: [u64; 2]) -> Self {
        Self::of(|server| {
            seconds.map(|seconds| builder_with(server, ahead(server, seconds), key()))
        })
        .await
    }

    /// Starts these machines.
    pub async fn of(builders: impl FnOnce(&FiefTestServer) -> [FiefAuthBuilder; 2]) -> Self {
        let server = FiefTestServer::start().await;
        let store = Memory::default();
        let [first, second] =
            builders(&server).map(|builder| builder.session_store(store.clone()).build().unwrap());
        let mut here = Visitor::new(app(&first));
        let callback = here.begin(&server, "/login?return_to=/castles").await;
        second.fief().prefetch_keys().await.unwrap();
        let there = here.at(app(&second));
        Self {
            server,
            store,
            first,
            here,
            there,
            callback,
        }
    }

    /// Keeps the login at the first machine.
    pub async fn keep(&mut self) {
        lose_keys(&self.server, &self.first).await;
        assert_eq!(self.here.open(&self.callback).await.status, 503);
    }

    /// Checks that the login was finished with one token request and one session.
    pub async fn assert_finished(&self, visitor: &mut Visitor) {
        assert_eq!(visitor.open("/castles").await.status, 200);
        assert_eq!(self.server.requests(Endpoint::Token), 1);
        // The session, its own record and the user's epoch.
        assert_eq!(self.store.session_ids().len(), 3);
    }
}

/// FD-60, LF-4
#[tokio::test]
async fn another_machine_does_not_exchange_an_attempt_again() {
    let mut at = Machines::start().await;
    let ignoring = at.there.clone();
    at.here.open(&at.callback).await;
    assert_eq!(
        ignoring
            .clone()
            .open(&with_code(&at.callback, "guess"))
            .await
            .status,
        400
    );
    let response = at.there.open(&at.callback).await;
    assert_eq!(response.header("location"), "/castles");
    at.assert_finished(&mut at.there.clone()).await;

    at.server.advance(Duration::from_secs(31));
    assert_eq!(ignoring.clone().open(&at.callback).await.status, 400);
    assert_eq!(
        ignoring
            .clone()
            .open(&with_code(&at.callback, "guess"))
            .await
            .status,
        400
    );
    assert_eq!(at.server.requests(Endpoint::Token), 1);
}

/// LF-4
#[tokio::test]
async fn two_machines_at_once_share_one_token_request_and_one_session() {
    let at = Machines::start().await;
    at.server.fault_once(Endpoint::Token, Fault::hang());
    let here = open(&at.here, &at.callback);
    at.server.wait_for_requests(Endpoint::Token, 1).await;
    let loads = at.store.loads();
    let there = open(&at.there, &at.callback);
    while at.store.loads() < loads + 2 {
        tokio::task::yield_now().await;
    }
    at.server.clear_faults();

    for callback in [here, there] {
        let (response, mut visitor) = callback.await.unwrap();
        assert_eq!(response.header("location"), "/castles");
        at.assert_finished(&mut visitor).await;
    }
}

/// FD-20, RF-9
#[tokio::test]
async fn another_machine_finishes_a_kept_login() {
    let mut at = Machines::start().await;
    at.keep().await;
    assert!(!at.store.shows_tokens());
    assert_eq!(at.there.open(&at.callback).await.status, 503);
    recover(&at.server);
    assert_eq!(
        at.there.open(&at.callback).await.header("location"),
        "/castles"
    );
    // The first one joins.
    assert_eq!(
        at.here.open(&at.callback).await.header("location"),
        "/castles"
    );
    at.assert_finished(&mut at.there.clone()).await;
    at.assert_finished(&mut at.here.clone()).await;
}

/// RF-9, D12
#[tokio::test]
async fn two_machines_that_finish_a_kept_login_create_one_session() {
    let mut at = Machines::start().await;
    at.keep().await;
    recover(&at.server);
    let both = [open(&at.here, &at.callback), open(&at.there, &at.callback)];
    for callback in both {
        let (response, mut visitor) = callback.await.unwrap();
        assert_eq!(response.header("location"), "/castles");
        at.assert_finished(&mut visitor).await;
    }
}

/// RF-9, D12
#[tokio::test]
async fn a_logout_elsewhere_drops_a_kept_login() {
    let mut at = Machines::start().await;
    at.keep().await;
    recover(&at.server);
    at.there.fetch(Method::POST, "/logout").await;
    assert_eq!(at.here.open(&at.callback).await.status, 400);
    assert_eq!(at.server.requests(Endpoint::Token), 1);
}

/// D12: while the first machine saves the login, which overwrites what the other one has saved.
#[tokio::test]
async fn a_logout_elsewhere_while_a_login_is_saved_leaves_no_session() {
    let mut at = Machines::start().await;
    let held = at.store.hold_next_save();
    let here = open(&at.here, &at.callback);
    while !at.store.is_holding_save() {
        yield_now().await;
    }

    at.there.fetch(Method::POST, "/logout").await;
    drop(held);

    let (response, mut visitor) = here.await.unwrap();
    assert_eq!(response.status, 400);
    assert_eq!(visitor.open("/castles").await.status, 303);
}

/// D12: also if the store hangs once the logout was found.
#[tokio::test]
async fn a_store_that_hangs_after_a_logout_elsewhere_leaves_no_session() {
    let mut at = Machines::start().await;
    let held = at.store.hold_next_save();
    let here = open(&at.here, &at.callback);
    while !at.store.is_holding_save() {
        yield_now().await;
    }
    at.there.fetch(Method::POST, "/logout").await;
    let hanging = at.store.hold_next_save();
    drop(held);
    while !at.store.is_holding_save() {
        yield_now().await;
    }
    // Its five seconds pass at once.
    tokio::time::pause();

    let (response, mut visitor) = here.await.unwrap();

    drop(hanging);
    assert_eq!(response.status, 400);
    assert_eq!(visitor.open("/castles").await.status, 303);
}

/// D12: a machine of the previous release saves the record and no mark.
#[tokio::test]
async fn a_logout_at_the_previous_release_ends_a_login_in_flight() {
    let mut at = Machines::start().await;
    at.server.fault_once(Endpoint::Token, Fault::hang());
    let here = open(&at.here, &at.callback);
    at.server.wait_for_requests(Endpoint::Token, 1).await;
    let before = at.store.ids();
    at.there.fetch(Method::POST, "/logout").await;
    at.store
        .change(|records| records.retain(|id, _| before.contains(id)));
    at.server.clear_faults();

    let (response, mut visitor) = here.await.unwrap();
    assert_eq!(response.status, 400);
    assert_eq!(visitor.open("/castles").await.status, 303);
}

/// D12: after it was saved, while its response is on its way.
#[tokio::test]
async fn a_logout_elsewhere_ends_a_login_whose_response_is_on_its_way() {
    let mut at = Machines::start().await;
    let (response, mut late) = open(&at.here, &at.callback).await.unwrap();
    assert_eq!(response.status, 303);

    at.there.fetch(Method::POST, "/logout").await;

    assert_eq!(late.open("/castles").await.status, 303);
    let mut late = late.at(at.there.app());
    assert_eq!(late.open("/castles").await.status, 303);
}

/// FD-20, RF-9: a store that fails when the session is created is "not yet" as well.
#[tokio::test]
async fn a_callback_outlives_a_store_that_fails() {
    let mut at = Machines::start().await;
    at.server.fault_once(Endpoint::Token, Fault::hang());
    let callback = open(&at.here, &at.callback);
    at.server.wait_for_requests(Endpoint::Token, 1).await;
    at.store.fail(true);
    at.server.clear_faults();
    let (response, mut visitor) = callback.await.unwrap();
    assert_eq!(response.status, 503);
    assert!(response.body.contains("Try again"));
    assert_eq!(visitor.open(&at.callback).await.status, 503);

    at.store.fail(false);
    assert_eq!(
        visitor.open(&at.callback).await.header("location"),
        "/castles"
    );
    at.assert_finished(&mut visitor).await;
    at.there.open(&at.callback).await;
    at.assert_finished(&mut at.there.clone()).await;
}

/// FD-20, LF-4: what was not sent can be sent by another machine, or later.
#[tokio::test]
async fn a_code_that_was_not_sent_is_sent_later() {
    let mut at = Machines::start().await;
    at.store.fail(true);
    assert_eq!(at.here.open(&at.callback).await.status, 503);
    assert_eq!(at.server.requests(Endpoint::Token), 0);
    at.store.fail(false);
    at.server.fault(Endpoint::Jwks, Fault::status(503));
    assert_eq!(at.here.open(&at.callback).await.status, 503);
    assert_eq!(at.server.requests(Endpoint::Token), 0);

    assert_eq!(
        at.there.open(&at.callback).await.header("location"),
        "/castles"
    );
    at.assert_finished(&mut at.there.clone()).await;
}

/// RF-9, RB-5: tokens outlive the task that received them.
#[tokio::test]
async fn a_callback_outlives_a_store_that_panics() {
    let at = Machines::start().await;
    at.store.panic(true);
    let (response, _) = open(&at.here, &at.callback).await.unwrap();
    assert_eq!(response.status, 503);
    assert_eq!(at.server.requests(Endpoint::Token), 0);
    at.store.panic(false);

    at.server.fault_once(Endpoint::Token, Fault::hang());
    let callback = open(&at.here, &at.callback);
    at.server.wait_for_requests(Endpoint::Token, 1).await;
    at.store.panic(true);
    at.server.clear_faults();
    let (response, mut visitor) = callback.await.unwrap();
    assert_eq!(response.status, 503);
    at.store.panic(false);

    assert_eq!(
        visitor.open(&at.callback).await.header("location"),
        "/castles"
    );
    at.assert_finished(&mut visitor).await;
}
