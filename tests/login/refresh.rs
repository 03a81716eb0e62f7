use std::time::{Duration, SystemTime};

use axum::{
    body::Body,
    http::{Method, Request},
};
use fief_axum::FiefAuthBuilder;
use fief_client::Requirements;
use fief_test_server::{Client, Endpoint, Fault, FiefTestServer, User};
use serde_json::json;
use tokio::{runtime::Runtime, task::JoinSet};

use super::{builder, logged_in, visitor::page};
use crate::web::{self, metrics::Counts, user_runtimes::after_one_that_stands_still};

pub const LIFETIME: Duration = Duration::from_secs(3600);

/// Starts a server with access tokens that live for an hour.
pub async fn server() -> FiefTestServer {
    let client = Client::new("castles").token_lifetime(LIFETIME);
    FiefTestServer::builder()
        .client(client)
        .start()
        .await
        .unwrap()
}

pub fn refreshing(server: &FiefTestServer) -> FiefAuthBuilder {
    builder(server)
        .offline_access()
        .idle_timeout(Duration::from_secs(24 * 3600))
}

/// RF-1
#[tokio::test]
async fn two_hundred_requests_of_an_expired_session_refresh_it_once() {
    let server = server().await;
    let (_, visitor) = logged_in(&server, refreshing(&server)).await;
    server.advance(LIFETIME + Duration::from_secs(120));
    server.reset_requests();

    let mut requests = JoinSet::new();
    for _ in 0..200 {
        let visitor = visitor.clone();
        requests.spawn(async move { visitor.send_once(page("/castles", "none")).await });
    }
    let responses = requests.join_all().await;
    assert!(responses.iter().all(|(response, _)| response.status == 200));
    assert!(responses.iter().all(|(_, cookies)| !cookies.is_empty()));
    assert_eq!(server.requests(Endpoint::Token), 1);
}

/// RF-5
#[tokio::test]
async fn tokens_of_another_user_end_the_session() {
    let server = FiefTestServer::builder()
        .client(Client::new("castles").token_lifetime(LIFETIME))
        .user(User::new(web::EMAIL, "herminetincture"))
        .user(User::new("louis@example.com", "porcupine-and-crown"))
        .start()
        .await
        .unwrap();
    let (_, mut visitor) = logged_in(&server, refreshing(&server)).await;
    server.advance(LIFETIME + Duration::from_secs(120));
    let access_token = server.access_token().user("louis@example.com").mint();
    let id_token = server.id_token().user("louis@example.com");
    let response = json!({
        "access_token": access_token,
        "id_token": id_token.access_token(&access_token).mint(),
        "token_type": "bearer",
        "refresh_token": "REFRESH_TOKEN",
    });
    server.fault(Endpoint::Token, Fault::json(response));
    server.reset_requests();
    assert_eq!(visitor.open("/castles").await.status, 303);
    assert_eq!(server.requests(Endpoint::Token), 1);
}

/// RF-6
#[tokio::test]
async fn the_new_session_is_valid_for_the_next_refresh() {
    let server = server().await;
    let (_, mut visitor) = logged_in(&server, refreshing(&server)).await;
    for _ in 0..3 {
        server.advance(LIFETIME);
        assert_eq!(visitor.open("/castles").await.status, 200);
    }
    assert_eq!(server.requests(Endpoint::Token), 4);
}

/// RF-3
#[tokio::test]
async fn tokens_are_refreshed_ahead_of_their_end_and_not_sooner() {
    let server = server().await;
    let (_, mut visitor) = logged_in(&server, refreshing(&server)).await;
    server.advance(LIFETIME - Duration::from_secs(95));
    visitor.open("/castles").await;
    assert_eq!(server.requests(Endpoint::Token), 1);
    server.advance(Duration::from_secs(40));
    visitor.open("/castles").await;
    assert_eq!(server.requests(Endpoint::Token), 2);
}

#[tokio::test]
async fn changed_permissions_count_once_the_tokens_are_old_enough() {
    let server = server().await;
    let sooner = refreshing(&server).refresh_after(Duration::from_secs(300));
    let (auth, visitor) = logged_in(&server, sooner).await;
    let guarded = axum::Router::new()
        .route("/castles", axum::routing::get(async || "inside"))
        .route_layer(auth.require().permission("castles:read"));
    let mut visitor = visitor.at(guarded);
    server.set_permissions(web::EMAIL, ["castles:read"]);
    assert_eq!(visitor.open("/castles").await.status, 403);
    server.advance(Duration::from_secs(301));
    assert_eq!(visitor.open("/castles").await.status, 200);
}

/// FD-12, D14
#[tokio::test]
async fn another_site_cannot_spend_a_refresh() {
    let server = server().await;
    let (_, visitor) = logged_in(&server, refreshing(&server)).await;
    server.advance(LIFETIME + Duration::from_secs(120));
    server.reset_requests();
    let request = Request::post("/castles").header("sec-fetch-site", "cross-site");
    let (response, cookies) = visitor
        .send_once(request.body(Body::empty()).unwrap())
        .await;
    assert_eq!(server.requests(Endpoint::Token), 0);
    assert_eq!(response.error(), "cross_site_request");
    assert_eq!(cookies, [""; 0]);
}

/// RF-1, RB-5
#[tokio::test]
async fn a_refresh_survives_the_browser_that_hung_up() {
    let server = server().await;
    let (_, visitor) = logged_in(&server, refreshing(&server)).await;
    server.advance(LIFETIME + Duration::from_secs(120));
    server.reset_requests();
    server.fault_once(Endpoint::Token, Fault::hang());

    let gone = visitor.clone();
    let gone = tokio::spawn(async move { gone.send_once(page("/castles", "none")).await });
    server.wait_for_requests(Endpoint::Token, 1).await;
    gone.abort();
    assert!(gone.await.is_err());
    server.clear_faults();

    let mut visitor = visitor;
    assert_eq!(visitor.open("/castles").await.status, 200);
    assert_eq!(server.requests(Endpoint::Token), 1);
}

/// RB-5: a runtime that does not run blocks no caller for ever, and ends no session.
#[test]
fn a_refresh_that_stands_still_keeps_the_session() {
    let servers = Runtime::new().unwrap();
    let server = servers.block_on(server());
    let (_, visitor) = servers.block_on(logged_in(&server, refreshing(&server)));
    server.advance(LIFETIME - Duration::from_secs(30));
    // The keys are old, too. This renews them, and not the session.
    servers.block_on(visitor.clone().fetch(Method::HEAD, "/castles"));
    server.reset_requests();
    let open = || visitor.send_once(page("/castles", "none"));
    let (response, _) = after_one_that_stands_still(open(), open());
    assert_eq!(response.status, 200);
    assert_eq!(server.requests(Endpoint::Token), 0);
}

/// RF-2
#[tokio::test]
async fn the_old_session_stands_for_the_new_one_for_half_a_minute() {
    let server = server().await;
    let (_, old) = logged_in(&server, refreshing(&server)).await;
    server.advance(LIFETIME + Duration::from_secs(120));
    assert_eq!(old.clone().open("/castles").await.status, 200);
    server.advance(Duration::from_secs(27));
    let (response, cookies) = old.send_once(page("/castles", "none")).await;
    assert_eq!(response.status, 200);
    assert!(!cookies.is_empty());
    server.advance(Duration::from_secs(5));
    assert_eq!(old.clone().open("/castles").await.status, 303);
}

/// D12: in cookies, tokens that a browser did not receive are lost with the process that knew them.
#[tokio::test]
async fn in_cookies_a_lost_refresh_ends_the_session_with_its_access_token() {
    let server = server().await;
    let (_, old) = logged_in(&server, refreshing(&server)).await;
    server.advance(LIFETIME - Duration::from_secs(30));
    assert_eq!(old.clone().open("/castles").await.status, 200);
    // Another process, or this one half a minute later.
    let other = refreshing(&server).build().unwrap();
    let mut visitor = old.at(super::app(&other));
    assert_eq!(visitor.open("/castles").await.status, 200);
    server.advance(Duration::from_secs(120));
    assert_eq!(visitor.open("/castles").await.status, 303);
    // One request, the response to which was final.
    assert_eq!(server.requests(Endpoint::Token), 3);
}

/// RF-4, RB-10
#[tokio::test]
async fn a_failed_refresh_keeps_the_session() {
    let server = server().await;
    let (_, mut visitor) = logged_in(&server, refreshing(&server)).await;
    server.fault(Endpoint::Token, Fault::status(500));
    server.advance(LIFETIME - Duration::from_secs(30));
    assert_eq!(visitor.open("/castles").await.status, 200);
    assert_eq!(visitor.open("/castles").await.status, 200);
    assert_eq!(server.requests(Endpoint::Token), 2);

    server.advance(Duration::from_secs(120));
    let away = visitor.fetch(Method::GET, "/castles").await;
    assert_eq!(away.status, 503);
    assert!(!away.header("retry-after").is_empty());

    server.clear_faults();
    server.advance(Duration::from_secs(6));
    assert_eq!(visitor.open("/castles").await.status, 200);
}

/// D12
#[tokio::test]
async fn an_inactive_users_session_ends_at_its_refresh() {
    let server = server().await;
    let (_, mut visitor) = logged_in(&server, refreshing(&server)).await;
    server.set_active(web::EMAIL, false);
    server.advance(LIFETIME - Duration::from_secs(30));
    assert_eq!(visitor.fetch(Method::GET, "/castles").await.status, 401);
    server.set_active(web::EMAIL, true);
    assert_eq!(visitor.fetch(Method::GET, "/castles").await.status, 401);
}

/// FD-22: the access token is invalid long before it expires.
#[tokio::test]
async fn a_session_with_a_token_of_a_withdrawn_key_is_refreshed() {
    let server = server().await;
    let (_, mut visitor) = logged_in(&server, refreshing(&server)).await;
    server.rotate_key();
    server.advance(Duration::from_secs(11 * 60));
    assert_eq!(visitor.open("/castles").await.status, 200);
    assert_eq!(server.requests(Endpoint::Token), 2);
}

/// FD-22: an outage does not end it.
#[tokio::test]
async fn a_session_with_an_invalid_token_waits_for_fief() {
    let server = server().await;
    let (_, mut visitor) = logged_in(&server, refreshing(&server)).await;
    server.rotate_key();
    server.advance(Duration::from_secs(11 * 60));
    server.fault(Endpoint::Token, Fault::status(503));
    assert_eq!(visitor.fetch(Method::GET, "/castles").await.status, 503);
    server.clear_faults();
    server.advance(Duration::from_secs(6));
    assert_eq!(visitor.fetch(Method::GET, "/castles").await.status, 200);
}

/// FD-22, RF-3: a session is not refreshed right after its login, and has not ended either.
#[tokio::test]
async fn a_session_whose_new_token_is_of_a_withdrawn_key_waits_for_its_refresh() {
    let server = server().await;
    server.set_time(SystemTime::now());
    let (auth, mut visitor) = logged_in(&server, refreshing(&server)).await;
    server.rotate_key();
    let newer = server.access_token().mint();
    let requirements = Requirements::new();
    let validated = auth.fief().validate_access_token(&newer, &requirements);
    validated.await.unwrap();
    assert_eq!(visitor.fetch(Method::GET, "/castles").await.status, 503);
    assert_eq!(visitor.fetch(Method::GET, "/").await.status, 503);
    server.advance(Duration::from_secs(5));
    assert_eq!(visitor.fetch(Method::GET, "/castles").await.status, 200);
}

/// RF-8
#[tokio::test]
async fn a_refreshed_session_has_to_step_up_again() {
    let server = server().await;
    let (_, mut visitor) = logged_in(&server, refreshing(&server)).await;
    visitor.log_in(&server, "/login?acr=1").await;
    assert_eq!(visitor.open("/admin").await.status, 200);
    server.advance(LIFETIME);
    let response = visitor.open("/admin").await;
    assert_eq!(
        response.header("location"),
        "/login?return_to=%2Fadmin&acr=1"
    );
}

/// RF-7
#[tokio::test]
async fn head_and_options_do_not_refresh() {
    let server = server().await;
    let (_, mut visitor) = logged_in(&server, refreshing(&server)).await;
    server.advance(LIFETIME - Duration::from_secs(30));
    server.reset_requests();
    assert_eq!(visitor.fetch(Method::HEAD, "/castles").await.status, 200);
    assert_eq!(server.requests(Endpoint::Token), 0);
}

#[tokio::test]
async fn without_offline_access_nothing_is_refreshed() {
    let server = server().await;
    let idle = builder(&server).idle_timeout(Duration::from_secs(24 * 3600));
    let (_, mut visitor) = logged_in(&server, idle).await;
    server.advance(LIFETIME + Duration::from_secs(120));
    assert_eq!(visitor.open("/castles").await.status, 303);
    assert_eq!(server.requests(Endpoint::Token), 1);
}

/// Returns how a refresh with this fault is counted.
async fn counted(wrong: impl FnOnce(&FiefTestServer)) -> String {
    let server = server().await;
    let (_, mut visitor) = logged_in(&server, refreshing(&server)).await;
    wrong(&server);
    server.advance(LIFETIME - Duration::from_secs(30));
    let counts = Counts::default();
    let _guard = metrics::set_default_local_recorder(&counts);
    visitor.fetch(Method::GET, "/castles").await;
    counts.labels_of("fief_axum_refreshes_total")
}

/// The names are documented, so they must not change.
#[tokio::test]
async fn refreshes_are_counted_by_what_they_led_to() {
    let fails = |fault| move |server: &FiefTestServer| server.fault(Endpoint::Token, fault);
    let rejection = Fault::status(400).header("content-type", "application/json");
    let rejection = rejection.body(r#"{"error": "invalid_grant"}"#);
    let inactive = |server: &FiefTestServer| server.set_active(web::EMAIL, false);

    assert_eq!(counted(|_| ()).await, "refreshed 1");
    assert_eq!(counted(fails(rejection)).await, "rejected 1");
    assert_eq!(counted(fails(Fault::status(500))).await, "failed 1");
    assert_eq!(counted(inactive).await, "ended 1");
}
