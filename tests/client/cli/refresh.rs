use std::time::Duration;

use fief_client::{FiefError, cli::FiefAuthError};
use fief_test_server::{Endpoint, Fault};
use serde_json::{Value, json};
use tokio::task::JoinSet;

use super::{ANNE, DAY, LOUIS, Tool};
use crate::client::{wait_for_requests, wait_until};

/// RF-3
#[tokio::test]
async fn a_token_is_refreshed_a_minute_before_it_expires() {
    let tool = Tool::logged_in().await;
    let requests = tool.server.requests(Endpoint::Token);
    tool.server.advance(DAY - Duration::from_secs(70));
    tool.auth.access_token().await.unwrap();
    assert_eq!(tool.server.requests(Endpoint::Token), requests);

    tool.server.advance(Duration::from_secs(15));
    tool.auth.access_token().await.unwrap();

    assert_eq!(tool.server.requests(Endpoint::Token), requests + 1);
}

/// RF-1
#[tokio::test]
async fn many_tasks_refresh_once() {
    let tool = Tool::logged_in().await;
    tool.server.advance(DAY * 2);
    let requests = tool.server.requests(Endpoint::Token);

    let mut tasks = JoinSet::new();
    for count in 0..20 {
        let auth = if count % 2 == 0 {
            tool.auth.clone()
        } else {
            tool.again()
        };
        tasks.spawn(async move { auth.access_token().await.unwrap().access_token().to_owned() });
    }
    let tokens = tasks.join_all().await;

    assert_eq!(tool.server.requests(Endpoint::Token), requests + 1);
    let saved = tool.saved_token("access_token");
    assert!(tokens.iter().all(|token| *token == saved));
}

/// RB-5: Fief has invalidated the refresh token when the caller is dropped.
#[tokio::test]
async fn a_refresh_outlives_its_caller() {
    let tool = Tool::logged_in().await;
    tool.server.advance(DAY * 2);
    let (before, requests) = (tool.saved(), tool.server.requests(Endpoint::Token));
    tool.server
        .fault(Endpoint::Token, Fault::delay(Duration::from_millis(200)));
    let auth = tool.auth.clone();
    let caller = tokio::spawn(async move { auth.access_token().await });
    wait_for_requests(&tool.server, Endpoint::Token, requests + 1).await;

    caller.abort();

    wait_until(async || tool.saved()["tokens"] != before["tokens"]).await;
    tool.auth.access_token().await.unwrap();
    assert_eq!(tool.server.requests(Endpoint::Token), requests + 1);
}

/// RF-4
#[tokio::test]
async fn a_rejected_refresh_token_is_not_sent_again() {
    let tool = Tool::logged_in().await;
    tool.server.advance(DAY * 2);
    tool.server.fault(Endpoint::Token, invalid_grant());
    let requests = tool.server.requests(Endpoint::Token);

    let first = tool.auth.access_token().await.unwrap_err();
    let second = tool.auth.access_token().await.unwrap_err();

    assert!(
        matches!(first, FiefAuthError::Fief(FiefError::Request { .. })),
        "{first:?}"
    );
    assert!(
        matches!(second, FiefAuthError::RefreshTokenMissing),
        "{second:?}"
    );
    assert!(first.needs_login() && second.needs_login());
    assert_eq!(tool.server.requests(Endpoint::Token), requests + 1);
    assert_eq!(tool.saved()["tokens"]["refresh_token"], Value::Null);
}

/// RF-4: the login lasts as long as its access token.
#[tokio::test]
async fn a_token_that_is_still_valid_is_returned_if_the_refresh_fails() {
    let faults = [
        invalid_grant(),
        Fault::status(503),
        Fault::reset(),
        Fault::garbage(),
    ];
    for fault in faults {
        let tool = Tool::logged_in().await;
        tool.server.advance(DAY - Duration::from_secs(30));
        tool.server.fault(Endpoint::Token, fault.clone());
        let before = tool.saved_token("access_token");

        let token = tool.auth.access_token().await.unwrap();

        assert_eq!(token.access_token(), before, "{fault:?}");
    }
}

/// RF-4, RB-10
#[tokio::test]
async fn credentials_outlive_a_fief_that_fails() {
    let tool = Tool::logged_in().await;
    let before = tool.saved();
    tool.server.advance(DAY * 2);
    tool.auth.access_token().await.unwrap();
    std::fs::write(tool.folder.credentials(), before.to_string()).unwrap();
    tool.server.fault(Endpoint::Token, Fault::status(503));

    let error = tool.auth.access_token().await.unwrap_err();

    assert!(!error.needs_login(), "{error:?}");
    assert_eq!(tool.saved(), before);
    assert_eq!(
        tool.folder.names(),
        ["credentials.json", "credentials.json.lock"]
    );
}

/// A file that cannot be written is noticed before the refresh token is used up.
#[tokio::test]
async fn nothing_is_sent_if_the_new_tokens_could_not_be_saved() {
    let tool = Tool::logged_in().await;
    tool.server.advance(DAY * 2);
    let (before, requests) = (tool.saved(), tool.server.requests(Endpoint::Token));
    std::fs::create_dir(tool.folder.path("credentials.json.tmp")).unwrap();

    let error = tool.auth.access_token().await.unwrap_err();

    assert!(
        matches!(error, FiefAuthError::Credentials { .. }),
        "{error:?}"
    );
    assert!(!error.needs_login());
    assert_eq!(tool.server.requests(Endpoint::Token), requests);
    assert_eq!(tool.saved(), before);
    std::fs::remove_dir(tool.folder.path("credentials.json.tmp")).unwrap();
    tool.auth.access_token().await.unwrap();
}

/// IT-12, RF-5
#[tokio::test]
async fn tokens_of_another_user_end_the_login() {
    let tool = Tool::logged_in().await;
    tool.server.advance(DAY * 2);
    tool.server
        .fault_once(Endpoint::Token, Fault::json(tokens_of(&tool, LOUIS, 0)));

    let error = tool.auth.access_token().await.unwrap_err();

    assert!(
        matches!(error, FiefAuthError::Fief(FiefError::IdTokenInvalid(_))),
        "{error:?}"
    );
    assert_eq!(tool.folder.names(), ["credentials.json.lock"]);
    let user = tool.auth.current_user().await.unwrap_err();
    assert!(matches!(user, FiefAuthError::NotAuthenticated), "{user:?}");
}

/// IT-12: the same user, who logged in somewhere else.
#[tokio::test]
async fn tokens_of_another_login_end_the_login() {
    let tool = Tool::logged_in().await;
    tool.server.advance(DAY * 2);
    tool.server
        .fault_once(Endpoint::Token, Fault::json(tokens_of(&tool, ANNE, 5)));

    let error = tool.auth.access_token().await.unwrap_err();

    assert!(
        matches!(error, FiefAuthError::Fief(FiefError::IdTokenInvalid(_))),
        "{error:?}"
    );
    assert_eq!(tool.folder.names(), ["credentials.json.lock"]);
}

#[tokio::test]
async fn an_inactive_user_is_logged_out() {
    let tool = Tool::logged_in().await;
    tool.server.advance(DAY - Duration::from_secs(30));
    tool.server.set_active(ANNE, false);

    let error = tool.auth.access_token().await.unwrap_err();

    assert!(
        matches!(error, FiefAuthError::Fief(FiefError::UserInactive)),
        "{error:?}"
    );
    assert_eq!(tool.folder.names(), ["credentials.json.lock"]);
}

fn invalid_grant() -> Fault {
    Fault::status(400).body(r#"{"error": "invalid_grant"}"#)
}

/// Returns a response of the token endpoint with tokens of a user that logged in this long ago.
fn tokens_of(tool: &Tool, email: &str, seconds: u64) -> Value {
    let ago = Duration::from_secs(seconds);
    let access = tool.server.access_token().client("castles-cli").user(email);
    let access = access.authenticated_ago(ago).mint();
    let id = tool.server.id_token().client("castles-cli").user(email);
    let id = id.authenticated_ago(ago).access_token(&access).mint();
    json!({
        "access_token": access,
        "id_token": id,
        "token_type": "bearer",
        "expires_in": 86_400,
        "refresh_token": "REFRESH",
    })
}
