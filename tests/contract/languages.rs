//! Errors in the language of the browser. The texts differ between the two Fiefs, the rules do not.

use reqwest::{Method, RequestBuilder};
use serde_json::json;
use url::Url;

use super::{
    Target,
    wire::{parameter, send, text},
};

contract! {
    descriptions_are_in_the_preferred_language,
    the_cookie_decides_before_the_browser,
    a_language_in_the_query_counts_from_the_next_request_on,
    all_descriptions_are_translated,
    reasons_of_a_password_are_translated,
    errors_of_pages_are_translated,
}

/// FD-106
async fn descriptions_are_in_the_preferred_language(fief: &Target) {
    let english = "User is not logged in";
    for (language, is_english) in [
        ("en", true),
        ("en,fr;q=0.5", true),
        ("fr-CA", true),
        ("nl,fr;q=0.5", true),
        ("fr", false),
        ("FR", false),
        ("fr-FR", false),
        ("fr-FR,fr;q=0.9,en;q=0.8", false),
    ] {
        let request = silent(fief).header("accept-language", language);
        assert_eq!(
            description(request).await == english,
            is_english,
            "{language}"
        );
    }
}

/// FD-106
async fn the_cookie_decides_before_the_browser(fief: &Target) {
    let english = "User is not logged in";
    for (cookie, language, is_english) in [
        ("fr", "en", false),
        ("fr-FR", "en", false),
        ("en", "fr", true),
    ] {
        let request = silent(fief).header("cookie", format!("fief_locale={cookie}"));
        let request = request.header("accept-language", language);
        assert_eq!(
            description(request).await == english,
            is_english,
            "{cookie}"
        );
    }
}

/// FD-106
async fn a_language_in_the_query_counts_from_the_next_request_on(fief: &Target) {
    let url = fief.authorize_url("main", &[("prompt", Some("none")), ("lang", Some("fr"))]);
    assert_eq!(
        description(fief.http.get(url)).await,
        "User is not logged in"
    );
    let response = fief.authorize(&[("lang", Some("fr"))]).await;
    let set = response.headers.get_all("set-cookie").iter();
    let mut set = set.map(|cookie| cookie.to_str().unwrap());
    assert!(set.any(|cookie| cookie.starts_with("fief_locale=fr;")));
}

/// FD-106
async fn all_descriptions_are_translated(fief: &Target) {
    for change in [
        ("response_type", None),
        ("response_type", Some("token")),
        ("scope", None),
        ("scope", Some("offline_access")),
        ("prompt", Some("other")),
        ("screen", Some("other")),
        ("code_challenge_method", Some("S512")),
        ("request", Some("eyJ")),
    ] {
        let url = fief.authorize_url("main", &[change, ("code_challenge", Some("challenge"))]);
        let english = description(fief.http.get(&url)).await;
        let french = fief.http.get(&url).header("accept-language", "fr");
        assert_ne!(description(french).await, english, "{change:?}");
    }
}

/// FD-106
async fn reasons_of_a_password_are_translated(fief: &Target) {
    let tokens = fief.tokens("main", "anne@example.com", &[]).await;
    let request = fief.request(Method::PATCH, "/api/password");
    let request = request.bearer_auth(text(&tokens["access_token"]));
    let request = request
        .header("accept-language", "fr")
        .json(&json!({"password": "h"}));
    let response = send(request).await.json();
    assert_eq!(response["detail"], "USER_UPDATE_INVALID_PASSWORD");
    let reasons = response["reason"].as_array().unwrap();
    assert_eq!(reasons.len(), 2);
    assert!(
        reasons
            .iter()
            .all(|reason| !text(reason).starts_with("Password")),
        "{reasons:?}"
    );
}

/// FD-106
async fn errors_of_pages_are_translated(fief: &Target) {
    let mut pages = Vec::new();
    for language in ["en", "fr"] {
        let form = [
            ("email", "anne@example.com"),
            ("password", "no"),
            ("csrf_token", "x"),
        ];
        let request = fief
            .request(Method::POST, "/login")
            .header("cookie", "fief_csrftoken=x");
        let response = send(request.header("accept-language", language).form(&form)).await;
        assert_eq!(response.header("x-fief-error"), Some("bad_credentials"));
        pages.push(response.body);
    }
    assert_ne!(pages[0], pages[1]);
}

/// A request that is redirected with an error.
fn silent(fief: &Target) -> RequestBuilder {
    fief.http
        .get(fief.authorize_url("main", &[("prompt", Some("none"))]))
}

async fn description(request: RequestBuilder) -> String {
    let response = send(request).await;
    let url: Url = response.header("location").unwrap().parse().unwrap();
    assert!(parameter(&url, "error").is_some());
    let pairs = url
        .query_pairs()
        .filter(|(name, _)| name == "error_description");
    pairs.map(|(_, value)| value.into_owned()).collect()
}
