//! What fief-client makes of the user API.

use fief_client::{AuthorizationRequest, Fief, FiefError, RefreshParams, RequestDetail};
use serde_json::json;

use super::{Target, client::log_in};

contract! {
    a_profile_and_a_password_are_changed,
    a_bad_field_is_reported_by_name,
    a_weak_password_is_rejected_with_reasons,
    an_email_is_changed_with_the_mailed_code,
    a_refreshed_token_is_too_low,
}

async fn a_profile_and_a_password_are_changed(fief: &Target) {
    let (api, token) = token(fief, "hermine@example.com").await;
    let fields = json!({"first_name": "Hermine II"});
    let user = api.update_profile(&token, &fields).await.unwrap();
    assert_eq!(user.fields["first_name"], "Hermine II");
    let user = api
        .change_password(&token, "ermine-and-fleur-de-lys")
        .await
        .unwrap();
    assert_eq!(user.email.as_deref(), Some("hermine@example.com"));
}

async fn a_bad_field_is_reported_by_name(fief: &Target) {
    let (api, token) = token(fief, "anne@example.com").await;
    let rejected = api
        .update_profile(&token, &json!({"birthdate": "soon"}))
        .await;
    let detail = request_error(rejected.unwrap_err(), 422);
    assert_eq!(
        detail.fields()[0]["loc"],
        json!(["body", "fields", "birthdate"])
    );
}

async fn a_weak_password_is_rejected_with_reasons(fief: &Target) {
    let (api, token) = token(fief, "anne@example.com").await;
    let rejected = api.change_password(&token, "h").await;
    let detail = request_error(rejected.unwrap_err(), 400);
    assert_eq!(detail.code(), Some("USER_UPDATE_INVALID_PASSWORD"));
    assert_eq!(detail.reason().len(), 2);
}

async fn an_email_is_changed_with_the_mailed_code(fief: &Target) {
    let (api, token) = token(fief, "letters@example.com").await;
    let mut mails = fief.mails().await;
    let user = api
        .email_change(&token, "epistles@example.com")
        .await
        .unwrap();
    assert_eq!(user.email.as_deref(), Some("letters@example.com"));
    let code = mails.code("letters@example.com").await;
    let user = api.email_verify(&token, &code).await.unwrap();
    assert_eq!(user.email.as_deref(), Some("epistles@example.com"));
    let again = api.email_verify(&token, &code).await;
    let detail = request_error(again.unwrap_err(), 400);
    let expected = "USER_UPDATE_INVALID_EMAIL_VERIFICATION_CODE";
    assert_eq!(detail.code(), Some(expected));
}

async fn a_refreshed_token_is_too_low(fief: &Target) {
    let api = fief.api("main");
    let request = AuthorizationRequest::new().scope("offline_access");
    let login = log_in(fief, &api, "anne@example.com", request).await;
    let refresh_token = login.unwrap().0.refresh_token().unwrap().to_owned();
    let refreshed = api
        .auth_refresh_token(&refresh_token, &RefreshParams::new())
        .await;
    let (tokens, _) = refreshed.unwrap();
    let rejected = api
        .change_password(tokens.access_token(), "ermine-and-fleur-de-lys")
        .await;
    let detail = request_error(rejected.unwrap_err(), 403);
    assert_eq!(detail.code(), Some("ACR_TOO_LOW"));
}

async fn token(fief: &Target, email: &str) -> (Fief, String) {
    let api = fief.api("main");
    let login = log_in(fief, &api, email, AuthorizationRequest::new()).await;
    let (tokens, _) = login.unwrap();
    (api, tokens.access_token().to_owned())
}

fn request_error(error: FiefError, expected: u16) -> RequestDetail {
    let FiefError::Request { status, detail, .. } = error else {
        panic!("{error:?}");
    };
    assert_eq!(status.as_u16(), expected);
    detail
}
