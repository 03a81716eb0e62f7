//! Machines that share a store, and whose clocks differ by up to a minute.

use std::time::Duration;

use tokio::task::yield_now;

use super::exchange::Machines;
use crate::login::{exchange::open, kept::recover};

/// LF-17, FD-34: the browser has lost the response of the first machine.
#[tokio::test]
async fn a_machine_of_another_clock_joins_a_finished_login() {
    for clocks in [[0, 55], [55, 0]] {
        let mut at = Machines::ahead(clocks).await;
        at.here.open(&at.callback).await;

        let joined = at.there.open(&at.callback).await;

        assert_eq!(joined.header("location"), "/castles", "{clocks:?}");
        at.assert_finished(&mut at.there.clone()).await;
    }
}

/// LF-17, FD-34, D12: the first machine has been completing the login for ten seconds.
#[tokio::test]
async fn a_machine_of_another_clock_waits_for_a_login_that_is_being_completed() {
    let mut at = Machines::ahead([0, 55]).await;
    at.keep().await;
    recover(&at.server);
    let held = at.store.hold_next_save();
    let here = open(&at.here, &at.callback);
    while !at.store.is_holding_save() {
        yield_now().await;
    }
    at.server.advance(Duration::from_secs(10));

    let there = at.there.open(&at.callback).await;
    drop(held);

    assert_eq!(there.status, 503);
    let (response, mut visitor) = here.await.unwrap();
    assert_eq!(response.header("location"), "/castles");
    at.assert_finished(&mut visitor).await;
}
