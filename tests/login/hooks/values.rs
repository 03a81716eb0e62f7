//! The value that a hook puts into the session.

use std::{collections::BTreeMap, time::Duration};

use axum::{Router, response::Response, routing::get};
use fief_axum::{AcceptedLogin, CurrentSession, FiefAuth, FiefAuthBuilder, Rejection, SessionKey};
use fief_test_server::{FiefTestServer, User};
use serde::Serialize;
use tracing::Level;

use super::{Calls, Member, app, begin_silently, builder, visitor};
use crate::{
    client::log::Log,
    login::{Visitor, builder_with, key, refresh},
    web::{self, EMAIL},
};

/// Returns an application that numbers its logins.
fn numbered(builder: FiefAuthBuilder) -> FiefAuthBuilder {
    let calls = Calls::new();
    builder.on_login(move |_| {
        let calls = calls.clone();
        async move {
            let number = calls.call().await;
            Ok::<_, Response>(AcceptedLogin::new().data(&Member { number }))
        }
    })
}

/// Returns an application with the same value for each login.
fn with_value<T: Clone + Serialize + Send + Sync + 'static>(
    builder: FiefAuthBuilder,
    value: T,
) -> FiefAuth {
    let hook = move |_| {
        let accepted = AcceptedLogin::new().data(&value);
        async move { Ok::<_, Response>(accepted) }
    };
    builder.on_login(hook).build().unwrap()
}

/// D10
#[tokio::test]
async fn a_value_of_the_login_is_in_its_session() {
    let server = FiefTestServer::start().await;
    let mut visitor = visitor(numbered(builder(&server)));
    visitor.log_in(&server, "/login").await;

    assert_eq!(visitor.open("/member").await.body, "1");
    assert_eq!(visitor.open("/castles").await.status, 200);
}

/// D10, D12: the hook is not called by refreshes, of which there are two.
#[tokio::test]
async fn refreshes_keep_the_value() {
    let server = refresh::server().await;
    let mut visitor = visitor(numbered(refresh::refreshing(&server)));
    visitor.log_in(&server, "/login").await;
    for _ in 0..2 {
        server.advance(refresh::LIFETIME);
        assert_eq!(visitor.open("/member").await.body, "1");
    }
    let refreshes = server.requests(fief_test_server::Endpoint::Token) - 1;
    assert_eq!(refreshes, 2);
}

/// D10, D13: also those without a page.
#[tokio::test]
async fn each_login_replaces_the_value() {
    let server = FiefTestServer::start().await;
    let mut visitor = visitor(numbered(builder(&server)));
    visitor.log_in(&server, "/login").await;

    visitor
        .log_in(&server, "/login?acr=1&return_to=/admin")
        .await;
    assert_eq!(visitor.open("/admin").await.status, 200);
    assert_eq!(visitor.open("/member").await.body, "2");

    let callback = begin_silently(&mut visitor, &server, "/login?prompt=none").await;
    assert_eq!(visitor.open(&callback).await.status, 303);
    assert_eq!(visitor.open("/member").await.body, "3");
}

/// D10
#[tokio::test]
async fn a_session_without_a_value_has_none() {
    let server = FiefTestServer::start().await;
    let mut visitor = visitor(builder(&server).on_login(|_| async { Ok::<_, Response>(()) }));
    visitor.log_in(&server, "/login").await;

    assert_eq!(visitor.open("/member").await.body, "none");
    // Nor has a bearer token.
    let request = axum::http::Request::get("/member").header(
        "authorization",
        format!("Bearer {}", server.access_token().mint()),
    );
    let (response, _) = Visitor::new(visitor.app())
        .send_once(request.body(axum::body::Body::empty()).unwrap())
        .await;
    assert_eq!(response.body, "none");
}

/// D10, D19: the log names the type, and not the value.
#[tokio::test]
async fn a_value_of_another_type_is_a_clear_error() {
    let server = FiefTestServer::start().await;
    let auth = with_value(builder(&server), "a secret text");
    let mut visitor = Visitor::new(app(&auth));
    visitor.log_in(&server, "/login").await;
    let (log, guard) = Log::of(Level::ERROR);

    let response = visitor.open("/member").await;
    drop(guard);

    assert_eq!(response.status, 500);
    let text = log.text();
    assert!(
        text.contains("the value of a session is of another type"),
        "{text}"
    );
    assert!(text.contains("hooks::Member"), "{text}");
    assert!(!text.contains("a secret"), "{text}");
}

/// D10: a type may read a part, and have more than there is.
#[tokio::test]
async fn a_value_survives_a_change_of_its_type() {
    #[derive(serde::Deserialize)]
    struct Later {
        #[serde(default)]
        name: String,
        number: u8,
    }
    async fn later(session: CurrentSession) -> Result<String, Rejection> {
        let later: Option<Later> = session.data()?;
        let Later { name, number } = later.unwrap();
        Ok(format!("{number}{name}"))
    }
    let server = FiefTestServer::start().await;
    let value = BTreeMap::from([("number", 7), ("gone", 8)]);
    let auth = with_value(builder(&server), value);
    let app = Router::new()
        .route("/later", get(later))
        .layer(auth.layer())
        .merge(app(&auth));
    let mut visitor = Visitor::new(app);
    visitor.log_in(&server, "/login").await;

    assert_eq!(visitor.open("/later").await.body, "7");
}

/// D10, SE-5: a page and an error in the log, and no session that lacks a part.
#[tokio::test]
async fn a_value_that_is_too_large_is_rejected_whole() {
    let server = FiefTestServer::start().await;
    for (len, status) in [(4094, 303), (4095, 500), (100_000_000, 500)] {
        let auth = with_value(builder(&server), "x".repeat(len));
        let mut visitor = Visitor::new(app(&auth));
        let callback = visitor.begin(&server, "/login").await;
        let (log, guard) = Log::of(Level::ERROR);

        let response = visitor.open(&callback).await;
        drop(guard);

        assert_eq!(response.status, status, "{len}");
        let is_logged = log.text().contains("`data` exceeds 4096 bytes of JSON");
        assert_eq!(is_logged, status == 500, "{}", log.text());
        let names = visitor.cookie_names();
        assert_eq!(names.is_empty(), status == 500, "{names:?}");
    }
}

/// D10, SE-5: it counts as a part of the session.
#[tokio::test]
async fn in_cookies_a_value_that_does_not_fit_beside_the_tokens_is_rejected_whole() {
    let permissions = (0..120).map(|n| format!("castles:permission-{n}"));
    let user = permissions.fold(User::new(EMAIL, "herminetincture"), User::permission);
    let server = FiefTestServer::builder().user(user).start().await.unwrap();
    for (len, status) in [(100, 303), (4000, 500)] {
        let auth = with_value(builder(&server), "x".repeat(len));
        let mut visitor = Visitor::new(app(&auth));
        let callback = visitor.begin(&server, "/login").await;
        let (log, guard) = Log::of(Level::ERROR);

        let response = visitor.open(&callback).await;
        drop(guard);

        assert_eq!(response.status, status, "{len}");
        let is_logged = log.text().contains("bytes of cookies: use a session store");
        assert_eq!(is_logged, status == 500, "{}", log.text());
        assert_eq!(visitor.cookie_names().is_empty(), status == 500);
        let sent: usize = visitor.jar.iter().map(|(k, v)| k.len() + v.len() + 3).sum();
        assert!(sent < 7680, "{sent}");
    }
}

/// D10, SE-3, SE-5: in several cookies, and sealed with a key of before.
#[tokio::test]
async fn a_long_value_is_the_same_again() {
    async fn len(session: CurrentSession) -> Result<String, Rejection> {
        let text: Option<String> = session.data()?;
        Ok(text.unwrap().len().to_string())
    }
    let app = |auth: FiefAuth| {
        let len = Router::new().route("/len", get(len)).layer(auth.layer());
        len.merge(app(&auth))
    };
    let server = FiefTestServer::start().await;
    let auth = with_value(builder(&server), "\u{e9}".repeat(1500));
    let mut visitor = Visitor::new(app(auth));
    visitor.log_in(&server, "/login").await;
    assert_eq!(visitor.open("/len").await.body, "3000");

    let new = SessionKey::from_bytes(b"another key of at least 32 bytes").unwrap();
    let changed = builder_with(&server, web::fief(&server), new);
    let changed = with_value(changed.previous_session_key(key()), String::new());
    let mut visitor = visitor.at(app(changed));
    assert_eq!(visitor.open("/len").await.body, "3000");
}

/// D10
#[tokio::test]
async fn a_value_that_is_no_json_is_an_error() {
    let server = FiefTestServer::start().await;
    let auth = with_value(builder(&server), BTreeMap::from([((1, 2), 3)]));
    let mut visitor = Visitor::new(app(&auth));
    let callback = visitor.begin(&server, "/login").await;
    let (log, guard) = Log::of(Level::ERROR);

    let response = visitor.open(&callback).await;
    drop(guard);

    assert_eq!(response.status, 500);
    assert!(
        log.text()
            .contains("`data` cannot be serialized: key must be a string")
    );
    assert_eq!(visitor.cookie_names(), [""; 0]);
}

/// SE-3, SE-10: the browser and the log see nothing of it.
#[tokio::test]
async fn a_value_is_sealed() {
    let server = FiefTestServer::start().await;
    let auth = with_value(
        builder(&server),
        Member {
            number: 123_456_789,
        }
        .number,
    );
    let mut visitor = Visitor::new(app(&auth));
    let (log, guard) = Log::of(Level::TRACE);
    visitor.log_in(&server, "/login").await;
    server.advance(Duration::from_secs(1));
    visitor.open("/castles").await;
    drop(guard);

    let shown = format!("{:?}", visitor.jar);
    assert!(!shown.contains("123456789") && !log.text().contains("123456789"));
}
