//! User info if the runtime that fetches it is dropped or does not run.

use std::{
    pin::pin,
    task::{Context, Waker},
    time::Duration,
};

use axum::{Router, routing::get};
use fief_axum::CurrentUser;
use fief_test_server::{Endpoint, Fault, FiefTestServer};
use tokio::{
    runtime::{Builder, Runtime},
    time::{advance, pause, resume, timeout},
};

use super::{api, one, status};
use crate::keys::poll_once;

async fn email(CurrentUser(user): CurrentUser) -> String {
    user.email.clone().unwrap_or_default()
}

/// Its keys are known, its users are not.
async fn app(server: &FiefTestServer) -> Router {
    let app = one(get(email)).layer(api(server).layer());
    let expired = server.access_token().expired().mint();
    assert_eq!(status(&app, &expired).await, 401);
    app
}

/// D16, RB-5: callers that wait for a request that is lost with its runtime repeat it, and once.
#[test]
fn callers_that_wait_outlive_the_runtime_that_fetches() {
    let servers = Runtime::new().unwrap();
    let server = servers.block_on(FiefTestServer::start());
    let (app, token) = (servers.block_on(app(&server)), server.access_token().mint());
    server.fault(Endpoint::Userinfo, Fault::hang());
    let lost = runtime();
    let mut first = pin!(status(&app, &token));
    assert!(lost.block_on(poll_once(first.as_mut())).is_none());
    lost.block_on(server.wait_for_requests(Endpoint::Userinfo, 1));
    let (mut second, mut third) = (pin!(status(&app, &token)), pin!(status(&app, &token)));
    assert!(servers.block_on(poll_once(second.as_mut())).is_none());
    assert!(servers.block_on(poll_once(third.as_mut())).is_none());

    drop(lost);
    server.clear_faults();

    let both = servers.block_on(async { tokio::join!(second, third) });
    assert_eq!(both, (200, 200));
    assert_eq!(server.requests(Endpoint::Userinfo), 2);
}

/// D16, RB-5: a request on a runtime that does not run does not block callers for ever.
#[test]
fn a_request_that_stands_still_is_made_again() {
    let servers = Runtime::new().unwrap();
    let server = servers.block_on(FiefTestServer::start());
    let (app, token) = (servers.block_on(app(&server)), server.access_token().mint());
    let response = after_one_that_stands_still(status(&app, &token), status(&app, &token));
    assert_eq!(response, 200);
    assert_eq!(server.requests(Endpoint::Userinfo), 1);
}

/// Starts one on a runtime that does not run afterwards, and another on one that does, fifteen seconds later.
pub(crate) fn after_one_that_stands_still<T>(
    first: impl Future<Output = T>,
    other: impl Future<Output = T>,
) -> T {
    let (idle, driven) = (runtime(), runtime());
    let (mut first, mut other) = (pin!(first), pin!(other));
    let entered = idle.enter();
    let polled = first.as_mut().poll(&mut Context::from_waker(Waker::noop()));
    assert!(polled.is_pending());
    drop(entered);
    driven.block_on(async {
        assert!(poll_once(other.as_mut()).await.is_none());
        pause();
        advance(Duration::from_secs(15)).await;
        resume();
        let other = timeout(Duration::from_secs(10), other).await;
        other.expect("it is held up")
    })
}

/// On one thread, so that its time can be moved on.
fn runtime() -> Runtime {
    Builder::new_current_thread().enable_all().build().unwrap()
}
