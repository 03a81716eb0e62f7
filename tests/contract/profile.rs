use reqwest::Method;
use serde_json::{Value, json};

use super::{
    Target,
    wire::{TestResponse, text},
};

contract! {
    a_profile_is_changed,
    what_is_not_a_field_is_ignored,
    a_flag_that_is_left_out_is_reset,
    a_bad_field_is_unprocessable,
    a_body_that_is_no_json_is_unprocessable,
    a_password_is_changed_and_sessions_stay,
    a_weak_password_is_rejected_with_reasons,
    an_email_is_changed_with_a_code,
    another_users_email_is_rejected,
    a_wrong_code_is_rejected,
    level_zero_is_too_low_for_credentials,
}

async fn a_profile_is_changed(fief: &Target) {
    let token = login(fief, "profile@example.com").await;
    let fields = json!({"first_name": "Perrine", "birthdate": "1491-12-06"});
    let response = patch(fief, "/api/profile", &token, json!({"fields": fields})).await;
    assert_eq!(response.status, 200);
    let user = response.json();
    assert_eq!(user["fields"]["birthdate"], "1491-12-06");
    let info = fief
        .user_api(Method::GET, "/api/userinfo", &token, None)
        .await;
    assert_eq!(info.json(), user);
}

async fn what_is_not_a_field_is_ignored(fief: &Target) {
    let token = login(fief, "louis@example.com").await;
    for body in [
        json!({}),
        json!({"email": "other@example.com"}),
        json!({"fields": {"unknown": 1}}),
    ] {
        let response = patch(fief, "/api/profile", &token, body).await;
        assert_eq!(response.status, 200);
        assert_eq!(response.json()["email"], "louis@example.com");
        assert_eq!(response.json()["fields"]["first_name"], "Louis");
    }
}

async fn a_flag_that_is_left_out_is_reset(fief: &Target) {
    let token = login(fief, "flags@example.com").await;
    let on = json!({"fields": {"newsletter": true}});
    let response = patch(fief, "/api/profile", &token, on).await;
    assert_eq!(response.json()["fields"]["newsletter"], true);
    let name = json!({"fields": {"first_name": "Marie"}});
    let response = patch(fief, "/api/profile", &token, name).await;
    assert_eq!(response.json()["fields"]["newsletter"], false);
}

async fn a_bad_field_is_unprocessable(fief: &Target) {
    let token = login(fief, "anne@example.com").await;
    let cases = [
        (json!({"first_name": ""}), "first_name", "string_too_short"),
        (json!({"first_name": 1}), "first_name", "string_type"),
        (
            json!({"birthdate": "soon"}),
            "birthdate",
            "date_from_datetime_parsing",
        ),
    ];
    for (fields, name, kind) in cases {
        let response = patch(fief, "/api/profile", &token, json!({"fields": fields})).await;
        assert_eq!(response.status, 422);
        let detail = &response.json()["detail"][0];
        assert_eq!(
            (&detail["loc"], &detail["type"]),
            (&json!(["body", "fields", name]), &json!(kind))
        );
        assert!(detail["msg"].is_string());
    }
}

async fn a_body_that_is_no_json_is_unprocessable(fief: &Target) {
    let token = login(fief, "anne@example.com").await;
    let request = fief
        .request(Method::PATCH, "/api/profile")
        .bearer_auth(&token);
    let request = request.header("content-type", "application/json").body("{");
    let response = super::wire::send(request).await;
    assert_eq!(response.status, 422);
    let detail = &response.json()["detail"][0];
    assert_eq!(detail["type"], "json_invalid");
    assert_eq!(detail["loc"], json!(["body", 1]));
}

async fn a_password_is_changed_and_sessions_stay(fief: &Target) {
    let token = login(fief, "password@example.com").await;
    let body = json!({"password": "ermine-and-fleur-de-lys"});
    let response = patch(fief, "/api/password", &token, body).await;
    assert_eq!(
        (response.status, &response.json()["email"]),
        (200, &json!("password@example.com"))
    );
    let info = fief
        .user_api(Method::GET, "/api/userinfo", &token, None)
        .await;
    assert_eq!(info.status, 200);
    let mut browser = fief.browser();
    browser.open(&fief.authorize_url("main", &[])).await;
    let page = browser
        .log_in("password@example.com", "ermine-and-fleur-de-lys")
        .await;
    assert!(
        page.url.as_str().starts_with(&fief.seed.redirect_uri),
        "{page:?}"
    );
}

async fn a_weak_password_is_rejected_with_reasons(fief: &Target) {
    let token = login(fief, "anne@example.com").await;
    let response = patch(fief, "/api/password", &token, json!({"password": "h"})).await;
    assert_eq!(response.status, 400);
    let expected = json!({
        "detail": "USER_UPDATE_INVALID_PASSWORD",
        "reason": ["Password must be at least 8 characters long.", "Password is not strong enough."],
    });
    assert_eq!(response.json(), expected);
    let missing = patch(fief, "/api/password", &token, json!({})).await;
    assert_eq!(missing.status, 422);
    assert_eq!(missing.json()["detail"][0]["type"], "missing");
}

async fn an_email_is_changed_with_a_code(fief: &Target) {
    let token = login(fief, "mail@example.com").await;
    let mut mails = fief.mails().await;
    let body = json!({"email": "post@example.com"});
    let response = patch(fief, "/api/email/change", &token, body).await;
    assert_eq!(
        (response.status, &response.json()["email"]),
        (202, &json!("mail@example.com"))
    );
    let code = mails.code("mail@example.com").await;
    let done = verify(fief, &token, &code).await;
    assert_eq!(
        (done.status, &done.json()["email"]),
        (200, &json!("post@example.com"))
    );
    let again = verify(fief, &token, &code).await;
    assert_eq!(again.status, 400);
}

async fn another_users_email_is_rejected(fief: &Target) {
    let token = login(fief, "anne@example.com").await;
    let taken = patch(
        fief,
        "/api/email/change",
        &token,
        json!({"email": "louis@example.com"}),
    )
    .await;
    assert_eq!(
        (taken.status, taken.json()),
        (400, json!({"detail": "USER_UPDATE_EMAIL_ALREADY_EXISTS"}))
    );
    let malformed = patch(fief, "/api/email/change", &token, json!({"email": "louis"})).await;
    assert_eq!(malformed.status, 422);
}

async fn a_wrong_code_is_rejected(fief: &Target) {
    let token = login(fief, "anne@example.com").await;
    let response = verify(fief, &token, "AAAAAA").await;
    let expected = json!({"detail": "USER_UPDATE_INVALID_EMAIL_VERIFICATION_CODE"});
    assert_eq!((response.status, response.json()), (400, expected));
}

async fn level_zero_is_too_low_for_credentials(fief: &Target) {
    let offline = [("scope", Some("openid offline_access"))];
    let tokens = fief.tokens("main", "anne@example.com", &offline).await;
    let response = fief
        .refresh(fief.client("main"), text(&tokens["refresh_token"]), None)
        .await;
    let tokens = response.json();
    let token = text(&tokens["access_token"]);
    let responses = [
        patch(
            fief,
            "/api/password",
            token,
            json!({"password": "ermine-and-fleur-de-lys"}),
        )
        .await,
        patch(
            fief,
            "/api/email/change",
            token,
            json!({"email": "new@example.com"}),
        )
        .await,
        verify(fief, token, "AAAAAA").await,
    ];
    for response in responses {
        assert_eq!(
            (response.status, response.json()),
            (403, json!({"detail": "ACR_TOO_LOW"}))
        );
    }
    assert_eq!(
        patch(fief, "/api/profile", token, json!({})).await.status,
        200
    );
}

async fn login(fief: &Target, email: &str) -> String {
    let tokens = fief.tokens("main", email, &[]).await;
    text(&tokens["access_token"]).to_owned()
}

async fn patch(fief: &Target, path: &str, token: &str, body: Value) -> TestResponse {
    fief.user_api(Method::PATCH, path, token, Some(body)).await
}

async fn verify(fief: &Target, token: &str, code: &str) -> TestResponse {
    let body = json!({"code": code});
    fief.user_api(Method::POST, "/api/email/verify", token, Some(body))
        .await
}
