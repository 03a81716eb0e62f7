//! Deliveries that repeat, arrive out of order, and at two machines at the same time.

use std::time::Duration;

use fief_test_server::FiefTestServer;
use serde_json::Value;

use super::{
    EMAIL, HOUR, SECOND, bearer, build, data, deliver, logged_in, machine, machines, server,
    status_at, try_deliver,
};

const NOW: Duration = Duration::ZERO;

/// D21: the session of a login after the reset is not ended by a repetition.
#[tokio::test]
async fn a_repeated_delivery_ends_no_later_session() {
    for (kind, is_active) in [("user.password_reset", true), ("user.updated", false)] {
        let server = server().await;
        let (one, other, _) = machines(&server);
        let before = logged_in(&server, &one).await;
        let event = data(&server, EMAIL, is_active, NOW);
        deliver(&one, &server, kind, event.clone()).await;
        if !is_active {
            server.advance(SECOND);
            deliver(
                &one,
                &server,
                "user.updated",
                data(&server, EMAIL, true, NOW),
            )
            .await;
        }
        server.advance(SECOND);
        let after = logged_in(&server, &other).await;
        for app in [&one, &other, &one] {
            deliver(app, &server, kind, event.clone()).await;
        }
        let mut earlier = event.clone();
        earlier["updated_at"] = data(&server, EMAIL, true, HOUR)["updated_at"].clone();
        deliver(&other, &server, kind, earlier).await;
        for app in [&one, &other] {
            assert_eq!(status_at(app, &after, "/castles").await, 200, "{kind}");
            assert_eq!(status_at(app, &before, "/castles").await, 303, "{kind}");
        }
    }
}

/// Returns the deliveries of a user that was blocked and activated again and again, the last one `is_active`.
fn history(server: &FiefTestServer, is_active: bool) -> Vec<Value> {
    (0..6_u64)
        .map(|number| {
            let ago = Duration::from_secs(5 - number);
            data(server, EMAIL, (number % 2 == 1) == is_active, ago)
        })
        .collect()
}

/// D21: in any order, at any machine, what was changed last counts.
#[tokio::test]
async fn in_any_order_the_latest_change_counts() {
    for is_active in [true, false] {
        for seed in 0..12_u64 {
            let server = server().await;
            let (one, other, store) = machines(&server);
            let mut events = history(&server, is_active);
            let mut state = seed + 1;
            for number in (1..events.len()).rev() {
                state = state
                    .wrapping_mul(6_364_136_223_846_793_005)
                    .wrapping_add(1);
                events.swap(number, (state >> 33) as usize % (number + 1));
            }
            for (number, event) in events.into_iter().enumerate() {
                let app = if (seed >> (number % 4)) & 1 == 0 {
                    &one
                } else {
                    &other
                };
                deliver(app, &server, "user.updated", event).await;
            }
            server.advance(5 * SECOND);
            let expected = if is_active { 200 } else { 401 };
            let token = server.access_token().mint();
            for app in [&one, &other, &build(machine(&server, &store))] {
                assert_eq!(bearer(app, &token).await, expected, "{seed}");
            }
        }
    }
}

/// D21: and so does it if all arrive at the same time, at two machines. None is lost.
#[tokio::test(flavor = "multi_thread")]
async fn at_the_same_time_the_latest_change_counts() {
    for round in 0..20 {
        let is_active = round % 2 == 0;
        let server = server().await;
        let (one, other, store) = machines(&server);
        let mut tasks = tokio::task::JoinSet::new();
        for (number, event) in history(&server, is_active).into_iter().enumerate() {
            let app = if (number + round) % 3 == 0 {
                one.clone()
            } else {
                other.clone()
            };
            let body = serde_json::json!({"type": "user.updated", "data": event}).to_string();
            // As Fief does: up to five attempts, while another delivery is being handled.
            let attempts: Vec<_> = (0..5).map(|_| super::signed(&server, &body)).collect();
            tasks.spawn(async move {
                let mut status = 0;
                for request in attempts {
                    let response = tower::ServiceExt::oneshot(app.clone(), request);
                    status = response.await.unwrap().status().as_u16();
                    if status != 503 {
                        break;
                    }
                }
                status
            });
        }
        let statuses = tasks.join_all().await;
        assert!(statuses.iter().all(|status| *status == 204), "{statuses:?}");
        let expected = if is_active { 200 } else { 401 };
        let token = server.access_token().mint();
        // A machine that knows only what the store says.
        let third = build(machine(&server, &store));
        assert_eq!(bearer(&third, &token).await, expected, "{round}");
    }
}

/// D21: a machine that died while it held the lock of a user.
#[tokio::test]
async fn the_lock_of_a_machine_that_died_expires() {
    let server = server().await;
    let (one, other, store) = machines(&server);
    let visitor = logged_in(&server, &one).await;
    // Dies at the save of what it has merged.
    deliver(
        &one,
        &server,
        "user.updated",
        data(&server, EMAIL, true, HOUR),
    )
    .await;
    let held = store.hold_next_save();
    let dying = {
        let (server_time, one) = (data(&server, EMAIL, false, NOW), one.clone());
        let body = serde_json::json!({"type": "user.updated", "data": server_time}).to_string();
        let request = super::signed(&server, &body);
        tokio::spawn(async move { tower::ServiceExt::oneshot(one, request).await })
    };
    while !store.is_holding_save() {
        tokio::task::yield_now().await;
    }
    // Fief gives up, and another machine gets the repetition while the lock is held.
    dying.abort();
    let inactive = || data(&server, EMAIL, false, NOW);
    let busy = try_deliver(&other, &server, "user.updated", inactive()).await;
    assert_eq!(busy.status, 503);
    server.advance(73 * SECOND);
    deliver(&other, &server, "user.updated", inactive()).await;
    assert_eq!(status_at(&other, &visitor, "/castles").await, 303);
    drop(held);
}
