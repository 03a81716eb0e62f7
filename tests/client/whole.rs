//! The protocol against both `fief-test-server` and the real Fief.

use fief_client::{
    AuthorizationRequest, AuthorizationResponse, Fief, FiefAcr, FiefBuilder, FiefError,
    FiefTokenResponse, FiefUserInfo, RefreshParams, RequestDetail, Requirements,
};
use serde_json::json;

use crate::contract::Target;

contract! {
    a_login_gives_verified_tokens_and_userinfo,
    a_tenant_logs_its_users_in,
    encrypted_id_tokens_are_opened,
    a_refresh_rotates,
    a_profile_is_changed,
    a_weak_password_is_rejected_with_its_reasons,
    an_email_change_is_accepted,
    a_wrong_code_is_rejected,
    a_step_up_is_requested,
    rejections_have_their_codes,
}

const ANNE: &str = "anne@example.com";

/// C21, C41
async fn a_login_gives_verified_tokens_and_userinfo(target: &Target) {
    let fief = client(target, "main").build().unwrap();
    let (tokens, user) = log_in(target, &fief, ANNE, AuthorizationRequest::new()).await;
    let required = Requirements::new()
        .scope("openid")
        .permission("castles:read");
    let info = fief
        .validate_access_token(tokens.access_token(), &required)
        .await
        .unwrap();
    let fetched = fief.userinfo(tokens.access_token()).await.unwrap();
    assert_eq!((info.id(), fetched.sub), (user.sub, user.sub));
    assert_eq!(fetched.email.as_deref(), Some(ANNE));
    assert_eq!(fetched.fields["first_name"], user.fields["first_name"]);
}

/// C22, C16
async fn a_tenant_logs_its_users_in(target: &Target) {
    let second = client(target, "second").build().unwrap();
    let (tokens, _) = log_in(
        target,
        &second,
        "claude@example.com",
        AuthorizationRequest::new(),
    )
    .await;
    assert!(second.userinfo(tokens.access_token()).await.is_ok());
    let main = client(target, "main").any_audience().build().unwrap();
    let rejected = main
        .validate_access_token(tokens.access_token(), &Requirements::new())
        .await;
    assert!(matches!(rejected, Err(FiefError::AccessTokenInvalid(_))));
}

/// C61, IT-5
async fn encrypted_id_tokens_are_opened(target: &Target) {
    let key = target.encryption_key("encrypted").to_string();
    let fief = client(target, "encrypted")
        .encryption_key(key)
        .build()
        .unwrap();
    let request = AuthorizationRequest::new().scope("offline_access");
    let (tokens, user) = log_in(target, &fief, ANNE, request).await;
    assert_eq!(user.email.as_deref(), Some(ANNE));
    let refresh_token = tokens.refresh_token().unwrap();
    let (_, again) = fief
        .auth_refresh_token(refresh_token, &RefreshParams::new())
        .await
        .unwrap();
    assert_eq!(again.sub, user.sub);
}

/// C24, IT-12
async fn a_refresh_rotates(target: &Target) {
    let fief = client(target, "main").build().unwrap();
    let request = AuthorizationRequest::new().scope("offline_access");
    let (tokens, user) = log_in(target, &fief, ANNE, request).await;
    let before = fief
        .validate_access_token(tokens.access_token(), &Requirements::new())
        .await
        .unwrap();
    let params = RefreshParams::new()
        .user(user.sub)
        .auth_time(before.auth_time().unwrap());
    let first = tokens.refresh_token().unwrap();
    let (refreshed, _) = fief.auth_refresh_token(first, &params).await.unwrap();
    let after = fief
        .validate_access_token(refreshed.access_token(), &Requirements::new())
        .await
        .unwrap();
    assert_eq!(
        (after.acr(), after.auth_time()),
        (FiefAcr::LevelZero, before.auth_time())
    );
    assert_eq!(
        code(fief.auth_refresh_token(first, &params).await),
        "invalid_grant"
    );
}

/// C42
async fn a_profile_is_changed(target: &Target) {
    let fief = client(target, "main").build().unwrap();
    let email = "profile@example.com";
    let (tokens, _) = log_in(target, &fief, email, AuthorizationRequest::new()).await;
    let token = tokens.access_token();
    let user = fief
        .update_profile(token, &json!({"first_name": "Perrine"}))
        .await
        .unwrap();
    assert_eq!(user.fields["first_name"], "Perrine");
    let rejected = detail(fief.update_profile(token, &json!({"first_name": ""})).await);
    assert_eq!(rejected.fields()[0]["type"], "string_too_short");
}

/// C42
async fn a_weak_password_is_rejected_with_its_reasons(target: &Target) {
    let fief = client(target, "main").build().unwrap();
    let request = AuthorizationRequest::new().acr(FiefAcr::LevelOne);
    let (tokens, _) = log_in(target, &fief, ANNE, request).await;
    let rejected = detail(fief.change_password(tokens.access_token(), "weak").await);
    assert_eq!(rejected.code(), Some("USER_UPDATE_INVALID_PASSWORD"));
    assert!(!rejected.reason().is_empty());
}

/// C42
async fn an_email_change_is_accepted(target: &Target) {
    let fief = client(target, "main").build().unwrap();
    let request = AuthorizationRequest::new().acr(FiefAcr::LevelOne);
    let (tokens, _) = log_in(target, &fief, "louis@example.com", request).await;
    // It is sent a mail, which no other case may take for its own.
    let mut mails = target.mails().await;
    let user = fief
        .email_change(tokens.access_token(), "king@example.com")
        .await
        .unwrap();
    mails.code("louis@example.com").await;
    assert_eq!(user.email.as_deref(), Some("louis@example.com"));
    let taken = fief.email_change(tokens.access_token(), ANNE).await;
    assert_eq!(code(taken), "USER_UPDATE_EMAIL_ALREADY_EXISTS");
}

/// C42
async fn a_wrong_code_is_rejected(target: &Target) {
    let fief = client(target, "main").build().unwrap();
    let request = AuthorizationRequest::new().acr(FiefAcr::LevelOne);
    let (tokens, _) = log_in(target, &fief, ANNE, request).await;
    let rejected = fief.email_verify(tokens.access_token(), "WRONG1").await;
    assert_eq!(
        code(rejected),
        "USER_UPDATE_INVALID_EMAIL_VERIFICATION_CODE"
    );
}

/// C37, IT-11: and what requires it is rejected without.
async fn a_step_up_is_requested(target: &Target) {
    let fief = client(target, "main").build().unwrap();
    let request = AuthorizationRequest::new()
        .scope("offline_access")
        .acr(FiefAcr::LevelOne);
    let (tokens, _) = log_in(target, &fief, ANNE, request).await;
    let high = Requirements::new().acr(FiefAcr::LevelOne);
    assert!(
        fief.validate_access_token(tokens.access_token(), &high)
            .await
            .is_ok()
    );
    let refresh_token = tokens.refresh_token().unwrap();
    let (low, _) = fief
        .auth_refresh_token(refresh_token, &RefreshParams::new())
        .await
        .unwrap();
    let rejected = fief.validate_access_token(low.access_token(), &high).await;
    assert!(matches!(
        rejected,
        Err(FiefError::AccessTokenAcrTooLow { .. })
    ));
    assert_eq!(
        code(fief.change_password(low.access_token(), "x").await),
        "ACR_TOO_LOW"
    );
}

/// C20, C40
async fn rejections_have_their_codes(target: &Target) {
    let fief = client(target, "main").build().unwrap();
    let params = fief_client::AuthCallbackParams::new();
    let rejected = fief
        .auth_callback("CODE", &target.seed.redirect_uri, &params)
        .await;
    assert_eq!(code(rejected), "invalid_grant");
    let stranger = Fief::builder(&target.base_url, "unknown")
        .client_secret("x")
        .build()
        .unwrap();
    let rejected = stranger
        .auth_callback("CODE", &target.seed.redirect_uri, &params)
        .await;
    assert_eq!(code(rejected), "invalid_client");
    assert_eq!(
        fief.userinfo("TOKEN").await.unwrap_err().status().unwrap(),
        401
    );
}

fn client(target: &Target, name: &str) -> FiefBuilder {
    let client = target.client(name);
    Fief::builder(&client.base_url, &client.id).client_secret(client.secret.as_str())
}

/// Logs in with the pages.
async fn log_in(
    target: &Target,
    fief: &Fief,
    email: &str,
    request: AuthorizationRequest,
) -> (FiefTokenResponse, FiefUserInfo) {
    let redirect_uri = &target.seed.redirect_uri;
    let (url, attempt) = fief.begin_login(redirect_uri, request).await.unwrap();
    let page = target
        .log_in(&mut target.browser(), email, url.as_str())
        .await;
    let response = AuthorizationResponse::parse(page.url.query().unwrap()).unwrap();
    fief.finish_login(&attempt, &response).await.unwrap()
}

fn detail<T: std::fmt::Debug>(result: Result<T, FiefError>) -> RequestDetail {
    match result {
        Err(FiefError::Request { detail, .. }) => detail,
        other => panic!("{other:?}"),
    }
}

fn code<T: std::fmt::Debug>(result: Result<T, FiefError>) -> String {
    detail(result).code().unwrap().to_owned()
}
