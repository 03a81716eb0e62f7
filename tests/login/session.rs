use std::time::Duration;

use axum::http::Method;
use fief_test_server::{FiefTestServer, User};

use super::{app, builder, builder_with, key, logged_in};
use crate::web;

/// N08
#[tokio::test]
async fn a_logged_in_user_gets_the_page() {
    let server = FiefTestServer::start().await;
    let (_, mut visitor) = logged_in(&server, builder(&server)).await;
    let response = visitor.open("/castles").await;
    assert_eq!(response.status, 200);
    assert_eq!(response.body, server.user_id(web::EMAIL).to_string());
}

/// SE-4, Q33
#[tokio::test]
async fn an_idle_session_expires_after_an_hour() {
    let server = FiefTestServer::start().await;
    server.set_time(server.clock()());
    let (_, mut visitor) = logged_in(&server, builder(&server)).await;
    server.advance(Duration::from_secs(3599));
    assert_eq!(visitor.open("/castles").await.status, 200);
    server.advance(Duration::from_secs(3601));
    assert_eq!(visitor.open("/castles").await.status, 303);
}

/// SE-4
#[tokio::test]
async fn a_session_is_renewed_at_most_once_a_minute() {
    let server = FiefTestServer::start().await;
    let (_, mut visitor) = logged_in(&server, builder(&server)).await;
    visitor.open("/castles").await;
    server.set_time(server.clock()() + Duration::from_secs(58));
    assert!(
        visitor
            .open("/castles")
            .await
            .header("set-cookie")
            .is_empty()
    );
    server.advance(Duration::from_secs(62));
    assert!(
        !visitor
            .open("/castles")
            .await
            .header("set-cookie")
            .is_empty()
    );
    assert!(
        visitor
            .open("/castles")
            .await
            .header("set-cookie")
            .is_empty()
    );
}

/// SE-4
#[tokio::test]
async fn no_session_is_longer_than_its_lifetime() {
    let server = FiefTestServer::start().await;
    let limited = builder(&server).session_lifetime(Duration::from_secs(3000));
    let (_, mut visitor) = logged_in(&server, limited).await;
    for _ in 0..2 {
        server.advance(Duration::from_secs(1400));
        assert_eq!(visitor.open("/castles").await.status, 200);
    }
    server.advance(Duration::from_secs(300));
    assert_eq!(visitor.open("/castles").await.status, 303);
}

/// RB-9
#[tokio::test]
async fn a_clock_that_goes_back_ends_the_session() {
    let server = FiefTestServer::start().await;
    let (_, mut visitor) = logged_in(&server, builder(&server)).await;
    server.set_time(server.clock()() - Duration::from_secs(7200));
    assert_eq!(visitor.fetch(Method::GET, "/castles").await.status, 401);
}

/// SE-3
#[tokio::test]
async fn a_session_survives_a_change_of_keys() {
    let server = FiefTestServer::start().await;
    let (_, visitor) = logged_in(&server, builder(&server)).await;
    let new = fief_axum::SessionKey::from_bytes(b"another key of at least 32 bytes").unwrap();
    let changed = builder_with(&server, web::fief(&server), new.clone());
    let kept = changed.previous_session_key(key()).build().unwrap();
    let mut visitor = visitor.at(app(&kept));
    assert_eq!(visitor.open("/castles").await.status, 200);

    let fresh = builder_with(&server, web::fief(&server), new);
    let mut visitor = visitor.at(app(&fresh.build().unwrap()));
    assert_eq!(visitor.open("/castles").await.status, 303);
}

/// SE-5
#[tokio::test]
async fn each_cookie_fits_and_a_smaller_session_clears_the_rest() {
    let permissions = (0..120).map(|n| format!("castles:permission-{n}"));
    let user = permissions.fold(User::new(web::EMAIL, "herminetincture"), User::permission);
    let server = FiefTestServer::builder().user(user).start().await.unwrap();
    let (_, mut visitor) = logged_in(&server, builder(&server)).await;
    assert_eq!(
        visitor.cookie_names(),
        ["__Host-fief_session", "__Host-fief_session.1"]
    );
    server.advance(Duration::from_secs(61));
    let (response, cookies) = visitor
        .send_once(super::visitor::page("/castles", "none"))
        .await;
    assert_eq!(response.status, 200);
    assert!(cookies.iter().all(|cookie| cookie.len() <= 4096));
    assert!(cookies.iter().map(String::len).sum::<usize>() <= 6656 + 200);

    server.set_permissions(web::EMAIL, ["castles:read"]);
    visitor.log_in(&server, "/login").await;
    assert_eq!(visitor.cookie_names(), ["__Host-fief_session"]);
}

/// SE-5
#[tokio::test]
async fn a_session_that_does_not_fit_is_rejected_whole() {
    let permissions = (0..400).map(|n| format!("castles:permission-{n}"));
    let user = permissions.fold(User::new(web::EMAIL, "herminetincture"), User::permission);
    let server = FiefTestServer::builder().user(user).start().await.unwrap();
    let auth = builder(&server).build().unwrap();
    let mut visitor = super::Visitor::new(app(&auth));
    assert_eq!(visitor.log_in(&server, "/login").await.status, 500);
    assert!(visitor.cookie_names().is_empty());
}

/// SE-3
#[test]
fn a_weak_key_is_rejected() {
    use fief_axum::SessionKey;
    let short = "ab".repeat(31);
    for key in ["", "password", &short, &"ab".repeat(32), &"!!".repeat(32)] {
        assert!(SessionKey::parse(key).is_err(), "{key}");
    }
    assert!(SessionKey::from_bytes(&[7; 64]).is_err());
    assert!(!format!("{:?}", key()).contains("thirty"));
}
