use std::time::Duration;

use fief_client::{FiefError, cli::FiefAuthError};
use fief_test_server::{Endpoint, Fault};

use super::{ANNE, DAY, Tool};

/// L03, L04
#[tokio::test]
async fn without_a_file_the_user_is_not_logged_in() {
    let tool = Tool::start().await;

    let token = tool.auth.access_token().await.unwrap_err();
    let saved = tool.auth.saved_access_token().await.unwrap_err();
    let user = tool.auth.current_user().await.unwrap_err();
    let fresh = tool.auth.fresh_user().await.unwrap_err();

    for error in [token, saved, user, fresh] {
        assert!(
            matches!(error, FiefAuthError::NotAuthenticated),
            "{error:?}"
        );
        assert!(error.needs_login());
    }
    tool.auth.logout().await.unwrap();
    assert!(tool.folder.names().is_empty());
}

/// L03
#[tokio::test]
async fn a_valid_token_is_returned_without_a_refresh() {
    let tool = Tool::logged_in().await;
    let before = tool.server.requests(Endpoint::Token);

    let token = tool.again().access_token().await.unwrap();

    assert_eq!(token.access_token(), tool.saved_token("access_token"));
    assert_eq!(tool.server.requests(Endpoint::Token), before);
}

/// L03
#[tokio::test]
async fn an_expired_token_is_refreshed_once_and_saved() {
    let tool = Tool::logged_in().await;
    let (before, requests) = (tool.saved(), tool.server.requests(Endpoint::Token));
    tool.server.advance(DAY * 2);

    let token = tool.auth.access_token().await.unwrap();
    let again = tool.again().access_token().await.unwrap();

    assert_eq!(tool.server.requests(Endpoint::Token), requests + 1);
    assert_eq!(token.access_token(), again.access_token());
    assert_eq!(token.access_token(), tool.saved_token("access_token"));
    assert_ne!(
        tool.saved()["tokens"]["refresh_token"],
        before["tokens"]["refresh_token"]
    );
    assert_eq!(tool.saved()["userinfo"], before["userinfo"]);
    assert_eq!(tool.saved()["pending"], serde_json::Value::Null);
}

/// L03
#[tokio::test]
async fn an_expired_token_without_a_refresh_token_requires_a_login() {
    let tool = Tool::logged_in().await;
    let mut saved = tool.saved();
    saved["tokens"]["refresh_token"] = serde_json::Value::Null;
    std::fs::write(tool.folder.credentials(), saved.to_string()).unwrap();
    assert!(tool.auth.access_token().await.is_ok());
    tool.server.advance(DAY * 2);

    let error = tool.auth.access_token().await.unwrap_err();

    assert!(
        matches!(error, FiefAuthError::RefreshTokenMissing),
        "{error:?}"
    );
    assert!(error.needs_login());
}

/// L03
#[tokio::test]
async fn the_saved_token_is_returned_without_a_refresh_or_has_expired() {
    let tool = Tool::logged_in().await;
    let requests = tool.server.requests(Endpoint::Token);
    assert!(tool.auth.saved_access_token().await.is_ok());
    tool.server.advance(DAY * 2);

    let error = tool.auth.saved_access_token().await.unwrap_err();

    assert!(
        matches!(
            error,
            FiefAuthError::Fief(FiefError::AccessTokenExpired { .. })
        ),
        "{error:?}"
    );
    assert!(error.needs_login());
    assert_eq!(tool.server.requests(Endpoint::Token), requests);
}

/// L04
#[tokio::test]
async fn the_current_user_is_the_saved_one() {
    let tool = Tool::logged_in().await;
    tool.server.advance(DAY * 2);
    let requests = tool.server.requests(Endpoint::Userinfo);

    let user = tool.again().current_user().await.unwrap();

    assert_eq!(user.email.as_deref(), Some(ANNE));
    assert_eq!(tool.server.requests(Endpoint::Userinfo), requests);
}

/// L04
#[tokio::test]
async fn the_fresh_user_is_fetched_and_saved() {
    let tool = Tool::logged_in().await;
    let id = tool.server.user_id(ANNE);
    let changed = serde_json::json!({"sub": id, "email": "anna@example.com"});
    tool.server.fault(Endpoint::Userinfo, Fault::json(changed));

    let user = tool.auth.fresh_user().await.unwrap();

    assert_eq!(user.email.as_deref(), Some("anna@example.com"));
    assert_eq!(tool.saved()["userinfo"]["email"], "anna@example.com");
    assert_eq!(tool.again().current_user().await.unwrap(), user);
}

/// RB-8
#[tokio::test]
async fn a_user_that_is_not_the_tokens_is_not_saved() {
    let tool = Tool::logged_in().await;
    let before = tool.saved();
    let louis = serde_json::json!({"sub": tool.server.user_id(super::LOUIS)});
    tool.server.fault(Endpoint::Userinfo, Fault::json(louis));

    let error = tool.auth.fresh_user().await.unwrap_err();

    assert!(
        matches!(error, FiefAuthError::Fief(FiefError::ResponseInvalid(_))),
        "{error:?}"
    );
    assert_eq!(tool.saved(), before);
}

#[tokio::test]
async fn a_logout_deletes_the_credentials() {
    let tool = Tool::logged_in().await;

    tool.auth.logout().await.unwrap();
    tool.auth.logout().await.unwrap();

    assert_eq!(tool.folder.names(), ["credentials.json.lock"]);
    let error = tool.auth.access_token().await.unwrap_err();
    assert!(
        matches!(error, FiefAuthError::NotAuthenticated),
        "{error:?}"
    );
}

/// A refresh that began before the logout does not bring the credentials back.
#[tokio::test]
async fn a_logout_ends_a_refresh_that_waits() {
    let tool = Tool::logged_in().await;
    tool.server.advance(DAY * 2);
    tool.server
        .fault(Endpoint::Token, Fault::delay(Duration::from_millis(300)));
    let auth = tool.again();
    let refresh = tokio::spawn(async move { auth.access_token().await });
    let arrived = tool.server.requests(Endpoint::Token);
    crate::client::wait_for_requests(&tool.server, Endpoint::Token, arrived.max(2)).await;

    tool.auth.logout().await.unwrap();

    assert!(refresh.await.unwrap().is_ok());
    assert_eq!(tool.folder.names(), ["credentials.json.lock"]);
}
