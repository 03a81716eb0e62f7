//! What `WWW-Authenticate` says.

use std::time::Duration;

use axum::http::Request;
use fief_axum::FiefAuth;
use fief_client::FiefAcr;
use fief_test_server::FiefTestServer;

use super::{
    api, call, fief, guarded,
    responses::{assert_is, response},
    send,
};

/// ER-2
#[tokio::test]
async fn a_missing_scope_names_all_that_are_required() {
    let server = FiefTestServer::start().await;
    let token = server.access_token().mint();

    let response = response(&server, &token, |auth| {
        auth.require().scope("openid").scope("castles")
    })
    .await;

    let challenge = r#"Bearer error="insufficient_scope", scope="openid castles""#;
    assert_is(&response, 403, "insufficient_scope", challenge);
}

/// ER-3, D9
#[tokio::test]
async fn a_step_up_names_the_acr_and_the_age_together() {
    let server = FiefTestServer::start().await;
    let acr = |auth: &FiefAuth| auth.require().acr(FiefAcr::LevelOne);
    let both = |auth: &FiefAuth| acr(auth).max_age(Duration::from_secs(300));
    let low = server.access_token().acr("0").mint();
    let old = server
        .access_token()
        .acr("1")
        .authenticated_ago(Duration::from_secs(9000))
        .mint();
    let code = "insufficient_user_authentication";

    let alone = response(&server, &low, acr).await;
    let together = response(&server, &low, both).await;
    let aged = response(&server, &old, both).await;

    let challenge = format!(r#"Bearer error="{code}", acr_values="1""#);
    assert_is(&alone, 401, code, &challenge);
    let challenge = format!(r#"Bearer error="{code}", acr_values="1", max_age="300""#);
    assert_is(&together, 401, code, &challenge);
    assert_is(&aged, 401, code, &challenge);
}

/// ER-4
#[tokio::test]
async fn quotes_and_backslashes_are_escaped_and_nothing_breaks_the_header() {
    let server = FiefTestServer::start().await;
    let auth = FiefAuth::builder(fief(&server))
        .realm(r#"a "b\c""#)
        .build()
        .unwrap();
    let broken = guarded(api(&server).require().scope("a\r\nb"));

    let escaped = send(&guarded(auth.require()), Request::get("/")).await;
    let broken = send(&broken, Request::get("/")).await;

    assert_eq!(escaped.challenge(), r#"Bearer realm="a \"b\\c\"""#);
    assert_eq!(broken.challenge(), "Bearer");
}

/// A realm that is not valid in a header is rejected when it is set.
#[tokio::test]
async fn a_realm_has_to_fit_into_a_header() {
    let server = FiefTestServer::start().await;
    let built = FiefAuth::builder(fief(&server)).realm("a\nb").build();

    assert!(built.unwrap_err().to_string().contains("realm"));
}

/// ER-4: what no header can carry takes nothing else with it.
#[tokio::test]
async fn a_scope_that_no_header_can_carry_leaves_the_error_alone() {
    let server = FiefTestServer::start().await;
    let token = server.access_token().mint();

    let response = response(&server, &token, |auth| auth.require().scope("schlösser")).await;

    assert_eq!(response.challenge(), r#"Bearer error="insufficient_scope""#);
}

/// ER-1, ER-2, ER-3
#[tokio::test]
async fn of_what_is_required_a_challenge_names_what_helps() {
    let server = FiefTestServer::start().await;
    let recent = Duration::from_secs(300);
    let guard = |auth: &FiefAuth| {
        let guard = auth.require().scope("openid").permission("castles");
        guard.acr(FiefAcr::LevelOne).max_age(recent)
    };
    let (lacking, low) = (server.access_token().acr("1"), server.access_token());

    let invalid = response(&server, "INVALID", guard).await;
    let lacking = response(&server, &lacking.mint(), guard).await;
    let low = response(&server, &low.acr("0").mint(), guard).await;

    assert_eq!(invalid.challenge(), r#"Bearer error="invalid_token""#);
    assert_eq!(lacking.challenge(), r#"Bearer error="insufficient_scope""#);
    let step_up = "Bearer error=\"insufficient_user_authentication\"";
    let step_up = format!(r#"{step_up}, acr_values="1", max_age="300""#);
    assert_eq!(low.challenge(), step_up);
}

/// ER-1, D9: RFC 9728, section 5.1
#[tokio::test]
async fn every_challenge_names_the_realm_and_the_description() {
    let server = FiefTestServer::start().await;
    let builder = FiefAuth::builder(fief(&server)).realm("castles");
    let auth = builder.resource("https://api.example.com").build().unwrap();

    let response = send(&guarded(auth.require()), call("INVALID")).await;

    let description = "https://api.example.com/.well-known/oauth-protected-resource";
    let challenge = format!(r#"error="invalid_token", resource_metadata="{description}""#);
    assert_eq!(
        response.challenge(),
        format!(r#"Bearer realm="castles", {challenge}"#)
    );
}
