//! What a store loses or others write into it.

use std::time::Duration;

use axum::{Router, http::Method, routing::get};
use fief_axum::{CurrentSession, FiefAuth, UserCache, UserKey};
use fief_client::FiefUserInfo;
use fief_test_server::{Endpoint, Fault, FiefTestServer, User};
use tokio::time::timeout;

use super::Memory;
use crate::{
    login::{
        Visitor, app, builder, logged_in,
        refresh::{LIFETIME, refreshing, server},
    },
    web::EMAIL,
};

const LOUIS: &str = "louis@example.com";

async fn two_users() -> FiefTestServer {
    FiefTestServer::builder()
        .user(User::new(EMAIL, "herminetincture"))
        .user(User::new(LOUIS, "porcupine-and-crown"))
        .start()
        .await
        .unwrap()
}

/// FD-3, D11: whichever record is lost, a session ends and does not come back.
#[tokio::test]
async fn a_session_is_void_without_each_of_its_records() {
    let server = FiefTestServer::start().await;
    let store = Memory::default();
    let (_, visitor) = logged_in(&server, builder(&server).session_store(store.clone())).await;
    assert_eq!(store.session_ids().len(), 3);
    for id in store.session_ids() {
        let mut record = None;
        store.change(|records| record = records.remove(&id));
        let mut visitor = visitor.clone();
        assert_eq!(visitor.fetch(Method::GET, "/castles").await.status, 401);
        store.change(|records| drop(records.insert(id, record.unwrap())));
        assert_eq!(visitor.fetch(Method::GET, "/castles").await.status, 200);
    }
}

/// FD-3, FD-6: what ends all sessions of a user is not a record that could be lost.
#[tokio::test]
async fn a_revocation_outlives_the_records_that_it_wrote() {
    let server = FiefTestServer::start().await;
    let store = Memory::default();
    let (auth, mut visitor) =
        logged_in(&server, builder(&server).session_store(store.clone())).await;
    let before = store.ids();
    auth.revoke_user_sessions(server.user_id(EMAIL))
        .await
        .unwrap();
    let mut other = visitor.at(app(&builder(&server)
        .session_store(store.clone())
        .build()
        .unwrap()));
    assert_eq!(other.fetch(Method::GET, "/castles").await.status, 401);
    for id in before {
        store.change(|records| drop(records.remove(&id)));
        assert_eq!(other.fetch(Method::GET, "/castles").await.status, 401);
        assert_eq!(visitor.fetch(Method::GET, "/castles").await.status, 401);
    }
    visitor.log_in(&server, "/login").await;
    assert_eq!(visitor.open("/castles").await.status, 200);
}

/// FD-6, SE-17: a record of somebody else is void, and a login replaces it.
#[tokio::test]
async fn a_foreign_record_is_void() {
    let server = FiefTestServer::start().await;
    let store = Memory::default();
    let (_, mut visitor) = logged_in(&server, builder(&server).session_store(store.clone())).await;
    for id in store.ids() {
        store.change(|records| records.get_mut(&id).unwrap().data.clear());
    }
    assert_eq!(visitor.fetch(Method::GET, "/castles").await.status, 401);
    visitor.log_in(&server, "/login").await;
    assert_eq!(visitor.open("/castles").await.status, 200);
}

/// FD-7, SE-17
#[tokio::test]
async fn a_record_counts_only_where_it_was_written() {
    let server = two_users().await;
    let store = Memory::default();
    let (auth, anne) = logged_in(&server, builder(&server).session_store(store.clone())).await;
    let annes = store.session_ids();
    let mut louis = Visitor::new(app(&auth));
    let begun = louis.open("/login").await;
    let callback = server.log_in(LOUIS, begun.header("location")).await;
    louis.open(&crate::login::visitor::path(&callback)).await;
    let louis_id = louis.open("/castles").await.body;
    assert_eq!(louis_id, server.user_id(LOUIS).to_string());

    for anne_id in &annes {
        let others: Vec<_> = store
            .session_ids()
            .into_iter()
            .filter(|id| !annes.contains(id))
            .collect();
        for id in others {
            let mut saved = None;
            store.change(|records| {
                let annes = records[anne_id].data.clone();
                let record = records.get_mut(&id).unwrap();
                saved = Some(std::mem::replace(&mut record.data, annes));
            });
            let response = louis.clone().fetch(Method::GET, "/castles").await;
            assert_ne!(response.body, server.user_id(EMAIL).to_string());
            assert_eq!(response.status, 401);
            store.change(|records| records.get_mut(&id).unwrap().data = saved.unwrap());
        }
    }
    drop(anne);
}

/// FD-5, SE-16
#[tokio::test(flavor = "multi_thread")]
async fn a_logout_that_the_store_missed_is_told_to_it_later() {
    let server = FiefTestServer::start().await;
    let store = Memory::default();
    let auth = || {
        builder(&server)
            .session_store(store.clone())
            .build()
            .unwrap()
    };
    let (here, there): (FiefAuth, FiefAuth) = (auth(), auth());
    let mut visitor = Visitor::new(app(&here));
    visitor.log_in(&server, "/login").await;
    let copied = visitor.at(app(&there));

    store.fail(true);
    let response = visitor.fetch(Method::POST, "/logout").await;
    store.fail(false);

    assert_eq!(response.status, 503);
    assert!(
        response.body.contains("/logout?redirect_uri="),
        "{}",
        response.body
    );
    assert!(visitor.cookie_names().is_empty());
    let at_once = copied.at(app(&here)).fetch(Method::GET, "/castles").await;
    assert_eq!(at_once.status, 401);
    let retried = async {
        while copied.clone().fetch(Method::GET, "/castles").await.status != 401 {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    timeout(Duration::from_secs(30), retried).await.unwrap();
}

/// FD-5, D11: until the store has it, only later sessions of this process count.
#[tokio::test(flavor = "multi_thread")]
async fn a_login_completes_a_revocation_that_the_store_missed() {
    let server = FiefTestServer::start().await;
    let store = Memory::default();
    let auth = || {
        builder(&server)
            .session_store(store.clone())
            .build()
            .unwrap()
    };
    let (here, there): (FiefAuth, FiefAuth) = (auth(), auth());
    let mut visitor = Visitor::new(app(&there));
    visitor.log_in(&server, "/login").await;
    store.fail(true);
    assert!(
        here.revoke_user_sessions(server.user_id(EMAIL))
            .await
            .is_err()
    );
    store.fail(false);
    assert_eq!(
        visitor
            .at(app(&here))
            .fetch(Method::GET, "/castles")
            .await
            .status,
        401
    );

    let mut again = Visitor::new(app(&here));
    again.log_in(&server, "/login").await;

    assert_eq!(again.open("/castles").await.status, 200);
    assert_eq!(again.at(app(&there)).open("/castles").await.status, 200);
    assert_eq!(visitor.fetch(Method::GET, "/castles").await.status, 401);
}

/// FD-23: without a sign of another machine, nobody is waited for.
#[tokio::test]
async fn a_revoked_refresh_token_is_not_waited_for() {
    let server = server().await;
    let store = Memory::default();
    let (_, visitor) = logged_in(&server, refreshing(&server).session_store(store.clone())).await;
    server.fault(
        Endpoint::Token,
        Fault::status(400).body(r#"{"error": "invalid_grant"}"#),
    );
    server.advance(LIFETIME - Duration::from_secs(30));
    let before = store.loads();
    assert_eq!(visitor.clone().open("/castles").await.status, 200);
    // The request's own three, the records of the refresh before and after it, and the session.
    assert_eq!(store.loads() - before, 3 + 1 + 2 + 1);
}

/// Cache that never responds.
struct Stuck;

impl UserCache for Stuck {
    async fn get(&self, _: &UserKey) -> Option<FiefUserInfo> {
        std::future::pending().await
    }

    async fn insert(&self, _: &UserKey, _: &FiefUserInfo, _: Duration) {
        std::future::pending().await
    }

    async fn remove(&self, _: &UserKey) {
        std::future::pending().await
    }
}

/// FD-4
#[tokio::test]
async fn a_logout_is_stored_before_the_users_cache_is_waited_for() {
    let server = FiefTestServer::start().await;
    let store = Memory::default();
    let stuck = || {
        builder(&server)
            .session_store(store.clone())
            .user_cache(Stuck)
    };
    let (_, mut visitor) = logged_in(&server, stuck()).await;
    let mut other = visitor.at(app(&stuck().build().unwrap()));
    assert_eq!(other.fetch(Method::GET, "/castles").await.status, 200);

    let logout = tokio::spawn(async move { visitor.open("/logout").await.status });
    while other.fetch(Method::GET, "/castles").await.status == 200 {
        assert!(!logout.is_finished());
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    assert_eq!(logout.await.unwrap(), 303);
}

/// D11, SE-16: a handler that is still running.
#[tokio::test]
async fn a_revoked_session_in_use_has_no_token() {
    let server = FiefTestServer::start().await;
    let builder = builder(&server).session_store(Memory::default());
    let auth = builder.build().unwrap();
    let user = server.user_id(EMAIL);
    let inner = auth.clone();
    let revoke = move |session: CurrentSession| {
        let auth = inner.clone();
        async move {
            auth.revoke_user_sessions(user).await.unwrap();
            session.access_token().await.is_err().to_string()
        }
    };
    let revoke = Router::new().route("/revoke", get(revoke));
    let mut visitor = Visitor::new(app(&auth).merge(revoke.layer(auth.layer())));
    visitor.log_in(&server, "/login").await;
    assert_eq!(visitor.open("/revoke").await.body, "true");
}
