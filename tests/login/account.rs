use std::{sync::Arc, time::Duration};

use axum::{Json, Router, http::Method, routing::post};
use fief_axum::{Account, AccountError, CurrentSession, FiefAuth, Rejection};
use fief_client::FiefUserInfo;
use fief_test_server::{Endpoint, Fault, FiefTestServer};
use serde_json::json;

use super::{Visitor, builder, logged_in, refresh};
use crate::web::{EMAIL, call, send};

fn app(auth: &FiefAuth) -> Router {
    Router::new()
        .route("/profile", post(profile))
        .route("/password", post(password))
        .route("/weak", post(weak))
        .route("/token", post(token))
        .merge(super::app(auth))
        .merge(Router::new().route("/session", axum::routing::get(token)))
        .layer(auth.layer())
}

async fn profile(account: Account) -> Result<Json<FiefUserInfo>, AccountError> {
    let fields = json!({ "first_name": "Isabeau" });
    Ok(Json(account.update_profile(&fields).await?))
}

async fn password(account: Account) -> Result<&'static str, AccountError> {
    account.change_password("a better herminetincture").await?;
    Ok("changed")
}

async fn weak(account: Account) -> Result<&'static str, AccountError> {
    account.change_password("weak").await?;
    Ok("changed")
}

async fn token(session: CurrentSession) -> Result<String, Rejection> {
    Ok(session.access_token().await?.access_token().to_owned())
}

/// RB-8
#[tokio::test]
async fn a_changed_profile_is_known_at_once() {
    let server = FiefTestServer::start().await;
    let (auth, visitor) = logged_in(&server, builder(&server).user_route("/user")).await;
    let mut visitor = visitor.at(app(&auth));
    let changed = visitor.fetch(Method::POST, "/profile").await.json();
    assert_eq!(changed["fields"]["first_name"], "Isabeau");
    let user = visitor.fetch(Method::GET, "/user").await.json();
    assert_eq!(user["userinfo"]["fields"]["first_name"], "Isabeau");
    assert_eq!(server.requests(Endpoint::Userinfo), 0);
}

/// RB-8, RF-9: tokens that were received before and are verified later know an older one.
#[tokio::test]
async fn a_changed_profile_is_not_replaced_by_an_older_refresh() {
    let server = refresh::server().await;
    let builder = refresh::refreshing(&server).user_route("/user");
    let (auth, visitor) = logged_in(&server, builder).await;
    let mut visitor = visitor.at(app(&auth));
    server.add_key();
    server.fault(Endpoint::Jwks, Fault::status(503));
    server.advance(refresh::LIFETIME - Duration::from_secs(30));
    assert_eq!(visitor.open("/castles").await.status, 200);
    assert_eq!(server.requests(Endpoint::Token), 2);

    server.advance(Duration::from_secs(6));
    assert_eq!(visitor.fetch(Method::POST, "/profile").await.status, 200);
    server.clear_faults();
    server.advance(Duration::from_secs(6));
    assert_eq!(visitor.open("/castles").await.status, 200);

    let user = visitor.fetch(Method::GET, "/user").await.json();
    assert_eq!(user["userinfo"]["fields"]["first_name"], "Isabeau");
    assert_eq!(server.requests(Endpoint::Userinfo), 0);
}

/// RB-8: a login again, such as one with a higher ACR, says who the user is.
#[tokio::test]
async fn a_second_login_of_a_browser_fills_the_cache() {
    let server = FiefTestServer::start().await;
    let (_, mut visitor) = logged_in(&server, builder(&server).user_route("/user")).await;
    server.advance(Duration::from_secs(60));

    visitor.log_in(&server, "/login").await;

    let user = visitor.fetch(Method::GET, "/user").await.json();
    assert_eq!(user["userinfo"]["email"], EMAIL);
    assert_eq!(server.requests(Endpoint::Userinfo), 0);
}

/// RB-8, RF-9: nor by what was fetched since.
#[tokio::test]
async fn fetched_user_info_is_not_replaced_by_an_older_refresh() {
    let server = refresh::server().await;
    let builder = || refresh::refreshing(&server).user_route("/user");
    let (auth, visitor) = logged_in(&server, builder()).await;
    let mut visitor = visitor.at(app(&auth));
    let other = app(&builder().build().unwrap());
    server.add_key();
    server.fault(Endpoint::Jwks, Fault::status(503));
    server.advance(refresh::LIFETIME - Duration::from_secs(30));
    assert_eq!(visitor.open("/castles").await.status, 200);

    server.clear_faults();
    server.advance(Duration::from_secs(12));
    let token = server.access_token().user(EMAIL).mint();
    let change = call(&token).method(Method::POST).uri("/profile");
    assert_eq!(send(&other, change).await.status, 200);
    let here = app(&auth);
    let fetched = send(&here, call(&token).uri("/user")).await.json();
    assert_eq!(fetched["userinfo"]["fields"]["first_name"], "Isabeau");

    assert_eq!(visitor.open("/castles").await.status, 200);
    let user = visitor.fetch(Method::GET, "/user").await.json();
    assert_eq!(user["userinfo"]["fields"]["first_name"], "Isabeau");
}

/// FD-63, D16: a user who is not active is not kept either.
#[tokio::test]
async fn a_changed_user_who_is_not_active_is_not_kept() {
    let server = FiefTestServer::start().await;
    let (auth, visitor) = logged_in(&server, builder(&server).user_route("/user")).await;
    let mut visitor = visitor.at(app(&auth));
    let inactive = json!({
        "sub": server.user_id(EMAIL), "email": EMAIL, "is_active": false, "fields": {},
    });
    server.fault(Endpoint::Profile, Fault::json(inactive));
    server.fault(Endpoint::Userinfo, Fault::status(500));
    assert_eq!(visitor.fetch(Method::POST, "/profile").await.status, 200);
    let user = visitor.fetch(Method::GET, "/user").await.json();
    assert_eq!(user["userinfo"], serde_json::Value::Null);
}

#[tokio::test]
async fn a_password_changes_at_the_level_that_fief_requires() {
    let server = refresh::server().await;
    let (auth, visitor) = logged_in(&server, refresh::refreshing(&server)).await;
    let mut visitor = visitor.at(app(&auth));
    assert_eq!(visitor.fetch(Method::POST, "/password").await.status, 200);
    // After a refresh the level is zero.
    server.advance(refresh::LIFETIME);
    let response = visitor.fetch(Method::POST, "/password").await;
    assert_eq!(response.status, 401);
    assert_eq!(response.error(), "insufficient_user_authentication");
    assert!(response.challenge().contains("acr_values=\"1\""));
}

#[tokio::test]
async fn a_weak_password_is_rejected_with_reasons() {
    let server = FiefTestServer::start().await;
    let (auth, visitor) = logged_in(&server, builder(&server)).await;
    let response = visitor.at(app(&auth)).fetch(Method::POST, "/weak").await;
    assert_eq!(response.status, 400);
    assert_eq!(response.error(), "USER_UPDATE_INVALID_PASSWORD");
    assert!(!response.json()["reason"].as_array().unwrap().is_empty());
}

/// N12
#[tokio::test]
async fn the_browsers_code_gets_the_current_user() {
    let server = FiefTestServer::start().await;
    let auth = builder(&server).user_route("/user").build().unwrap();
    let mut visitor = Visitor::new(super::app(&auth));
    let anonymous = json!({ "userinfo": null, "access_token_info": null });
    assert_eq!(visitor.fetch(Method::GET, "/user").await.json(), anonymous);
    visitor.log_in(&server, "/login").await;
    let response = visitor.fetch(Method::GET, "/user").await;
    assert_eq!(response.json()["userinfo"]["email"], EMAIL);
    let id = server.user_id(EMAIL).to_string();
    assert_eq!(response.json()["access_token_info"]["id"], id);
    assert!(!response.body.contains("eyJ"));
    assert_eq!(response.header("cache-control"), "no-store");
    assert_eq!(server.requests(Endpoint::Userinfo), 0);
    visitor.fetch(Method::GET, "/user?refresh=true").await;
    visitor.fetch(Method::GET, "/user?refresh=true").await;
    assert_eq!(server.requests(Endpoint::Userinfo), 2);
}

/// N12
#[tokio::test]
async fn an_expired_session_is_anonymous() {
    let server = FiefTestServer::start().await;
    let (_, mut visitor) = logged_in(&server, builder(&server).user_route("/user")).await;
    server.advance(Duration::from_secs(3601));
    let user = visitor.fetch(Method::GET, "/user").await.json();
    assert_eq!(user["access_token_info"], json!(null));
}

#[tokio::test]
async fn a_handler_gets_a_valid_token_however_long_it_takes() {
    let server = refresh::server().await;
    let (auth, visitor) = logged_in(&server, refresh::refreshing(&server)).await;
    let late = Arc::new(server);
    let clock = late.clone();
    let slow = post(async move |session: CurrentSession| {
        clock.advance(refresh::LIFETIME);
        session
            .access_token()
            .await
            .map(|token| token.access_token().to_owned())
    });
    let app = Router::new().route("/slow", slow).layer(auth.layer());
    let mut visitor = visitor.at(app);
    let response = visitor.fetch(Method::POST, "/slow").await;
    assert_eq!(late.requests(Endpoint::Token), 2);
    assert!(!response.header("set-cookie").is_empty());
    // The browser has the session that the token is from.
    let mut visitor = visitor.at(self::app(&auth));
    assert_eq!(
        visitor.fetch(Method::GET, "/session").await.body,
        response.body
    );
    assert_eq!(late.requests(Endpoint::Token), 2);
}

#[tokio::test]
async fn a_bearer_token_is_handed_on() {
    let server = FiefTestServer::start().await;
    let auth = builder(&server).build().unwrap();
    let token = server.access_token().mint();
    assert_eq!(
        send(&app(&auth), call(&token).uri("/session")).await.body,
        token
    );
}

/// BP-7
#[tokio::test]
async fn a_bearer_token_that_has_expired_meanwhile_is_not_handed_on() {
    let server = Arc::new(FiefTestServer::start().await);
    let clock = Arc::clone(&server);
    let slow = post(async move |session: CurrentSession| {
        clock.advance(Duration::from_secs(100_000));
        token(session).await
    });
    let app = Router::new().route("/slow", slow);
    let app = app.layer(builder(&server).build().unwrap().layer());

    let call = call(&server.access_token().mint()).method(Method::POST);

    assert_eq!(send(&app, call.uri("/slow")).await.status, 401);
}

/// Returns a task that a handler spawned, which waits for the end of the session.
async fn watched(auth: &FiefAuth, visitor: &Visitor) -> tokio::task::JoinHandle<()> {
    let (sender, mut receiver) = tokio::sync::mpsc::channel(1);
    let route = post(async move |session: CurrentSession| {
        let watch = tokio::spawn(async move { session.ended().await });
        sender.try_send(watch).unwrap();
    });
    let app = Router::new().route("/watch", route).layer(auth.layer());
    assert_eq!(
        visitor.at(app).fetch(Method::POST, "/watch").await.status,
        200
    );
    receiver.recv().await.unwrap()
}

#[tokio::test]
async fn what_outlives_its_request_ends_with_the_session() {
    let server = FiefTestServer::start().await;
    let (auth, mut visitor) = logged_in(&server, builder(&server)).await;
    let watch = watched(&auth, &visitor).await;
    assert!(!watch.is_finished());
    visitor.open("/logout").await;
    watch.await.unwrap();
}

#[tokio::test]
async fn what_outlives_its_request_ends_with_the_token() {
    let server = refresh::server().await;
    let (auth, visitor) = logged_in(&server, builder(&server)).await;
    let watch = watched(&auth, &visitor).await;
    assert!(!watch.is_finished());
    server.advance(refresh::LIFETIME);
    watch.await.unwrap();
}
