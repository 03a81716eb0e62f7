use std::{
    hint::black_box,
    pin::pin,
    task::{Context, Poll, Waker},
};

use axum::{
    Router,
    body::Body,
    http::{Request, StatusCode},
};
use tokio::runtime::Runtime;
use tower::ServiceExt;
use tower_service::Service;

use crate::{inputs::Inputs, scenarios::Scenario};

/// Sends a scenario's requests to its router, or to the bare one: a batch to warm up, and a batch to count.
pub(crate) fn send(runtime: &Runtime, inputs: &Inputs, scenario: &Scenario, is_bare: bool) {
    let (mut router, status) = if is_bare {
        ((scenario.bare)(), StatusCode::OK)
    } else {
        ((scenario.router)(inputs), scenario.status)
    };
    let requests = (scenario.requests)(inputs);
    let mut requests = requests.iter().cycle();
    // The first one waits for what the others find in a cache: the keys, the user.
    let first = router.clone().oneshot(with_body(requests.next().unwrap()));
    let first = runtime.block_on(first).unwrap();
    assert_eq!(first.status(), status, "{}", scenario.name);
    let _blocks = black_box(blocks());
    let _guard = runtime.enter();
    for size in [WARM_UP, COUNTED] {
        batch(&mut router, requests.by_ref().take(size), status);
    }
}

/// Takes what the set-up left free in the heap, so that large allocations come from its end. Otherwise it depends on
/// the machine's cores, among other things, where they come from and what that costs.
fn blocks() -> Vec<Vec<u8>> {
    (0..10_000).map(|_| Vec::with_capacity(BLOCK)).collect()
}

/// Callgrind writes what it counted whenever this returns.
#[inline(never)]
fn batch<'a>(
    router: &mut Router,
    requests: impl Iterator<Item = &'a Request<()>>,
    status: StatusCode,
) {
    for request in requests {
        assert_eq!(call(router, request), status);
    }
}

/// Sends a request whose response is ready at the first poll.
fn call(router: &mut Router, request: &Request<()>) -> StatusCode {
    let response = pin!(router.call(with_body(request)));
    match response.poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(Ok(response)) => response.status(),
        Poll::Pending => panic!("a response waits for something"),
    }
}

fn with_body(request: &Request<()>) -> Request<Body> {
    request.clone().map(|()| Body::empty())
}

/// Requests of a run, and how many of them are counted.
pub(crate) const REQUESTS: usize = 1 + WARM_UP + COUNTED;
pub(crate) const COUNTED: usize = 500;
const WARM_UP: usize = 100;
/// Bytes: more than what glibc keeps in a cache of the thread's own.
const BLOCK: usize = 1040;
