use std::time::{Duration, SystemTime, UNIX_EPOCH};

use fief_client::{
    AuthorizationRequest, Fief, FiefAcr, FiefError, FiefTokenResponse, FiefUserInfo, RefreshParams,
    Requirements,
};
use fief_test_server::{Endpoint, Fault, FiefTestServer, IdTokenBuilder};
use serde_json::json;

use super::{ANNE, fief, log_in};

/// C24, IT-12: the user's, with ACR 0 and without a nonce.
#[tokio::test]
async fn a_refresh_gives_new_tokens_of_the_same_login() {
    let (server, fief, tokens, user) = offline().await;
    let before = fief
        .validate_access_token(tokens.access_token(), &Requirements::new())
        .await
        .unwrap();
    server.advance(Duration::from_secs(100));
    let params = RefreshParams::new()
        .user(user.sub)
        .auth_time(before.auth_time().unwrap());
    let refresh_token = tokens.refresh_token().unwrap();
    let (refreshed, again) = fief
        .auth_refresh_token(refresh_token, &params)
        .await
        .unwrap();
    assert_eq!(again.sub, user.sub);
    assert_ne!(refreshed.refresh_token(), tokens.refresh_token());
    let after = fief
        .validate_access_token(refreshed.access_token(), &Requirements::new())
        .await
        .unwrap();
    assert_eq!(after.auth_time(), before.auth_time());
    assert_eq!(
        (before.acr(), after.acr()),
        (FiefAcr::LevelOne, FiefAcr::LevelZero)
    );
}

/// RF-4
#[tokio::test]
async fn a_refresh_token_is_valid_once() {
    let (_server, fief, tokens, _) = offline().await;
    let refresh_token = tokens.refresh_token().unwrap();
    fief.auth_refresh_token(refresh_token, &RefreshParams::new())
        .await
        .unwrap();
    let again = fief
        .auth_refresh_token(refresh_token, &RefreshParams::new())
        .await;
    let Err(FiefError::Request { status, detail, .. }) = again else {
        panic!("{again:?}");
    };
    assert_eq!(
        (status.as_u16(), detail.code()),
        (400, Some("invalid_grant"))
    );
}

/// C24: without `offline_access` it was the last one.
#[tokio::test]
async fn a_refresh_can_request_less() {
    let (_server, fief, tokens, _) = offline().await;
    let params = RefreshParams::new().scope("openid");
    let refresh_token = tokens.refresh_token().unwrap();
    let (refreshed, _) = fief
        .auth_refresh_token(refresh_token, &params)
        .await
        .unwrap();
    assert_eq!(refreshed.refresh_token(), None);
    let info = fief
        .validate_access_token(refreshed.access_token(), &Requirements::new())
        .await
        .unwrap();
    assert_eq!(info.scope(), ["openid"]);
}

/// IT-12
#[tokio::test]
async fn a_refresh_of_another_user_login_or_issuer_is_rejected() {
    let server = FiefTestServer::start().await;
    let fief = fief(&server);
    let login = UNIX_EPOCH + Duration::from_secs(1_700_000_000);
    let same = |token: IdTokenBuilder| token.claim("auth_time", 1_700_000_000);
    let cases: [(Change, bool); 5] = [
        (|token| token, true),
        (|token| token.without_claim("auth_time"), true),
        (|token| token.claim("auth_time", 1_700_000_001), false),
        (|token| token.claim("iss", "https://evil.example"), false),
        (|token| token.nonce("NONCE"), false),
    ];
    for (change, is_good) in cases {
        let params = RefreshParams::new().auth_time(login);
        let result = refreshed(&server, &fief, &params, |token| change(same(token))).await;
        assert_eq!(result.is_ok(), is_good, "{result:?}");
    }
    // A time before 1970 is that of no login, not even of one in 1970.
    let early = RefreshParams::new().auth_time(UNIX_EPOCH - Duration::from_secs(1));
    let first = |token: IdTokenBuilder| token.claim("auth_time", 0);
    let rejected = refreshed(&server, &fief, &early, first).await;
    assert!(matches!(rejected, Err(FiefError::IdTokenInvalid(_))));
    let other = RefreshParams::new().user(uuid::Uuid::from_u128(1));
    let rejected = refreshed(&server, &fief, &other, |token| token).await;
    assert!(matches!(rejected, Err(FiefError::IdTokenInvalid(_))));
}

/// IT-14: Fief also refreshes tokens of inactive users.
#[tokio::test]
async fn a_refresh_of_an_inactive_user_is_rejected() {
    let (server, fief, tokens, _) = offline().await;
    server.set_active(ANNE, false);
    let rejected = fief
        .auth_refresh_token(tokens.refresh_token().unwrap(), &RefreshParams::new())
        .await;
    assert!(
        matches!(rejected, Err(FiefError::UserInactive)),
        "{rejected:?}"
    );
}

/// RF-4: a refresh token is not spent while what it brings could not be verified.
#[tokio::test]
async fn without_keys_no_refresh_is_sent() {
    let server = FiefTestServer::start().await;
    let fief = fief(&server);
    server.fault(Endpoint::Jwks, Fault::status(500));
    fief.auth_refresh_token("TOKEN", &RefreshParams::new())
        .await
        .unwrap_err();
    assert_eq!(server.requests(Endpoint::Token), 0);
}

/// RB-9
#[test]
fn a_login_before_1970_is_no_panic() {
    let _ = RefreshParams::new().auth_time(SystemTime::UNIX_EPOCH - Duration::from_secs(1));
}

type Change = fn(IdTokenBuilder) -> IdTokenBuilder;

async fn offline() -> (FiefTestServer, Fief, FiefTokenResponse, FiefUserInfo) {
    let server = FiefTestServer::start().await;
    let fief = fief(&server);
    let request = AuthorizationRequest::new()
        .scope("offline_access")
        .acr(FiefAcr::LevelOne);
    let (tokens, user) = log_in(&server, &fief, request).await.unwrap();
    (server, fief, tokens, user)
}

/// Refreshes to an ID token that is valid except for the change.
async fn refreshed(
    server: &FiefTestServer,
    fief: &Fief,
    params: &RefreshParams,
    change: impl FnOnce(IdTokenBuilder) -> IdTokenBuilder,
) -> Result<FiefUserInfo, FiefError> {
    let access_token = server.access_token().mint();
    let id_token = change(server.id_token().access_token(&access_token)).mint();
    let response =
        json!({"access_token": access_token, "id_token": id_token, "token_type": "bearer"});
    server.fault(Endpoint::Token, Fault::json(response));
    let refreshed = fief.auth_refresh_token("TOKEN", params).await;
    refreshed.map(|(_, user)| user)
}
