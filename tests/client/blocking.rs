use fief_client::{
    AuthCallbackParams, AuthorizationRequest, AuthorizationResponse, FiefAcr, FiefError,
    RefreshParams, Requirements, blocking::Fief,
};
use fief_test_server::FiefTestServer;
use serde_json::json;

use super::{ANNE, CALLBACK, fief};

/// Section 0: the same calls, from a thread that knows no runtime.
#[test]
fn a_whole_login_works_without_a_runtime() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let server = runtime.block_on(FiefTestServer::start());
    let fief = Fief::new(fief(&server)).unwrap();

    let request = AuthorizationRequest::new()
        .scope("offline_access")
        .acr(FiefAcr::LevelOne);
    let (url, attempt) = fief.begin_login(CALLBACK, request).unwrap();
    let callback = url::Url::parse(&runtime.block_on(server.log_in(ANNE, url))).unwrap();
    let response = AuthorizationResponse::parse(callback.query().unwrap()).unwrap();
    let (tokens, user) = fief.finish_login(&attempt, &response).unwrap();

    let token = tokens.access_token();
    let info = fief
        .validate_access_token(token, &Requirements::new())
        .unwrap();
    assert_eq!(info.id(), user.sub);
    assert_eq!(fief.userinfo(token).unwrap().sub, user.sub);
    let changed = fief
        .update_profile(token, &json!({"first_name": "Anna"}))
        .unwrap();
    assert_eq!(changed.fields["first_name"], "Anna");
    let refresh_token = tokens.refresh_token().unwrap();
    let (_, again) = fief
        .auth_refresh_token(refresh_token, &RefreshParams::new())
        .unwrap();
    assert_eq!(again.fields["first_name"], "Anna");
}

/// Section 0
#[test]
fn every_call_returns_fiefs_errors() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let server = runtime.block_on(FiefTestServer::start());
    let fief = Fief::new(fief(&server)).unwrap();
    assert_eq!(fief.client_id(), server.client_id());
    assert!(fief.logout_url(CALLBACK).path().ends_with("/logout"));
    assert!(
        fief.auth_url("no uri", &AuthorizationRequest::new())
            .is_err()
    );
    let rejected = [
        fief.change_password("TOKEN", "x").map(|_| ()),
        fief.email_change("TOKEN", "x").map(|_| ()),
        fief.email_verify("TOKEN", "x").map(|_| ()),
        fief.auth_callback("CODE", CALLBACK, &AuthCallbackParams::new())
            .map(|_| ()),
    ];
    for result in rejected {
        assert!(
            matches!(result, Err(FiefError::Request { .. })),
            "{result:?}"
        );
    }
}

/// RB-1: no panic, where reqwest's own blocking client has one.
#[tokio::test]
async fn a_call_inside_of_a_runtime_waits_and_does_not_panic() {
    let server = FiefTestServer::start().await;
    let fief = Fief::new(fief(&server)).unwrap();
    let token = server.access_token().mint();
    assert!(
        fief.validate_access_token(&token, &Requirements::new())
            .is_ok()
    );
    drop(fief);
}

/// RB-5: clones and threads share one client.
#[test]
fn clones_work_from_many_threads() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let server = runtime.block_on(FiefTestServer::start());
    let fief = Fief::new(fief(&server)).unwrap();
    let token = server.access_token().mint();
    std::thread::scope(|scope| {
        for _ in 0..8 {
            let (fief, token) = (fief.clone(), &token);
            scope.spawn(move || {
                fief.validate_access_token(token, &Requirements::new())
                    .unwrap()
            });
        }
    });
}
