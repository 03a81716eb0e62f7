use reqwest::Method;
use serde_json::json;
use url::Url;

use super::{
    Target,
    wire::{TestResponse, parameter, send},
};

contract! {
    a_client_or_address_that_is_not_known_gets_a_page,
    what_is_wrong_with_a_login_goes_back_to_the_application,
    a_silent_login_needs_a_session,
    a_description_comes_one_character_at_a_time,
    an_age_that_is_no_number_is_unprocessable,
    the_token_endpoint_is_for_post_only,
    a_body_that_is_no_form_is_an_invalid_request,
}

async fn a_client_or_address_that_is_not_known_gets_a_page(fief: &Target) {
    let cases = [
        ("client_id", Some("unknown"), "invalid_client"),
        ("client_id", None, "invalid_client"),
        (
            "redirect_uri",
            Some("https://evil.example/"),
            "invalid_redirect_uri",
        ),
        (
            "redirect_uri",
            Some("http://127.0.0.1:3000/auth-callback/"),
            "invalid_redirect_uri",
        ),
        ("redirect_uri", None, "invalid_redirect_uri"),
    ];
    for (name, value, error) in cases {
        let response = fief.authorize(&[(name, value)]).await;
        assert_eq!(response.status, 400, "{name}={value:?}");
        assert_eq!(
            response.header("x-fief-error"),
            Some(error),
            "{name}={value:?}"
        );
        assert!(
            response
                .header("content-type")
                .unwrap()
                .starts_with("text/html")
        );
    }
}

async fn what_is_wrong_with_a_login_goes_back_to_the_application(fief: &Target) {
    let cases = [
        ("response_type", None, "invalid_request"),
        ("response_type", Some("token"), "invalid_request"),
        ("response_type", Some("id_token code"), "invalid_request"),
        ("scope", None, "invalid_request"),
        ("scope", Some("offline_access"), "invalid_scope"),
        ("prompt", Some(""), "invalid_request"),
        ("prompt", Some("login consent"), "invalid_request"),
        ("screen", Some("other"), "invalid_request"),
        ("code_challenge_method", Some("S512"), "invalid_request"),
        ("request", Some("eyJ"), "request_not_supported"),
    ];
    for (name, value, error) in cases {
        let changes = [(name, value), ("code_challenge", Some("challenge"))];
        let url = redirect(&fief.authorize(&changes).await);
        assert!(
            url.as_str().starts_with(&fief.seed.redirect_uri),
            "{name}={value:?}"
        );
        assert_eq!(parameter(&url, "error").unwrap(), error, "{name}={value:?}");
        assert_eq!(parameter(&url, "state").unwrap(), "a state");
        assert_eq!(parameter(&url, "code"), None);
    }
}

async fn a_silent_login_needs_a_session(fief: &Target) {
    for prompt in ["none", "consent"] {
        let url = redirect(&fief.authorize(&[("prompt", Some(prompt))]).await);
        assert_eq!(parameter(&url, "error").unwrap(), "login_required");
    }
}

async fn a_description_comes_one_character_at_a_time(fief: &Target) {
    let url = redirect(&fief.authorize(&[("prompt", Some("none"))]).await);
    let pairs: Vec<_> = url.query_pairs().collect();
    let parts: Vec<_> = pairs
        .iter()
        .filter(|(name, _)| name == "error_description")
        .collect();
    assert!(parts.len() > 1);
    assert!(parts.iter().all(|(_, part)| part.chars().count() == 1));
    assert_eq!(pairs.iter().filter(|(name, _)| name == "error").count(), 1);
    assert_eq!(pairs.iter().filter(|(name, _)| name == "state").count(), 1);
}

async fn an_age_that_is_no_number_is_unprocessable(fief: &Target) {
    let response = fief.authorize(&[("max_age", Some("soon"))]).await;
    assert_eq!(response.status, 422);
    let detail = &response.json()["detail"][0];
    assert_eq!(detail["loc"], json!(["query", "max_age"]));
    assert_eq!(detail["type"], "int_parsing");
}

async fn the_token_endpoint_is_for_post_only(fief: &Target) {
    let response = send(fief.request(Method::GET, "/api/token")).await;
    assert_eq!(response.status, 405);
    assert_eq!(response.header("allow"), Some("POST"));
    assert_eq!(response.json(), json!({"detail": "Method Not Allowed"}));
}

async fn a_body_that_is_no_form_is_an_invalid_request(fief: &Target) {
    let request = fief.request(Method::POST, "/api/token");
    let response = send(request.json(&json!({"grant_type": "refresh_token"}))).await;
    assert_eq!(response.status, 400);
    assert_eq!(response.json(), json!({"error": "invalid_request"}));
}

fn redirect(response: &TestResponse) -> Url {
    assert_eq!(response.status, 302, "{response:?}");
    response.header("location").unwrap().parse().unwrap()
}
