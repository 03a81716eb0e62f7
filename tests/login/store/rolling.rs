//! Logins at machines that share a store, while their session key is replaced.

use axum::http::Method;
use fief_axum::{FiefAuthBuilder, SessionKey};
use fief_test_server::{Endpoint, Fault, FiefTestServer};
use tokio::task::yield_now;

use super::exchange::Machines;
use crate::{
    login::{builder_with, exchange::open, kept::recover},
    web,
};

/// Returns the builder of a machine with these keys, of which the first one seals.
fn machine(server: &FiefTestServer, keys: &[u8]) -> FiefAuthBuilder {
    let mut keys = keys.iter().map(|key| {
        let bytes: Vec<_> = (0..32).map(|n| n * key).collect();
        SessionKey::from_bytes(&bytes).unwrap()
    });
    let builder = builder_with(server, web::fief(server), keys.next().unwrap());
    keys.fold(builder, FiefAuthBuilder::previous_session_key)
}

async fn machines(keys: [&[u8]; 2]) -> Machines {
    Machines::of(|server| keys.map(|keys| machine(server, keys))).await
}

/// LF-4: each has the key of the other one as its second.
#[tokio::test]
async fn two_machines_at_once_share_a_login() {
    let at = machines([&[1, 2], &[2, 1]]).await;

    let both = [open(&at.here, &at.callback), open(&at.there, &at.callback)];

    for callback in both {
        let (response, mut visitor) = callback.await.unwrap();
        assert_eq!(response.header("location"), "/castles");
        assert_eq!(visitor.open("/castles").await.status, 200);
    }
    assert_eq!(at.server.requests(Endpoint::Token), 1);
}

/// LF-4, RF-9: one machine has records that the other one does not know.
#[tokio::test]
async fn a_machine_with_another_key_waits_for_a_login() {
    for keys in [[&[1][..], &[1, 2]], [&[1, 2], &[1]], [&[1], &[2, 1]]] {
        let at = machines(keys).await;
        at.server.fault_once(Endpoint::Token, Fault::hang());
        let here = open(&at.here, &at.callback);
        at.server.wait_for_requests(Endpoint::Token, 1).await;
        let loads = at.store.loads();
        let there = open(&at.there, &at.callback);
        while at.store.loads() < loads + 4 {
            yield_now().await;
        }
        at.server.clear_faults();

        for callback in [here, there] {
            let (response, _) = callback.await.unwrap();
            assert_eq!(response.header("location"), "/castles", "{keys:?}");
        }
        assert_eq!(at.server.requests(Endpoint::Token), 1);
    }
}

/// RF-9, D12: with a key that it does not have, it cannot know more than that.
#[tokio::test]
async fn a_logout_at_a_machine_with_another_key_drops_a_kept_login() {
    for (keys, status) in [
        ([&[1][..], &[1, 2]], 400),
        ([&[1, 2], &[1]], 400),
        ([&[1, 2], &[2, 1]], 400),
        ([&[1], &[2, 1]], 503),
    ] {
        let mut at = machines(keys).await;
        at.keep().await;
        assert_eq!(at.there.open(&at.callback).await.status, 503);
        recover(&at.server);

        at.there.fetch(Method::POST, "/logout").await;

        assert_eq!(at.here.open(&at.callback).await.status, status, "{keys:?}");
    }
}
