//! What fief-client makes of those responses.

use fief_client::{
    AuthorizationRequest, AuthorizationResponse, Fief, FiefAcr, FiefError, FiefTokenResponse,
    FiefUserInfo, LoginAttempt, RefreshParams, Requirements,
};
use fief_tests::Page;
use serde_json::json;

use super::{Target, wire::parameter};

contract! {
    a_login_gives_tokens_and_the_user,
    a_tenant_has_logins_of_its_own,
    another_clients_token_is_rejected,
    a_callback_of_another_login_is_rejected,
    a_denial_has_a_description,
    a_refreshed_token_is_valid_and_of_level_zero,
    a_used_code_is_an_invalid_grant,
    an_encrypted_id_token_is_decrypted_on_login_and_refresh,
    a_logout_url_ends_the_session,
}

const ANNE: &str = "anne@example.com";

async fn a_login_gives_tokens_and_the_user(fief: &Target) {
    let api = fief.api("main");
    let (tokens, user) = log_in(fief, &api, ANNE, AuthorizationRequest::new())
        .await
        .unwrap();
    let needed = Requirements::new()
        .scope("openid")
        .acr(FiefAcr::LevelOne)
        .permission("castles:create");
    let info = api
        .validate_access_token(tokens.access_token(), &needed)
        .await
        .unwrap();
    assert_eq!(info.id(), user.sub);
    assert_eq!(user.email.as_deref(), Some(ANNE));
    assert_eq!(user.fields["birthdate"], json!("1477-01-25"));
    assert_eq!(api.userinfo(tokens.access_token()).await.unwrap(), user);

    let more = Requirements::new().permission("castles:delete");
    let rejected = api
        .validate_access_token(tokens.access_token(), &more)
        .await;
    assert!(matches!(
        rejected,
        Err(FiefError::AccessTokenMissingPermission { .. })
    ));
}

async fn a_tenant_has_logins_of_its_own(fief: &Target) {
    let api = fief.api("second");
    let request = AuthorizationRequest::new();
    let (tokens, user) = log_in(fief, &api, "claude@example.com", request)
        .await
        .unwrap();
    let anything = Requirements::new();
    api.validate_access_token(tokens.access_token(), &anything)
        .await
        .unwrap();
    assert_eq!(api.userinfo(tokens.access_token()).await.unwrap(), user);
    let other = fief.api("main");
    let rejected = other
        .validate_access_token(tokens.access_token(), &anything)
        .await;
    assert!(matches!(rejected, Err(FiefError::AccessTokenInvalid(_))));
}

async fn another_clients_token_is_rejected(fief: &Target) {
    let (main, other) = (fief.api("main"), fief.api("other"));
    let (tokens, _) = log_in(fief, &main, ANNE, AuthorizationRequest::new())
        .await
        .unwrap();
    let rejected = other
        .validate_access_token(tokens.access_token(), &Requirements::new())
        .await;
    assert!(matches!(rejected, Err(FiefError::AccessTokenInvalid(_))));
}

async fn a_callback_of_another_login_is_rejected(fief: &Target) {
    let api = fief.api("main");
    let (_, mine) = begin(fief, &api, AuthorizationRequest::new()).await;
    let (page, _) = log_in_by_page(fief, &api, ANNE, AuthorizationRequest::new()).await;
    let rejected = api.finish_login(&mine, &callback(&page)).await;
    assert!(matches!(rejected, Err(FiefError::CallbackInvalid(_))));
}

async fn a_denial_has_a_description(fief: &Target) {
    let api = fief.api("third");
    let (url, attempt) = begin(fief, &api, AuthorizationRequest::new()).await;
    let mut browser = fief.browser();
    fief.log_in(&mut browser, ANNE, &url).await;
    let page = browser.consent(false).await;
    let rejected = api.finish_login(&attempt, &callback(&page)).await;
    let Err(FiefError::Authorization {
        error, description, ..
    }) = rejected
    else {
        panic!("{rejected:?}");
    };
    assert_eq!(error, "access_denied");
    let expected = "The user denied access to their data.";
    assert_eq!(description.as_deref(), Some(expected));
}

async fn a_refreshed_token_is_valid_and_of_level_zero(fief: &Target) {
    let api = fief.api("main");
    let request = AuthorizationRequest::new().scope("offline_access");
    let (tokens, user) = log_in(fief, &api, ANNE, request).await.unwrap();
    let token = tokens.refresh_token().unwrap();
    let params = RefreshParams::new().user(user.sub);
    let (new, same) = api.auth_refresh_token(token, &params).await.unwrap();
    assert_eq!(same, user);
    let anything = Requirements::new();
    let info = api
        .validate_access_token(new.access_token(), &anything)
        .await
        .unwrap();
    assert_eq!(info.acr(), FiefAcr::LevelZero);
    let again = api.auth_refresh_token(token, &params).await;
    assert_eq!(again.unwrap_err().status().unwrap().as_u16(), 400);
}

async fn a_used_code_is_an_invalid_grant(fief: &Target) {
    let api = fief.api("main");
    let (page, attempt) = log_in_by_page(fief, &api, ANNE, AuthorizationRequest::new()).await;
    let response = callback(&page);
    api.finish_login(&attempt, &response).await.unwrap();
    let Err(FiefError::Request { status, detail, .. }) =
        api.finish_login(&attempt, &response).await
    else {
        panic!("a code worked twice");
    };
    assert_eq!(
        (status.as_u16(), detail.code()),
        (400, Some("invalid_grant"))
    );
}

async fn an_encrypted_id_token_is_decrypted_on_login_and_refresh(fief: &Target) {
    let client = fief.client("encrypted");
    let api = Fief::builder(&client.base_url, &client.id)
        .client_secret(client.secret.as_str())
        .encryption_key(fief.encryption_key("encrypted").to_string())
        .build()
        .unwrap();
    let request = AuthorizationRequest::new().scope("offline_access");
    let (tokens, user) = log_in(fief, &api, ANNE, request).await.unwrap();
    assert_eq!(user.email.as_deref(), Some(ANNE));
    let params = RefreshParams::new().user(user.sub);
    let token = tokens.refresh_token().unwrap();
    let (_, same) = api.auth_refresh_token(token, &params).await.unwrap();
    assert_eq!(same, user);

    let keyless = fief.api("encrypted");
    let rejected = log_in(fief, &keyless, ANNE, AuthorizationRequest::new()).await;
    assert!(matches!(rejected, Err(FiefError::IdTokenInvalid(_))));
}

async fn a_logout_url_ends_the_session(fief: &Target) {
    let api = fief.api("main");
    let (url, _) = begin(fief, &api, AuthorizationRequest::new()).await;
    let mut browser = fief.browser();
    fief.log_in(&mut browser, ANNE, &url).await;
    let page = browser
        .open(api.logout_url(&fief.seed.redirect_uri).as_str())
        .await;
    assert_eq!(page.url.as_str(), fief.seed.redirect_uri);
    let silent = fief.authorize_url("main", &[("prompt", Some("none"))]);
    let page = browser.open(&silent).await;
    assert_eq!(parameter(&page.url, "error").unwrap(), "login_required");
}

impl Target {
    /// fief-client, as this client's application has it.
    pub(crate) fn api(&self, client: &str) -> Fief {
        let client = self.client(client);
        let builder = Fief::builder(&client.base_url, &client.id);
        builder
            .client_secret(client.secret.as_str())
            .build()
            .unwrap()
    }
}

async fn begin(fief: &Target, api: &Fief, request: AuthorizationRequest) -> (String, LoginAttempt) {
    let begun = api.begin_login(&fief.seed.redirect_uri, request).await;
    let (url, attempt) = begun.unwrap();
    (url.into(), attempt)
}

/// Begins a login and takes the browser to the callback.
async fn log_in_by_page(
    fief: &Target,
    api: &Fief,
    email: &str,
    request: AuthorizationRequest,
) -> (Page, LoginAttempt) {
    let (url, attempt) = begin(fief, api, request).await;
    let page = fief.log_in(&mut fief.browser(), email, &url).await;
    (page, attempt)
}

pub(crate) async fn log_in(
    fief: &Target,
    api: &Fief,
    email: &str,
    request: AuthorizationRequest,
) -> Result<(FiefTokenResponse, FiefUserInfo), FiefError> {
    let (page, attempt) = log_in_by_page(fief, api, email, request).await;
    api.finish_login(&attempt, &callback(&page)).await
}

fn callback(page: &Page) -> AuthorizationResponse {
    AuthorizationResponse::parse(page.url.query().unwrap()).unwrap()
}
