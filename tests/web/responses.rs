//! What a rejected request gets, as an API caller.

use axum::http::{Request, header};
use fief_axum::{FiefAuth, RequireLayer};
use fief_test_server::{Endpoint, Fault, FiefTestServer};

use super::{TestResponse, api, call, guarded, send};

/// What a token gets in front of a guard of an API.
pub async fn response(
    server: &FiefTestServer,
    token: &str,
    guard: impl Fn(&FiefAuth) -> RequireLayer,
) -> TestResponse {
    send(&guarded(guard(&api(server))), call(token)).await
}

pub fn assert_is(response: &TestResponse, status: u16, error: &str, challenge: &str) {
    assert_eq!(response.status, status);
    assert_eq!(response.error(), error);
    assert_eq!(response.challenge(), challenge);
    assert_eq!(response.header(header::CONTENT_TYPE), "application/json");
    assert!(response.json()["error_description"].is_string());
}

/// ER-1, Q39
#[tokio::test]
async fn no_credentials_get_a_challenge_without_an_error() {
    let server = FiefTestServer::start().await;
    let auth = api(&server);

    let plain = send(&guarded(auth.require()), Request::get("/")).await;
    let scoped = send(
        &guarded(auth.require().scope("a").scope("b")),
        Request::get("/"),
    )
    .await;

    assert_is(&plain, 401, "unauthorized", "Bearer");
    assert_is(&scoped, 401, "unauthorized", r#"Bearer scope="a b""#);
}

/// ER-1, ER-5
#[tokio::test]
async fn an_invalid_and_an_expired_token_are_invalid_tokens() {
    let server = FiefTestServer::start().await;
    let challenge = r#"Bearer error="invalid_token""#;
    let foreign = server.access_token().unpublished_key().mint();
    let expired = server.access_token().expired().mint();

    let foreign = response(&server, &foreign, FiefAuth::require).await;
    let expired = response(&server, &expired, FiefAuth::require).await;
    let garbage = response(&server, "garbage", FiefAuth::require).await;

    assert_is(&foreign, 401, "invalid_token", challenge);
    assert_is(&expired, 401, "invalid_token", challenge);
    assert_eq!(foreign.body, garbage.body);
}

/// ER-1
#[tokio::test]
async fn a_malformed_header_is_an_invalid_request() {
    let server = FiefTestServer::start().await;
    let response = response(&server, "two tokens", FiefAuth::require).await;

    assert_is(
        &response,
        400,
        "invalid_request",
        r#"Bearer error="invalid_request""#,
    );
}

/// ER-2
#[tokio::test]
async fn a_missing_permission_has_a_code_of_its_own() {
    let server = FiefTestServer::start().await;
    let token = server.access_token().mint();

    let permission = response(&server, &token, |auth| auth.require().permission("castles")).await;
    let predicate = response(&server, &token, |auth| auth.require().predicate(|_| false)).await;

    let challenge = r#"Bearer error="insufficient_scope""#;
    assert_is(&permission, 403, "insufficient_permissions", challenge);
    assert_is(&predicate, 403, "forbidden", challenge);
}

/// ER-7, D5, Q31
#[tokio::test]
async fn an_unreachable_fief_is_503_with_a_time_to_try_again() {
    let server = FiefTestServer::start().await;
    server.fault(Endpoint::Jwks, Fault::status(500));
    let token = server.access_token().mint();

    let response = response(&server, &token, |auth| auth.require().permission("admin")).await;

    assert_is(&response, 503, "temporarily_unavailable", "");
    assert_eq!(response.header(header::RETRY_AFTER), "5");
}
