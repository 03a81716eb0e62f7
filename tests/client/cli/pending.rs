//! Tokens that Fief issued while its keys could not be fetched.

use std::time::Duration;

use fief_client::{FiefError, cli::FiefAuthError};
use fief_test_server::{Endpoint, Fault};
use serde_json::Value;

use super::{ANNE, Browser, DAY, Tool};

/// Longer than fetches of unknown keys are apart.
const RETRY: Duration = Duration::from_secs(6);

/// Makes Fief sign with a key that cannot be fetched.
fn lose_key(tool: &Tool) {
    tool.server.rotate_key();
    tool.server.fault(Endpoint::Jwks, Fault::status(503));
}

fn find_key(tool: &Tool) {
    tool.server.clear_faults();
    tool.server.advance(RETRY);
}

fn assert_is_pending(error: &FiefAuthError) {
    assert!(
        matches!(error, FiefAuthError::Fief(FiefError::TokensPending { .. })),
        "{error:?}"
    );
    assert!(!error.needs_login());
}

/// FD-20, RF-9: also if the process ends before the keys are back.
#[tokio::test]
async fn the_tokens_of_a_refresh_are_saved_before_they_are_verified() {
    let tool = Tool::logged_in().await;
    tool.server.advance(DAY * 2);
    // With the key that verified tokens so far.
    tool.auth.saved_access_token().await.unwrap_err();
    let requests = tool.server.requests(Endpoint::Token);
    lose_key(&tool);
    assert_is_pending(&tool.auth.access_token().await.unwrap_err());
    assert!(tool.saved()["pending"].is_string());
    assert_eq!(tool.saved()["tokens"]["refresh_token"], Value::Null);
    assert_is_pending(&tool.auth.access_token().await.unwrap_err());

    find_key(&tool);
    let token = tool.again().access_token().await.unwrap();

    assert_eq!(tool.server.requests(Endpoint::Token), requests + 1);
    assert_eq!(token.access_token(), tool.saved_token("access_token"));
    assert_eq!(tool.saved()["pending"], Value::Null);
    tool.server.advance(DAY * 2);
    tool.auth.access_token().await.unwrap();
}

/// FD-20
#[tokio::test]
async fn a_valid_token_is_used_while_its_successor_is_not_verified() {
    let tool = Tool::logged_in().await;
    tool.server.advance(DAY - Duration::from_secs(30));
    let before = tool.saved_token("access_token");
    tool.auth.saved_access_token().await.unwrap();
    tool.server.add_key();
    tool.server.fault(Endpoint::Jwks, Fault::status(503));

    let token = tool.auth.access_token().await.unwrap();
    let again = tool.auth.access_token().await.unwrap();

    assert_eq!(token.access_token(), before);
    assert_eq!(again.access_token(), before);
    assert!(tool.saved()["pending"].is_string());
}

/// FD-20: its code is used up. The user of the login before is not shown.
#[tokio::test]
async fn a_login_that_cannot_be_verified_is_completed_later() {
    let tool = Tool::logged_in().await;
    let browser = Browser::begin(tool.login()).await;
    lose_key(&tool);

    let page = browser.redirect(&tool.server).await;
    assert_eq!(page.status(), 503);
    assert_is_pending(&browser.result().await.unwrap_err());
    assert_is_pending(&tool.auth.current_user().await.unwrap_err());
    assert_eq!(tool.saved()["userinfo"], Value::Null);
    let requests = tool.server.requests(Endpoint::Token);

    find_key(&tool);
    let user = tool.again().current_user().await.unwrap();

    assert_eq!(user.email.as_deref(), Some(ANNE));
    tool.auth.access_token().await.unwrap();
    assert_eq!(tool.server.requests(Endpoint::Token), requests);
}

/// Of another version, for example.
#[tokio::test]
async fn pending_tokens_that_cannot_be_read_require_a_login() {
    let tool = Tool::logged_in().await;
    tool.server.advance(DAY * 2);
    let mut saved = tool.saved();
    saved["pending"] = "{}".into();
    saved["tokens"]["refresh_token"] = Value::Null;
    std::fs::write(tool.folder.credentials(), saved.to_string()).unwrap();

    let error = tool.auth.access_token().await.unwrap_err();

    assert!(
        matches!(error, FiefAuthError::RefreshTokenMissing),
        "{error:?}"
    );
}
