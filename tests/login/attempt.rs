//! The cookies of logins that were begun.

use std::time::Duration;

use fief_axum::FiefAuth;
use fief_test_server::{Client, Endpoint, Fault, FiefTestServer};

use super::{app, builder, key, logged_in, visitor, visitor::path};
use crate::web::{APP, EMAIL};

/// LF-3
#[tokio::test]
async fn a_callback_of_another_users_login_is_rejected() {
    let server = FiefTestServer::start().await;
    let mut attacker = visitor(&server).await;
    let callback = attacker.begin(&server, "/login").await;
    let response = visitor(&server).await.open(&callback).await;
    assert_eq!(response.status, 400);
    assert!(response.body.contains("href=\"/login\""));
    assert_eq!(server.requests(Endpoint::Token), 0);
}

/// LF-4: also the back button after a login.
#[tokio::test]
async fn a_replay_changes_nothing() {
    let server = FiefTestServer::start().await;
    let mut visitor = visitor(&server).await;
    let callback = visitor.begin(&server, "/login?return_to=/castles").await;
    visitor.open(&callback).await;
    let jar = visitor.jar.clone();
    let again = visitor.open(&callback).await;
    assert_eq!(
        (again.status.as_u16(), again.header("location")),
        (303, "/")
    );
    assert_eq!(visitor.jar, jar);
    assert_eq!(server.requests(Endpoint::Token), 1);
}

/// LF-4: even if the login fails.
#[tokio::test]
async fn a_failed_callback_uses_its_attempt_up() {
    let server = FiefTestServer::start().await;
    let mut visitor = visitor(&server).await;
    let callback = visitor.begin(&server, "/login").await;
    server.fault_once(Endpoint::Token, Fault::status(500));
    assert_eq!(visitor.open(&callback).await.status, 503);
    assert!(visitor.cookie_names().is_empty());
    assert_eq!(visitor.open(&callback).await.status, 400);
    assert_eq!(server.requests(Endpoint::Token), 1);
}

/// LF-5
#[tokio::test]
async fn an_attempt_is_valid_for_ten_minutes() {
    let server = FiefTestServer::start().await;
    let mut visitor = visitor(&server).await;
    let callback = visitor.begin(&server, "/login").await;
    server.advance(Duration::from_secs(601));
    assert_eq!(visitor.open(&callback).await.status, 400);
    assert_eq!(server.requests(Endpoint::Token), 0);
}

/// LF-6
#[tokio::test]
async fn several_tabs_log_in_and_the_oldest_of_six_does_not() {
    let server = FiefTestServer::start().await;
    let mut visitor = visitor(&server).await;
    let mut callbacks = Vec::new();
    for tab in 0..6 {
        server.advance(Duration::from_secs(1));
        callbacks.push(
            visitor
                .begin(&server, &format!("/login?return_to=/{tab}"))
                .await,
        );
    }
    assert_eq!(visitor.cookie_names().len(), 5);
    assert_eq!(visitor.open(&callbacks[0]).await.status, 400);
    for tab in [3, 1] {
        let response = visitor.open(&callbacks[tab]).await;
        assert_eq!(response.header("location"), format!("/{tab}"));
    }
}

/// LF-2, LF-8
#[tokio::test]
async fn no_cookie_is_valid_for_another_purpose() {
    let server = FiefTestServer::start().await;
    let (_, mut visitor) = logged_in(&server, builder(&server)).await;
    let session = visitor.jar["__Host-fief_session"].clone();
    let sealed = session.split_once('.').unwrap().1.to_owned();
    let callback = visitor.begin(&server, "/login").await;
    let login = visitor
        .cookie_names()
        .iter()
        .find(|name| name.contains("login"))
        .unwrap()
        .to_string();
    let attempt = visitor.jar.insert(login, sealed).unwrap();
    visitor
        .jar
        .insert("__Host-fief_session".into(), format!("1.{attempt}"));
    assert_eq!(visitor.open("/castles").await.status, 303);
    assert_eq!(visitor.open(&callback).await.status, 400);
}

/// LF-9, SE-12
#[tokio::test]
async fn another_clients_cookies_are_absent() {
    let clients = [
        Client::new("castles").secret("s"),
        Client::new("moats").secret("s"),
    ];
    let [castles, moats] = clients;
    let server = FiefTestServer::builder()
        .client(castles)
        .client(moats)
        .start()
        .await
        .unwrap();
    let (_, mut visitor) = logged_in(&server, builder(&server)).await;
    let callback = visitor.begin(&server, "/login").await;
    let fief = fief_client::Fief::builder(server.url(), "moats").client_secret("s");
    let fief = fief.any_audience().clock(server.clock()).build().unwrap();
    let moats = FiefAuth::builder(fief).login(APP, key()).build().unwrap();
    let mut visitor = visitor.at(app(&moats));
    assert_eq!(visitor.open("/castles").await.status, 303);
    assert_eq!(visitor.open(&callback).await.status, 400);
}

/// FD-45, LF-5: a login page that was left open.
#[tokio::test]
async fn a_late_callback_leads_back_to_its_page() {
    let server = FiefTestServer::start().await;
    let mut visitor = visitor(&server).await;
    let callback = visitor.begin(&server, "/login?return_to=/castles").await;
    server.advance(Duration::from_secs(15 * 60));
    for _ in 0..2 {
        let response = visitor.open(&callback).await;
        assert_eq!(response.status, 400);
        let link = "href=\"/login?return_to=%2Fcastles\"";
        assert!(response.body.contains(link), "{}", response.body);
    }
    assert_eq!(server.requests(Endpoint::Token), 0);
    // With a session that another tab has begun meanwhile.
    visitor.log_in(&server, "/login").await;
    let response = visitor.open(&callback).await;
    assert_eq!(
        (response.status.as_u16(), response.header("location")),
        (303, "/castles")
    );
    assert_eq!(visitor.cookie_names(), ["__Host-fief_session"]);
    assert_eq!(server.requests(Endpoint::Token), 1);
}

/// FD-45, LF-5: the cookie is kept for an hour, by the sealed time as well.
#[tokio::test]
async fn an_attempt_is_kept_for_an_hour() {
    let server = FiefTestServer::start().await;
    let mut visitor = visitor(&server).await;
    let begun = visitor.open("/login?return_to=/castles").await;
    assert!(begun.header("set-cookie").contains("Max-Age=3600"));
    let callback = path(&server.log_in(EMAIL, begun.header("location")).await);
    server.advance(Duration::from_secs(3601));
    let response = visitor.open(&callback).await;
    assert_eq!(response.status, 400);
    assert!(response.body.contains("href=\"/login\""));
}

/// FD-45: tabs that the browser restores after the session has ended. The five of which the attempts were dropped
/// end at the default page.
#[tokio::test]
async fn ten_restored_tabs_work() {
    let server = FiefTestServer::start().await;
    let mut visitor = visitor(&server).await;
    let mut callbacks = Vec::new();
    for tab in 0..10 {
        server.advance(Duration::from_millis(10));
        let login = format!("/login?return_to=/castles?tab={tab}");
        callbacks.push(visitor.begin(&server, &login).await);
    }
    let mut ends = Vec::new();
    for callback in callbacks.iter().rev() {
        let response = visitor.open(callback).await;
        assert_eq!(response.status, 303);
        ends.push(response.header("location").to_owned());
        server.advance(Duration::from_secs(200));
    }
    let pages: Vec<_> = (5..10)
        .rev()
        .map(|tab| format!("/castles?tab={tab}"))
        .collect();
    assert_eq!(ends[..5], pages);
    assert!(ends[5..].iter().all(|end| end == "/"));
    assert_eq!(visitor.open("/castles").await.status, 200);
}

/// FD-45: a login that fails also says where to return.
#[tokio::test]
async fn a_used_code_loses_no_page() {
    let server = FiefTestServer::start().await;
    let mut visitor = visitor(&server).await;
    let callback = visitor.begin(&server, "/login?return_to=/castles").await;
    let body = r#"{"error":"invalid_grant"}"#;
    server.fault_once(Endpoint::Token, Fault::status(400).body(body));
    let response = visitor.open(&callback).await;
    assert_eq!(response.status, 400);
    assert!(
        response
            .body
            .contains("href=\"/login?return_to=%2Fcastles\"")
    );
}
