//! Which passwords are strong enough.

use reqwest::Method;
use serde_json::json;

use super::{
    Target,
    wire::{TestResponse, text},
};

contract! {
    a_password_that_is_guessed_easily_is_rejected,
    a_short_password_that_is_hard_to_guess_is_accepted,
    an_empty_password_is_an_internal_error,
    a_new_user_needs_a_strong_password,
}

const WEAK: [&str; 5] = [
    "password1234",
    "qwertyuiop",
    "p4ssw0rd!2024",
    "Brittany1532",
    "zxcvbnm,./",
];

/// FD-100
async fn a_password_that_is_guessed_easily_is_rejected(fief: &Target) {
    let token = token(fief, "anne@example.com").await;
    for password in WEAK {
        let response = change(fief, &token, password).await;
        let expected = json!({
            "detail": "USER_UPDATE_INVALID_PASSWORD",
            "reason": ["Password is not strong enough."],
        });
        assert_eq!(
            (response.status, response.json()),
            (400, expected),
            "{password}"
        );
    }
}

/// FD-100
async fn a_short_password_that_is_hard_to_guess_is_accepted(fief: &Target) {
    let token = token(fief, "strength@example.com").await;
    for password in [
        "x9$Kq!zWv",
        "correct horse",
        "tr0ub4dor&3",
        "strength-of-brittany",
    ] {
        assert_eq!(
            change(fief, &token, password).await.status,
            200,
            "{password}"
        );
    }
}

/// FD-100
async fn an_empty_password_is_an_internal_error(fief: &Target) {
    let token = token(fief, "anne@example.com").await;
    let response = change(fief, &token, "").await;
    assert_eq!(
        (response.status, &*response.body),
        (500, "Internal Server Error")
    );
}

/// FD-100
async fn a_new_user_needs_a_strong_password(fief: &Target) {
    for password in WEAK.into_iter().chain([""]) {
        let mut browser = fief.browser();
        let url = fief.authorize_url("main", &[("screen", Some("register"))]);
        browser.open(&url).await;
        let page = browser.sign_up("weak@example.com", password).await;
        assert_eq!(
            (page.status.as_u16(), page.url.path()),
            (400, "/register"),
            "{password}"
        );
    }
}

async fn token(fief: &Target, email: &str) -> String {
    let tokens = fief.tokens("main", email, &[]).await;
    text(&tokens["access_token"]).to_owned()
}

async fn change(fief: &Target, token: &str, password: &str) -> TestResponse {
    let body = json!({ "password": password });
    fief.user_api(Method::PATCH, "/api/password", token, Some(body))
        .await
}
