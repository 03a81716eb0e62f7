use std::time::SystemTime;

use fief_client::{AuthorizationRequest, FiefError, RefreshParams};
use fief_test_server::{Endpoint, Fault, FiefTestServer};
use serde_json::Value;

use super::{
    MINUTE, SECOND, at_once, connected, fetches, poll_once, token, token_of_unknown_key, validate,
};
use crate::{
    client::{log_in, wait_for_requests},
    token::assert_invalid,
};

/// FD-21, DJ-7: what anonymous callers send delays no login and no refresh.
#[tokio::test]
async fn anonymous_callers_delay_no_login_and_no_refresh() {
    let (server, fief) = connected().await;
    server.set_time(SystemTime::now());
    let request = || AuthorizationRequest::new().scope("offline_access");
    let (mut tokens, _) = log_in(&server, &fief, request()).await.unwrap();
    for number in 0..3 {
        validate(&fief, &token_of_unknown_key(&server, number))
            .await
            .unwrap_err();
        server.advance(SECOND);
        server.rotate_key();
        let refresh_token = tokens.refresh_token().unwrap();
        fief.auth_refresh_token(refresh_token, &RefreshParams::new())
            .await
            .unwrap();
        server.advance(5 * SECOND);
        server.rotate_key();
        (tokens, _) = log_in(&server, &fief, request()).await.unwrap();
        server.advance(MINUTE / 2 - 6 * SECOND);
    }
    assert_eq!(fetches(&server), 9);
}

/// FD-21, DJ-7: nor does it make a session of another machine invalid.
#[tokio::test]
async fn anonymous_callers_make_no_session_invalid() {
    let (server, fief) = connected().await;
    server.set_time(SystemTime::now());
    let old = token(&server, 0);
    validate(&fief, &token_of_unknown_key(&server, 0))
        .await
        .unwrap_err();
    server.rotate_key();
    let new = token(&server, 0);
    assert_invalid(validate(&fief, &new).await, "from a caller");
    server.fault(Endpoint::Jwks, Fault::status(503));
    let failed = fief.validate_session_token(&new).await;
    assert!(matches!(failed, Err(FiefError::Request { .. })));
    server.clear_faults();
    let paused = fief.validate_session_token(&new).await;
    assert!(matches!(paused, Err(FiefError::Request { .. })));
    server.advance(5 * SECOND);
    fief.validate_session_token(&new).await.unwrap();
    assert_invalid(fief.validate_session_token(&old).await, "withdrawn");
    validate(&fief, &new).await.unwrap();
}

/// DJ-7: for the whole process, also if it fails.
#[tokio::test]
async fn unknown_key_ids_of_logins_fetch_once_in_five_seconds() {
    for fault in [
        Fault::status(503),
        Fault::json(keys(&connected().await.0).await),
    ] {
        let (server, fief) = connected().await;
        server.set_time(SystemTime::now());
        server.rotate_key();
        server.fault(Endpoint::Jwks, fault);
        for turn in 1..=3 {
            for _ in 0..4 {
                let login = log_in(&server, &fief, AuthorizationRequest::new()).await;
                assert!(matches!(login, Err(FiefError::TokensPending { .. })));
            }
            assert_eq!(fetches(&server), turn);
            server.advance(4 * SECOND);
            let login = log_in(&server, &fief, AuthorizationRequest::new()).await;
            assert!(matches!(login, Err(FiefError::TokensPending { .. })));
            assert_eq!(fetches(&server), turn);
            server.advance(SECOND);
        }
    }
}

/// DJ-7: nor do logins use up the budget of callers.
#[tokio::test]
async fn logins_do_not_delay_callers() {
    let (server, fief) = connected().await;
    server.set_time(SystemTime::now());
    server.rotate_key();
    log_in(&server, &fief, AuthorizationRequest::new())
        .await
        .unwrap();
    server.rotate_key();
    validate(&fief, &token(&server, 0)).await.unwrap();
    assert_eq!(fetches(&server), 2);
}

/// FD-21: in the cool-down it stays invalid, also if it waited for a fetch of a login, which failed.
#[tokio::test]
async fn in_the_cool_down_an_unknown_key_id_is_invalid_while_a_login_fetches() {
    let (server, fief) = connected().await;
    server.set_time(SystemTime::now());
    validate(&fief, &token_of_unknown_key(&server, 0))
        .await
        .unwrap_err();
    server.rotate_key();
    let new = token(&server, 0);
    server.fault(Endpoint::Jwks, Fault::hang());
    let session = tokio::spawn({
        let (fief, new) = (fief.clone(), new.clone());
        async move { fief.validate_session_token(&new).await }
    });
    wait_for_requests(&server, Endpoint::Jwks, 2).await;
    let unknown = token_of_unknown_key(&server, 1);
    let mut waiting = Box::pin(validate(&fief, &unknown));
    assert!(poll_once(waiting.as_mut()).await.is_none());
    server.remove_key(&server.kid());
    server.clear_faults();
    assert_invalid(waiting.await, "waited");
    assert!(matches!(
        session.await.unwrap(),
        Err(FiefError::ResponseInvalid(_))
    ));
    assert_invalid(at_once(&fief, &unknown).await.unwrap(), "afterwards");
}

/// FD-21: a fetch that a caller began may be too early for the key of a login, so there is another one.
#[tokio::test]
async fn a_login_does_not_rely_on_the_fetch_of_a_caller() {
    let (server, fief) = connected().await;
    server.set_time(SystemTime::now());
    server.rotate_key();
    let (new, published) = (token(&server, 0), keys(&server).await);
    server.reset_requests();
    server.fault(Endpoint::Jwks, Fault::hang());
    let unknown = token_of_unknown_key(&server, 0);
    assert!(at_once(&fief, &unknown).await.is_none());
    wait_for_requests(&server, Endpoint::Jwks, 1).await;
    let mut session = Box::pin(fief.validate_session_token(&new));
    assert!(poll_once(session.as_mut()).await.is_none());
    // The fetch of the caller fails, and the next one succeeds.
    server.remove_key(&server.kid());
    server.clear_faults();
    server.fault(Endpoint::Jwks, Fault::json(published));
    session.await.unwrap();
    assert_eq!(fetches(&server), 2);
}

/// DJ-7: the only way to know a key id is to have been issued a token: no error of a caller's token uses it up.
#[tokio::test]
async fn callers_do_not_use_up_the_budget_of_logins() {
    let (server, fief) = connected().await;
    server.set_time(SystemTime::now());
    for number in 0..100 {
        let _ = validate(&fief, &token_of_unknown_key(&server, number)).await;
        let rejected = fief
            .auth_callback("CODE", crate::client::CALLBACK, &<_>::default())
            .await;
        assert!(matches!(rejected, Err(FiefError::Request { .. })));
    }
    assert_eq!(fetches(&server), 1);
    server.rotate_key();
    log_in(&server, &fief, AuthorizationRequest::new())
        .await
        .unwrap();
}

/// Returns the keys that a server publishes.
async fn keys(server: &FiefTestServer) -> Value {
    let url = format!("{}/.well-known/jwks.json", server.url());
    reqwest::get(url).await.unwrap().json().await.unwrap()
}
