//! Which e-mail addresses are valid, and how they are kept.

use reqwest::Method;
use serde_json::json;

use super::{
    Target,
    wire::{TestResponse, text},
};

contract! {
    an_invalid_address_is_rejected_with_its_reason,
    an_address_is_kept_with_its_domain_in_lower_case,
    spaces_and_a_name_around_an_address_are_dropped,
    nobody_signs_up_with_an_invalid_address,
    nobody_logs_in_with_an_invalid_address,
}

/// FD-101
async fn an_invalid_address_is_rejected_with_its_reason(fief: &Target) {
    let long = format!("{}@example.com", "a".repeat(65));
    let label = format!("a@{}.com", "x".repeat(64));
    let cases = [
        ("", "An email address must have an @-sign."),
        ("anne", "An email address must have an @-sign."),
        ("anne@", "There must be something after the @-sign."),
        ("@example.com", "There must be something before the @-sign."),
        (
            "a@b@example.com",
            "The part after the @-sign contains invalid characters: '@'.",
        ),
        (
            "anne@localhost",
            "The part after the @-sign is not valid. It should have a period.",
        ),
        (
            "a@example.test",
            "The part after the @-sign is a special-use or reserved name that cannot be used with email.",
        ),
        (
            "a@foo.local",
            "The part after the @-sign is a special-use or reserved name that cannot be used with email.",
        ),
        (
            "a@example.123",
            "The part after the @-sign is not valid. It is not within a valid top-level domain.",
        ),
        (
            "an ne@example.com",
            "The email address contains invalid characters before the @-sign: SPACE.",
        ),
        (
            "a(b)@example.com",
            "The email address contains invalid characters before the @-sign: '(', ')'.",
        ),
        (
            "a..b@example.com",
            "An email address cannot have two periods in a row.",
        ),
        (
            ".a@example.com",
            "An email address cannot start with a period.",
        ),
        (
            "a.@example.com",
            "An email address cannot have a period immediately before the @-sign.",
        ),
        (
            "a@-x.com",
            "An email address cannot have a hyphen immediately after the @-sign.",
        ),
        (
            "a@x-.com",
            "An email address cannot have a period and a hyphen next to each other.",
        ),
        (
            "a@example.com.",
            "An email address cannot end with a period.",
        ),
        (
            "\"a b\"@example.com",
            "Quoting the part before the @-sign is not allowed here.",
        ),
        (
            "a@[127.0.0.1]",
            "A bracketed IP address after the @-sign is not allowed here.",
        ),
        (
            &long,
            "The email address is too long before the @-sign (1 character too many).",
        ),
        (
            &label,
            "After the @-sign, periods cannot be separated by so many characters (1 character too many).",
        ),
    ];
    let token = token(fief, "anne@example.com").await;
    for (email, reason) in cases {
        let response = change(fief, &token, email).await;
        assert_eq!(response.status, 422, "{email}");
        let expected = json!({
            "type": "value_error",
            "loc": ["body", "email"],
            "msg": format!("value is not a valid email address: {reason}"),
            "input": email,
            "ctx": { "reason": reason },
        });
        assert_eq!(response.json(), json!({ "detail": [expected] }), "{email}");
    }
}

/// FD-101
async fn an_address_is_kept_with_its_domain_in_lower_case(fief: &Target) {
    assert_eq!(
        changed(fief, "Address.A@Example.COM").await,
        "Address.A@example.com"
    );
}

/// FD-101
async fn spaces_and_a_name_around_an_address_are_dropped(fief: &Target) {
    assert_eq!(
        changed(fief, " address.b@example.com ").await,
        "address.b@example.com"
    );
    assert_eq!(
        changed(fief, "Anne <address.c@example.com>").await,
        "address.c@example.com"
    );
}

/// FD-101
async fn nobody_signs_up_with_an_invalid_address(fief: &Target) {
    let invalid = [
        "anne@",
        "a@b@example.com",
        "anne@localhost",
        "a@example.test",
        " spaces@example.com ",
    ];
    for email in invalid {
        let mut browser = fief.browser();
        let url = fief.authorize_url("main", &[("screen", Some("register"))]);
        browser.open(&url).await;
        let page = browser.sign_up(email, "ermine-and-fleur-de-lys").await;
        assert_eq!(
            (page.status.as_u16(), page.url.path()),
            (400, "/register"),
            "{email}"
        );
    }
}

/// FD-101
async fn nobody_logs_in_with_an_invalid_address(fief: &Target) {
    for email in ["anne@", " anne@example.com", "anne"] {
        let form = [
            ("email", email),
            ("password", "herminetincture"),
            ("csrf_token", "x"),
        ];
        let request = fief
            .request(Method::POST, "/login")
            .header("cookie", "fief_csrftoken=x");
        let response = super::wire::send(request.form(&form)).await;
        assert_eq!(
            (response.status, response.header("x-fief-error")),
            (400, None),
            "{email}"
        );
    }
}

/// Changes the address of a user, and returns the new one.
async fn changed(fief: &Target, email: &str) -> String {
    let mut mails = fief.mails().await;
    let user = "address@example.com";
    let token = token(fief, user).await;
    assert_eq!(change(fief, &token, email).await.status, 202);
    let code = mails.code(user).await;
    let body = Some(json!({ "code": code }));
    let done = fief
        .user_api(Method::POST, "/api/email/verify", &token, body)
        .await;
    assert_eq!(done.status, 200, "{}", done.json());
    let new = text(&done.json()["email"]).to_owned();
    // Back to what other cases log in with.
    assert_eq!(change(fief, &token, user).await.status, 202);
    let body = Some(json!({ "code": mails.code(&new).await }));
    let back = fief
        .user_api(Method::POST, "/api/email/verify", &token, body)
        .await;
    assert_eq!(back.status, 200, "{}", back.json());
    new
}

async fn token(fief: &Target, email: &str) -> String {
    let tokens = fief.tokens("main", email, &[]).await;
    text(&tokens["access_token"]).to_owned()
}

async fn change(fief: &Target, token: &str, email: &str) -> TestResponse {
    let body = json!({ "email": email });
    fief.user_api(Method::PATCH, "/api/email/change", token, Some(body))
        .await
}
