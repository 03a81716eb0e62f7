//! Permissions: sessions are refreshed because of an event.

use fief_test_server::{Client, Endpoint, Fault, FiefTestServer};
use serde_json::json;

use super::{
    EMAIL, HOUR, SECOND, build, deliver, logged_in, machine, machines, role_data, server,
    status_at, verifier,
};
use crate::login::{self, Memory, Visitor};

fn refreshes(server: &FiefTestServer) -> usize {
    server.requests(Endpoint::Token)
}

/// D21: before the next response at either machine, and once more after a minute.
#[tokio::test]
async fn a_changed_role_counts_in_the_next_response_on_all_machines() {
    for kind in ["user_role.created", "user_permission.created"] {
        let server = server().await;
        let (one, other, _) = machines(&server);
        let visitor = logged_in(&server, &one).await;
        server.advance(HOUR);
        assert_eq!(status_at(&other, &visitor, "/create").await, 403);
        server.reset_requests();

        server.set_permissions(EMAIL, ["castles:create"]);
        deliver(&one, &server, kind, role_data(&server, EMAIL)).await;
        assert_eq!(status_at(&other, &visitor, "/create").await, 200, "{kind}");
        for _ in 0..3 {
            assert_eq!(status_at(&other, &visitor, "/create").await, 200);
        }
        assert_eq!(refreshes(&server), 1);
        // The other machine does not know that: within the first minute, once for each.
        assert_eq!(status_at(&one, &visitor, "/create").await, 200);
        server.advance(61 * SECOND);
        let before = refreshes(&server);
        assert!(before <= 2);
        for app in [&one, &other, &one] {
            assert_eq!(status_at(app, &visitor, "/create").await, 200);
        }
        assert_eq!(refreshes(&server), before + 1);

        server.set_permissions(EMAIL, [""; 0]);
        let deleted = kind.replace("created", "deleted");
        deliver(&other, &server, &deleted, role_data(&server, EMAIL)).await;
        assert_eq!(status_at(&one, &visitor, "/create").await, 403, "{kind}");
    }
}

/// D21: all requests of the session at once, and those of another user not at all.
#[tokio::test(flavor = "multi_thread")]
async fn a_changed_role_refreshes_a_session_once_for_all_its_requests() {
    let server = server().await;
    let (one, other, _) = machines(&server);
    let visitor = logged_in(&server, &one).await;
    let mut louis = Visitor::new(one.clone());
    louis.log_in_as(&server, super::OTHER).await;
    server.advance(HOUR);
    server.reset_requests();
    deliver(
        &one,
        &server,
        "user_role.created",
        role_data(&server, EMAIL),
    )
    .await;
    let mut tasks = tokio::task::JoinSet::new();
    for _ in 0..100 {
        let (app, visitor) = (other.clone(), visitor.clone());
        tasks.spawn(async move { status_at(&app, &visitor, "/castles").await });
    }
    assert!(tasks.join_all().await.iter().all(|status| *status == 200));
    assert_eq!(refreshes(&server), 1);
    assert_eq!(status_at(&other, &louis, "/castles").await, 200);
    assert_eq!(refreshes(&server), 1);
}

/// D5, D21: permissions that may be gone are not used while Fief cannot say.
#[tokio::test]
async fn while_fief_is_unreachable_the_session_waits() {
    let server = server().await;
    let (one, other, _) = machines(&server);
    let visitor = logged_in(&server, &one).await;
    server.advance(HOUR);
    deliver(
        &one,
        &server,
        "user_role.deleted",
        role_data(&server, EMAIL),
    )
    .await;
    server.fault(Endpoint::Token, Fault::status(500));
    assert_eq!(status_at(&other, &visitor, "/castles").await, 503);
    server.clear_faults();
    server.advance(6 * SECOND);
    assert_eq!(status_at(&other, &visitor, "/castles").await, 200);
}

/// D21: within five minutes, spread, each session once.
#[tokio::test]
async fn a_changed_role_of_all_refreshes_each_session_within_five_minutes() {
    let server = server().await;
    let (one, other, _) = machines(&server);
    let mut visitors = Vec::new();
    for _ in 0..12 {
        visitors.push(logged_in(&server, &one).await);
    }
    server.advance(HOUR);
    server.set_permissions(EMAIL, ["castles:create"]);
    deliver(&one, &server, "role.updated", json!({})).await;
    server.reset_requests();
    let mut after = Vec::new();
    for second in 0..=300 {
        for visitor in &visitors {
            status_at(&other, visitor, "/castles").await;
        }
        if refreshes(&server) > after.len() {
            after.resize(refreshes(&server), second);
        }
        server.advance(SECOND);
    }
    assert_eq!(after.len(), 12, "{after:?}");
    assert!(
        after[0] > 60 && after[11] <= 300 && after[11] - after[0] > 60,
        "{after:?}"
    );
    for visitor in &visitors {
        assert_eq!(status_at(&other, visitor, "/create").await, 200);
    }
    server.advance(400 * SECOND);
    for visitor in &visitors {
        assert_eq!(status_at(&one, visitor, "/create").await, 200);
    }
    assert_eq!(refreshes(&server), 12);
    println!("refreshed after {after:?} s");
}

/// D21: a session that cannot be refreshed keeps its permissions, unless a setting ends it.
#[tokio::test]
async fn a_session_without_a_refresh_token_keeps_its_permissions_or_ends() {
    for ends in [false, true] {
        let server = server().await;
        let store = Memory::default();
        let builder = || {
            let builder = login::builder(&server).session_store(store.clone());
            let builder = builder.idle_timeout(24 * HOUR);
            let builder = builder.webhooks("/webhooks", verifier(&server));
            if ends {
                builder.end_outdated_sessions()
            } else {
                builder
            }
        };
        let (one, other) = (build(builder()), build(builder()));
        let visitor = logged_in(&server, &one).await;
        let later = logged_in(&server, &one).await;
        server.advance(HOUR);
        deliver(
            &one,
            &server,
            "user_role.deleted",
            role_data(&server, EMAIL),
        )
        .await;
        let expected = if ends { 303 } else { 200 };
        assert_eq!(status_at(&other, &visitor, "/castles").await, expected);
        // It has ended, and not only here.
        let plain = build(
            login::builder(&server)
                .session_store(store.clone())
                .idle_timeout(24 * HOUR),
        );
        assert_eq!(status_at(&plain, &visitor, "/castles").await, expected);
        // A login within the same minute lasts.
        server.advance(SECOND);
        let again = logged_in(&server, &one).await;
        assert_eq!(status_at(&other, &again, "/castles").await, 200);
        server.advance(62 * SECOND);
        assert_eq!(status_at(&other, &again, "/castles").await, 200);

        deliver(&one, &server, "role.deleted", json!({})).await;
        assert_eq!(status_at(&other, &again, "/castles").await, 200);
        server.advance(301 * SECOND);
        assert_eq!(status_at(&other, &again, "/castles").await, expected);
        drop(later);
    }
}

/// D21: nor can one whose refresh token Fief no longer accepts be refreshed.
#[tokio::test]
async fn a_session_with_a_rejected_refresh_token_keeps_its_permissions_or_ends() {
    for ends in [false, true] {
        let server = server().await;
        let store = Memory::default();
        let build_one = || {
            let builder = machine(&server, &store);
            build(if ends {
                builder.end_outdated_sessions()
            } else {
                builder
            })
        };
        let (one, other) = (build_one(), build_one());
        let visitor = logged_in(&server, &one).await;
        server.advance(HOUR);
        let event = role_data(&server, EMAIL);
        deliver(&one, &server, "user_role.deleted", event).await;
        let rejected = Fault::status(400).header("content-type", "application/json");
        let rejected = rejected.body(r#"{"error":"invalid_grant"}"#);
        server.fault_once(Endpoint::Token, rejected);
        let expected = if ends { 303 } else { 200 };
        assert_eq!(status_at(&other, &visitor, "/castles").await, expected);
        server.advance(62 * SECOND);
        assert_eq!(status_at(&other, &visitor, "/castles").await, expected);
    }
}

/// D21: in cookies, in the process that receives the event.
#[tokio::test]
async fn in_cookies_a_changed_role_counts_in_this_process() {
    let server = FiefTestServer::builder()
        .client(Client::new("castles").token_lifetime(24 * HOUR))
        .start()
        .await
        .unwrap();
    server.set_time(std::time::SystemTime::now());
    let app = build(super::refreshing(&server).webhooks("/webhooks", verifier(&server)));
    let mut visitor = logged_in(&server, &app).await;
    let before = visitor.clone();
    server.advance(HOUR / 2);
    server.set_permissions(EMAIL, ["castles:create"]);
    deliver(
        &app,
        &server,
        "user_role.created",
        role_data(&server, EMAIL),
    )
    .await;
    server.reset_requests();
    assert_eq!(visitor.open("/create").await.status, 200);
    assert_eq!(visitor.open("/create").await.status, 200);
    // A request that was sent before the new cookies arrived.
    assert_eq!(status_at(&app, &before, "/create").await, 200);
    assert_eq!(refreshes(&server), 1);
}

/// D12: however many changes there are, a client that sends its first cookies again gets no permission of before.
#[tokio::test]
async fn the_cookies_of_before_several_changes_have_the_permissions_of_now() {
    let server = server().await;
    let app = build(super::refreshing(&server).webhooks("/webhooks", verifier(&server)));
    server.set_permissions(EMAIL, ["castles:create"]);
    let visitor = logged_in(&server, &app).await;
    server.advance(HOUR / 2);
    let change = async || {
        let event = role_data(&server, EMAIL);
        deliver(&app, &server, "user_permission.deleted", event).await;
    };
    for _ in 0..4 {
        change().await;
        assert_eq!(status_at(&app, &visitor, "/create").await, 200);
    }
    server.set_permissions(EMAIL, [""; 0]);
    change().await;

    for _ in 0..40 {
        assert_ne!(status_at(&app, &visitor, "/create").await, 200);
        server.advance(SECOND);
    }
}
