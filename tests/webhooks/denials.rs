use axum::Router;
use fief_axum::{Error, FiefAuth};
use fief_test_server::{Endpoint, FiefTestServer};
use uuid::Uuid;

use super::{
    EMAIL, HOUR, OTHER, SECOND, app, bearer, build, data, deliver, home, logged_in, machine,
    refreshing, role_data, server, status_at,
};
use crate::{
    login::{self, Memory},
    web,
};

fn sharing(server: &FiefTestServer, store: &Memory) -> (FiefAuth, Router) {
    let builder = login::builder(server).session_store(store.clone());
    let auth = builder.shared_denials().build().unwrap();
    let app = app(&auth);
    (auth, app)
}

fn token(server: &FiefTestServer, email: &str) -> String {
    server.access_token().user(email).mint()
}

/// D21: the session of the same user is another matter.
#[tokio::test]
async fn the_tokens_of_a_denied_user_are_rejected_until_the_user_is_allowed() {
    let server = server().await;
    let auth = login::builder(&server).build().unwrap();
    let app = app(&auth);
    let visitor = logged_in(&server, &app).await;
    let [anne, louis] = [EMAIL, OTHER].map(|email| token(&server, email));
    assert_eq!(bearer(&app, &anne).await, 200);

    auth.deny_user(server.user_id(EMAIL)).await.unwrap();
    let response = web::send(&app, web::call(&anne).uri("/castles")).await;
    assert_eq!(response.status, 401);
    assert_eq!(response.error(), "invalid_token");
    assert_eq!(bearer(&app, &token(&server, EMAIL)).await, 401, "a new one");
    assert_eq!(web::send(&app, web::call(&anne)).await.body, "anonymous");
    assert_eq!(bearer(&app, &louis).await, 200);
    assert_eq!(status_at(&app, &visitor, "/castles").await, 200);

    auth.allow_user(server.user_id(EMAIL)).await.unwrap();
    assert_eq!(bearer(&app, &anne).await, 200);
    auth.deny_user(server.user_id(EMAIL)).await.unwrap();
    assert_eq!(bearer(&app, &anne).await, 401, "within the same instant");
}

/// D21, D23
#[tokio::test]
async fn the_token_cookie_of_a_denied_user_is_rejected() {
    let server = server().await;
    let auth = web::cookie_api(&server);
    let app = web::one(axum::routing::get(home)).layer(auth.layer());
    let cookie = format!("{}={}", web::COOKIE, token(&server, EMAIL));
    let request = || axum::http::Request::get("/").header("cookie", &cookie);
    assert_eq!(web::send(&app, request()).await.body, "known");
    auth.deny_user(server.user_id(EMAIL)).await.unwrap();
    assert_eq!(web::send(&app, request()).await.body, "anonymous");
}

/// D21: bounded in time.
#[tokio::test]
async fn a_denial_ends_with_its_lifetime() {
    let server = server().await;
    for (lifetime, hours) in [(None, 24), (Some(48 * HOUR), 48)] {
        let mut builder = refreshing(&server);
        if let Some(lifetime) = lifetime {
            builder = builder.denial_lifetime(lifetime);
        }
        let auth = builder.build().unwrap();
        let app = app(&auth);
        auth.deny_user(server.user_id(EMAIL)).await.unwrap();
        server.advance(hours * HOUR);
        assert_eq!(bearer(&app, &token(&server, EMAIL)).await, 401);
        server.advance(61 * SECOND);
        assert_eq!(bearer(&app, &token(&server, EMAIL)).await, 200);
    }
}

/// D21: another event prolongs no denial, and brings none back that has ended.
#[tokio::test]
async fn an_event_does_not_renew_a_denial() {
    for hours in [23, 25] {
        let (server, store) = (server().await, Memory::default());
        let auth = machine(&server, &store).build().unwrap();
        let here = app(&auth);
        let there = build(machine(&server, &store));
        auth.deny_user(server.user_id(EMAIL)).await.unwrap();
        server.advance(hours * HOUR);
        deliver(
            &here,
            &server,
            "user_role.created",
            role_data(&server, EMAIL),
        )
        .await;

        if hours < 24 {
            assert_eq!(bearer(&here, &token(&server, EMAIL)).await, 401);
            assert_eq!(bearer(&there, &token(&server, EMAIL)).await, 401);
            server.advance(HOUR + 61 * SECOND);
        }

        assert_eq!(bearer(&here, &token(&server, EMAIL)).await, 200);
        assert_eq!(bearer(&there, &token(&server, EMAIL)).await, 200);
    }
}

/// D21: an event that is delivered late denies for as long as any other.
#[tokio::test]
async fn a_late_event_denies_for_the_whole_lifetime() {
    for kind in ["user.updated", "user.password_reset"] {
        let (server, store) = (server().await, Memory::default());
        let start = || build(machine(&server, &store).denial_lifetime(HOUR));
        let (here, there) = (start(), start());
        let old = token(&server, EMAIL);
        server.advance(2 * HOUR);
        let late = data(&server, EMAIL, false, HOUR + 120 * SECOND);
        deliver(&here, &server, kind, late).await;

        assert_eq!(bearer(&here, &old).await, 401, "{kind}");
        assert_eq!(bearer(&there, &old).await, 401, "{kind}");
        server.advance(HOUR + 61 * SECOND);
        assert_eq!(bearer(&here, &old).await, 200, "{kind}");
    }
}

/// D21: bounded in number. What does not fit is an error, and drops no other.
#[tokio::test(flavor = "multi_thread")]
async fn a_full_list_of_denials_is_an_error() {
    let server = server().await;
    let auth = login::builder(&server).build().unwrap();
    let app = app(&auth);
    auth.deny_user(server.user_id(EMAIL)).await.unwrap();
    for number in 1..100_000 {
        auth.deny_user(Uuid::from_u128(number)).await.unwrap();
    }
    let error = auth.deny_user(server.user_id(OTHER)).await.unwrap_err();
    assert!(matches!(error, Error::SessionStore(_)), "{error}");
    auth.deny_user(server.user_id(EMAIL)).await.unwrap();
    assert_eq!(bearer(&app, &token(&server, EMAIL)).await, 401);
    assert_eq!(bearer(&app, &token(&server, OTHER)).await, 200);

    // Those that have expired make room.
    server.advance(25 * HOUR);
    auth.deny_user(server.user_id(OTHER)).await.unwrap();
    assert_eq!(bearer(&app, &token(&server, OTHER)).await, 401);
}

/// D21: one load for each user and period.
#[tokio::test]
async fn another_machine_looks_a_user_up_once_in_five_seconds() {
    let server = server().await;
    let store = Memory::default();
    let (auth, _) = sharing(&server, &store);
    let (_, other) = sharing(&server, &store);
    let anne = token(&server, EMAIL);
    for _ in 0..3 {
        assert_eq!(bearer(&other, &anne).await, 200);
    }
    assert_eq!(store.loads(), 1);

    auth.deny_user(server.user_id(EMAIL)).await.unwrap();
    let before = store.loads();
    server.advance(4 * SECOND);
    bearer(&other, &anne).await;
    assert_eq!(store.loads(), before);
    server.advance(SECOND);
    assert_eq!(bearer(&other, &anne).await, 401);
    assert_eq!(bearer(&other, &anne).await, 401);
    assert_eq!(store.loads(), before + 1);

    auth.allow_user(server.user_id(EMAIL)).await.unwrap();
    server.advance(5 * SECOND);
    assert_eq!(bearer(&other, &anne).await, 200);
}

/// D21: what is not configured costs nothing.
#[tokio::test]
async fn without_shared_denials_no_user_is_looked_up() {
    let server = server().await;
    let store = Memory::default();
    let builder = || login::builder(&server).session_store(store.clone());
    let app = build(builder());
    assert_eq!(bearer(&app, &token(&server, EMAIL)).await, 200);
    assert_eq!(store.loads(), 0);
    assert_eq!(server.requests(Endpoint::Userinfo), 0);
}

/// D5, D21: and the machine that is told denies nevertheless.
#[tokio::test]
async fn while_the_store_fails_bearer_tokens_are_rejected() {
    let server = server().await;
    let store = Memory::default();
    let (auth, app) = sharing(&server, &store);
    let [anne, louis] = [EMAIL, OTHER].map(|email| token(&server, email));
    assert_eq!(bearer(&app, &anne).await, 200);
    store.fail(true);
    auth.deny_user(server.user_id(EMAIL)).await.unwrap_err();
    assert_eq!(bearer(&app, &anne).await, 401, "known here");
    let loads = store.loads();
    for _ in 0..3 {
        assert_eq!(bearer(&app, &louis).await, 503);
    }
    assert!(store.loads() <= loads + 1);
    store.fail(false);
    server.advance(SECOND);
    assert_eq!(bearer(&app, &louis).await, 200);
}

/// D21: a machine whose clock is behind has the last word, if it speaks last.
#[tokio::test]
async fn denials_are_in_order_although_clocks_differ() {
    let server = server().await;
    let store = Memory::default();
    let ahead = login::ahead(&server, 60);
    let ahead = login::builder_with(&server, ahead, login::key()).session_store(store.clone());
    let ahead = ahead.shared_denials().build().unwrap();
    let (auth, app) = sharing(&server, &store);
    let anne = token(&server, EMAIL);
    for _ in 0..2 {
        ahead.deny_user(server.user_id(EMAIL)).await.unwrap();
        server.advance(5 * SECOND);
        assert_eq!(bearer(&app, &anne).await, 401);
        auth.allow_user(server.user_id(EMAIL)).await.unwrap();
        assert_eq!(bearer(&app, &anne).await, 200);
    }
}

/// D21: settings without effect are rejected.
#[tokio::test]
async fn shared_denials_need_a_store() {
    let server = server().await;
    let fief = web::fief(&server);
    let error = FiefAuth::builder(fief)
        .shared_denials()
        .build()
        .unwrap_err();
    assert!(error.to_string().contains("session_store"), "{error}");
    for lifetime in [SECOND / 2, 401 * 24 * HOUR] {
        let builder = FiefAuth::builder(web::fief(&server)).denial_lifetime(lifetime);
        let error = builder.build().unwrap_err();
        assert!(error.to_string().contains("denial_lifetime"), "{error}");
    }
}
