//! What an event changes on the machine that receives it and on another one that shares its store.

use std::time::Duration;

use fief_test_server::{Client, Endpoint, FiefTestServer, User};
use serde_json::json;

use super::{
    EMAIL, HOUR, OTHER, SECOND, bearer, build, data, deliver, logged_in, machine, machines,
    role_data, server, status_at, try_deliver, verifier,
};
use crate::login::{self, Memory};

const NOW: Duration = Duration::ZERO;

/// D8, D21: all loads at once; the mark for all once a second.
#[tokio::test]
async fn with_marks_a_request_loads_from_the_store_once() {
    let server = server().await;
    let (_, other, store) = machines(&server);
    let visitor = logged_in(&server, &other).await;
    deliver(
        &other,
        &server,
        "user.updated",
        data(&server, EMAIL, true, NOW),
    )
    .await;
    for loads in [5, 4, 4] {
        if loads == 5 {
            server.advance(SECOND);
        }
        let before = store.loads();
        assert_eq!(status_at(&other, &visitor, "/castles").await, 200);
        assert_eq!(store.loads() - before, loads);
    }
    assert_eq!(store.loads_at_once(), 5);
}

/// D21: with the first request after the delivery.
#[tokio::test]
async fn users_that_may_no_longer_be_here_are_logged_out_everywhere() {
    for (kind, is_active) in [
        ("user.deleted", true),
        ("user.updated", false),
        ("user.password_reset", true),
    ] {
        let server = server().await;
        let (one, other, _) = machines(&server);
        let at_one = logged_in(&server, &one).await;
        let at_other = logged_in(&server, &other).await;
        let token = server.access_token().authenticated_ago(SECOND).mint();
        assert_eq!(bearer(&other, &token).await, 200);

        deliver(&one, &server, kind, data(&server, EMAIL, is_active, NOW)).await;
        for visitor in [&at_one, &at_other] {
            assert_eq!(status_at(&other, visitor, "/castles").await, 303, "{kind}");
            assert_eq!(status_at(&one, visitor, "/castles").await, 303, "{kind}");
        }
        assert_eq!(bearer(&one, &token).await, 401, "{kind}");
        server.advance(5 * SECOND);
        assert_eq!(bearer(&other, &token).await, 401, "{kind}");
        let louis = server.access_token().user(OTHER).mint();
        assert_eq!(bearer(&other, &louis).await, 200, "{kind}");
    }
}

/// D21: an account that is active again, and one that is deleted.
#[tokio::test]
async fn only_a_later_activation_lifts_a_denial() {
    let server = server().await;
    let (one, other, _) = machines(&server);
    let token = server.access_token().mint();
    let status = async || {
        server.advance(5 * SECOND);
        (bearer(&one, &token).await, bearer(&other, &token).await)
    };
    deliver(
        &one,
        &server,
        "user.updated",
        data(&server, EMAIL, false, 10 * SECOND),
    )
    .await;
    assert_eq!(status().await, (401, 401));
    // Before, and without a time.
    deliver(
        &other,
        &server,
        "user.updated",
        data(&server, EMAIL, true, 20 * SECOND),
    )
    .await;
    let odd = json!({"id": server.user_id(EMAIL), "is_active": true});
    deliver(&other, &server, "user.updated", odd).await;
    assert_eq!(status().await, (401, 401));
    deliver(
        &other,
        &server,
        "user.updated",
        data(&server, EMAIL, true, NOW),
    )
    .await;
    assert_eq!(status().await, (200, 200));
    // A delivery of before, which is repeated.
    deliver(
        &one,
        &server,
        "user.updated",
        data(&server, EMAIL, false, 40 * SECOND),
    )
    .await;
    assert_eq!(status().await, (200, 200));

    deliver(
        &one,
        &server,
        "user.deleted",
        data(&server, EMAIL, true, HOUR),
    )
    .await;
    deliver(
        &other,
        &server,
        "user.updated",
        data(&server, EMAIL, true, NOW),
    )
    .await;
    assert_eq!(status().await, (401, 401));
}

/// D21: `auth_time` decides, which a refresh keeps.
#[tokio::test]
async fn after_a_password_reset_tokens_of_later_logins_are_accepted() {
    let server = server().await;
    let (one, _, _) = machines(&server);
    deliver(
        &one,
        &server,
        "user.password_reset",
        data(&server, EMAIL, true, 60 * SECOND),
    )
    .await;
    let token = |ago| server.access_token().authenticated_ago(ago).mint();
    assert_eq!(bearer(&one, &token(61 * SECOND)).await, 401);
    assert_eq!(bearer(&one, &token(59 * SECOND)).await, 200);
    let unknown = server.access_token().without_claim("auth_time").mint();
    assert_eq!(bearer(&one, &unknown).await, 401);
}

/// D16, D21: user info, with the next session request at the other machine.
#[tokio::test]
async fn user_info_is_fetched_again_on_all_machines() {
    let server = named().await;
    let (one, other, _) = machines(&server);
    let visitor = logged_in(&server, &one).await;
    let open = async |app: &axum::Router| visitor.at(app.clone()).open("/name").await.body;
    assert_eq!(open(&other).await, "\"Anne\"");
    server.reset_requests();
    assert_eq!(
        (open(&one).await, open(&other).await),
        ("\"Anne\"".into(), "\"Anne\"".into())
    );
    assert_eq!(server.requests(Endpoint::Userinfo), 0);

    deliver(
        &one,
        &server,
        "user.updated",
        data(&server, EMAIL, true, NOW),
    )
    .await;
    open(&other).await;
    open(&one).await;
    assert_eq!(server.requests(Endpoint::Userinfo), 2);
    open(&other).await;
    assert_eq!(server.requests(Endpoint::Userinfo), 2);
}

async fn named() -> FiefTestServer {
    let server = FiefTestServer::builder()
        .client(Client::new("castles").token_lifetime(24 * HOUR))
        .user(User::new(EMAIL, "herminetincture").field("first_name", "Anne"))
        .start()
        .await
        .unwrap();
    server.set_time(std::time::SystemTime::now());
    server
}

/// D21: what the docs say of an application without a store.
#[tokio::test]
async fn without_a_store_an_event_counts_in_its_process() {
    let server = server().await;
    let [one, other] = [(); 2].map(|()| {
        let builder = login::builder_with(&server, crate::web::fief(&server), login::key());
        build(
            builder
                .offline_access()
                .webhooks("/webhooks", verifier(&server)),
        )
    });
    let visitor = logged_in(&server, &one).await;
    let token = server.access_token().mint();
    deliver(
        &one,
        &server,
        "user.updated",
        data(&server, EMAIL, false, NOW),
    )
    .await;
    assert_eq!(status_at(&one, &visitor, "/castles").await, 303);
    assert_eq!(bearer(&one, &token).await, 401);
    if login::store::chosen(&server).is_none() {
        assert_eq!(status_at(&other, &visitor, "/castles").await, 200);
        assert_eq!(bearer(&other, &token).await, 200);
    }
}

/// D5, D21: a store that fails: this process acts, and Fief has to repeat.
#[tokio::test]
async fn while_the_store_fails_fief_delivers_again() {
    let server = server().await;
    let (one, other, store) = machines(&server);
    let visitor = logged_in(&server, &one).await;
    let token = server.access_token().mint();
    store.fail(true);
    let inactive = || data(&server, EMAIL, false, NOW);
    let failed = try_deliver(&one, &server, "user.updated", inactive()).await;
    assert_eq!(failed.status, 503);
    assert_eq!(bearer(&one, &token).await, 503);
    store.fail(false);
    server.advance(SECOND);
    assert_eq!(status_at(&one, &visitor, "/castles").await, 303);

    deliver(&other, &server, "user.updated", inactive()).await;
    assert_eq!(status_at(&other, &visitor, "/castles").await, 303);
    server.advance(5 * SECOND);
    assert_eq!(bearer(&other, &token).await, 401);
    for kind in ["role.updated", "user_role.created"] {
        store.fail(true);
        let failed = try_deliver(&one, &server, kind, role_data(&server, EMAIL)).await;
        assert_eq!(failed.status, 503, "{kind}");
        store.fail(false);
        deliver(&one, &server, kind, role_data(&server, EMAIL)).await;
    }
}

/// D11, D21: what a store evicts revives no session, and what is known is kept.
#[tokio::test]
async fn a_store_that_evicts_marks_revives_no_session() {
    let server = server().await;
    let (one, other, store) = machines(&server);
    let visitor = logged_in(&server, &one).await;
    let before = store.ids();
    let token = server.access_token().mint();
    deliver(
        &one,
        &server,
        "user.updated",
        data(&server, EMAIL, false, NOW),
    )
    .await;
    server.advance(5 * SECOND);
    assert_eq!(bearer(&other, &token).await, 401);
    store.change(|records| records.retain(|id, _| before.contains(id)));
    server.advance(5 * SECOND);
    assert_eq!(bearer(&other, &token).await, 401);
    for app in [&one, &other, &build(machine(&server, &store))] {
        assert_eq!(status_at(app, &visitor, "/castles").await, 303);
    }
    // Active again: a session that has ended stays ended.
    deliver(
        &one,
        &server,
        "user.updated",
        data(&server, EMAIL, true, NOW),
    )
    .await;
    server.advance(5 * SECOND);
    assert_eq!(bearer(&other, &token).await, 200);
    assert_eq!(status_at(&other, &visitor, "/castles").await, 303);
}

/// D11, D21: a foreign record is as good as none, and is replaced.
#[tokio::test]
async fn foreign_marks_mean_nothing() {
    let server = server().await;
    let (one, other, store) = machines(&server);
    let before = store.ids();
    deliver(
        &one,
        &server,
        "user.updated",
        data(&server, EMAIL, false, NOW),
    )
    .await;
    store.change(|records| {
        for (id, record) in records {
            if !before.contains(id) {
                record
                    .data
                    .insert("fief".into(), json!("of other software"));
            }
        }
    });
    let token = server.access_token().mint();
    assert_eq!(bearer(&other, &token).await, 200);
    server.advance(HOUR);
    deliver(
        &other,
        &server,
        "user.updated",
        data(&server, EMAIL, false, NOW),
    )
    .await;
    let third = build(machine(&server, &store));
    assert_eq!(bearer(&third, &token).await, 401);
}

/// D11, D21: while the session key is replaced, all machines find the mark.
#[tokio::test]
async fn marks_are_found_while_the_session_key_is_replaced() {
    let server = server().await;
    let store = Memory::default();
    let new = || fief_axum::SessionKey::from_bytes(b"the next key of 32 random letters").unwrap();
    let keyed = |first, previous: Option<fief_axum::SessionKey>| {
        let fief = crate::web::fief(&server);
        let mut builder = login::builder_with(&server, fief, first).session_store(store.clone());
        if let Some(previous) = previous {
            builder = builder.previous_session_key(previous);
        }
        build(
            builder
                .offline_access()
                .webhooks("/webhooks", verifier(&server)),
        )
    };
    let old = keyed(login::key(), Some(new()));
    let both = keyed(new(), Some(login::key()));
    let latest = keyed(new(), None);
    let token = server.access_token().mint();
    for (from, to) in [(&old, &both), (&both, &old), (&latest, &both)] {
        let at = logged_in(
            &server,
            if std::ptr::eq(from, &latest) {
                &both
            } else {
                from
            },
        )
        .await;
        deliver(
            from,
            &server,
            "user.updated",
            data(&server, EMAIL, false, NOW),
        )
        .await;
        assert_eq!(status_at(to, &at, "/castles").await, 303);
        server.advance(6 * SECOND);
        assert_eq!(bearer(to, &token).await, 401);
        deliver(to, &server, "user.updated", data(&server, EMAIL, true, NOW)).await;
        server.advance(6 * SECOND);
        assert_eq!(bearer(from, &token).await, 200);
    }
}

/// D11, D21: a session of the key of before, whose machine does not seal with the new one yet.
#[tokio::test]
async fn a_changed_role_counts_for_a_session_of_a_previous_key() {
    let server = server().await;
    let store = Memory::default();
    let new = || fief_axum::SessionKey::from_bytes(b"the next key of 32 random letters").unwrap();
    let keyed = |first, previous| {
        let fief = crate::web::fief(&server);
        let builder = login::builder_with(&server, fief, first).session_store(store.clone());
        let builder = builder.offline_access().previous_session_key(previous);
        build(
            builder
                .idle_timeout(24 * HOUR)
                .webhooks("/webhooks", verifier(&server)),
        )
    };
    let (old, both) = (keyed(login::key(), new()), keyed(new(), login::key()));
    for (from, to) in [(&old, &both), (&both, &old)] {
        server.set_permissions(EMAIL, [""; 0]);
        let visitor = logged_in(&server, from).await;
        server.advance(HOUR);
        assert_eq!(status_at(from, &visitor, "/create").await, 403);
        server.set_permissions(EMAIL, ["castles:create"]);
        deliver(to, &server, "user_role.created", role_data(&server, EMAIL)).await;
        assert_eq!(status_at(from, &visitor, "/create").await, 200);
        deliver(to, &server, "user_role.deleted", role_data(&server, EMAIL)).await;
    }
}

/// D21: a login that began before its user was deleted or blocked.
#[tokio::test]
async fn a_login_of_before_a_deletion_creates_no_session() {
    for (kind, is_active) in [("user.deleted", true), ("user.updated", false)] {
        let server = server().await;
        let (one, other, _) = machines(&server);
        let mut visitor = crate::login::Visitor::new(one.clone());
        let callback = visitor.begin(&server, "/login").await;
        deliver(&other, &server, kind, data(&server, EMAIL, is_active, NOW)).await;
        let response = visitor.open(&callback).await;
        assert_ne!(response.status, 303, "{kind}");
        assert_ne!(status_at(&one, &visitor, "/castles").await, 200, "{kind}");
    }
}

/// D21
#[tokio::test]
async fn a_user_id_of_another_case_is_the_same_user() {
    let server = server().await;
    let (one, _, _) = machines(&server);
    let token = server.access_token().mint();
    let mut data = data(&server, EMAIL, false, NOW);
    data["id"] = json!(server.user_id(EMAIL).to_string().to_uppercase());
    deliver(&one, &server, "user.updated", data).await;
    assert_eq!(bearer(&one, &token).await, 401);
}

/// D21: the receiver without a login, an API, denies as well.
#[tokio::test]
async fn an_api_receives_webhooks_too() {
    let server = server().await;
    let fief = crate::web::fief(&server);
    let builder = fief_axum::FiefAuth::builder(fief).webhooks("/webhooks", verifier(&server));
    let app = build(builder);
    let token = server.access_token().mint();
    assert_eq!(bearer(&app, &token).await, 200);
    deliver(
        &app,
        &server,
        "user.deleted",
        data(&server, EMAIL, true, NOW),
    )
    .await;
    assert_eq!(bearer(&app, &token).await, 401);
    deliver(&app, &server, "role.deleted", json!({})).await;
}

/// D16, D21: a cache that the machines share, and bearer callers within its freshness.
#[tokio::test]
async fn user_info_of_bearer_callers_is_outdated_for_its_freshness_at_most() {
    let server = named().await;
    let (one, other, _) = machines(&server);
    let token = server.access_token().mint();
    let open = async |app: &axum::Router| {
        let request = axum::http::Request::get("/name");
        let request = request.header("authorization", format!("Bearer {token}"));
        crate::web::send(app, request).await.body
    };
    assert_eq!(
        (open(&one).await, open(&other).await),
        ("\"Anne\"".into(), "\"Anne\"".into())
    );
    let update = json!({"fields": {"first_name": "Constance"}});
    let client = reqwest::Client::new();
    let profile = format!("{}/api/profile", server.url());
    let response = client
        .patch(profile)
        .bearer_auth(&token)
        .json(&update)
        .send();
    assert_eq!(response.await.unwrap().status(), 200);
    deliver(
        &one,
        &server,
        "user.updated",
        data(&server, EMAIL, true, NOW),
    )
    .await;
    assert_eq!(open(&one).await, "\"Constance\"");
    // The look-up of the user, for denials, finds the mark.
    server.advance(5 * SECOND);
    assert_eq!(open(&other).await, "\"Constance\"");
}
