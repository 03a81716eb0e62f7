use reqwest::Method;

use super::{
    Target,
    wire::{claims, parameter, send, text},
};

contract! {
    a_login_begins_with_a_session_cookie,
    a_code_comes_back_with_the_state,
    a_state_that_was_not_sent_does_not_come_back,
    a_session_is_used_again_at_level_zero,
    level_one_requires_the_password_again,
    a_session_that_is_too_old_requires_the_password_again,
    no_prompt_shows_the_page_if_level_one_is_requested,
    the_screen_parameter_leads_to_the_registration_page,
    authorize_is_for_get_only,
    the_first_of_several_errors_is_reported,
}

async fn a_login_begins_with_a_session_cookie(fief: &Target) {
    let response = fief.authorize(&[]).await;
    assert_eq!(response.status, 302);
    assert_eq!(response.header("location"), Some("/login"));
    let cookie = response.header("set-cookie").unwrap();
    assert!(cookie.starts_with("fief_login_session="), "{cookie}");
    assert!(!cookie.contains("HttpOnly"), "{cookie}");
}

async fn a_code_comes_back_with_the_state(fief: &Target) {
    let url = fief.authorize_url("main", &[("state", Some("a+b&c=d e"))]);
    let page = fief
        .log_in(&mut fief.browser(), "anne@example.com", &url)
        .await;
    assert!(page.url.as_str().starts_with(&fief.seed.redirect_uri));
    assert_eq!(parameter(&page.url, "code").unwrap().len(), 43);
    assert_eq!(parameter(&page.url, "state").unwrap(), "a+b&c=d e");
    assert_eq!(page.url.query_pairs().count(), 2, "{}", page.url);
}

async fn a_state_that_was_not_sent_does_not_come_back(fief: &Target) {
    let url = fief.authorize_url("main", &[("state", None)]);
    let page = fief
        .log_in(&mut fief.browser(), "anne@example.com", &url)
        .await;
    assert_eq!(page.url.query_pairs().count(), 1, "{}", page.url);
}

async fn a_session_is_used_again_at_level_zero(fief: &Target) {
    let mut browser = fief.browser();
    let url = fief.authorize_url("main", &[]);
    fief.log_in(&mut browser, "anne@example.com", &url).await;
    for prompt in [None, Some("none")] {
        let url = fief.authorize_url("main", &[("prompt", prompt)]);
        let page = browser.open(&url).await;
        let code = parameter(&page.url, "code").unwrap();
        let tokens = fief.exchange(fief.client("main"), &code).await.json();
        assert_eq!(claims(&tokens["access_token"])["acr"], "0");
        assert_eq!(claims(&tokens["id_token"])["acr"], "0");
    }
}

async fn level_one_requires_the_password_again(fief: &Target) {
    let mut browser = fief.browser();
    let url = fief.authorize_url("main", &[]);
    fief.log_in(&mut browser, "anne@example.com", &url).await;
    for (name, value) in [("acr_values", "1"), ("prompt", "login")] {
        let url = fief.authorize_url("main", &[(name, Some(value))]);
        let page = browser.open(&url).await;
        assert_eq!((page.status.as_u16(), page.url.path()), (200, "/login"));
    }
    let page = browser.log_in("anne@example.com", "herminetincture").await;
    let code = parameter(&page.url, "code").unwrap();
    let tokens = fief.exchange(fief.client("main"), &code).await.json();
    assert_eq!(claims(&tokens["access_token"])["acr"], "1");
}

async fn a_session_that_is_too_old_requires_the_password_again(fief: &Target) {
    let mut browser = fief.browser();
    let url = fief.authorize_url("main", &[]);
    fief.log_in(&mut browser, "anne@example.com", &url).await;
    fief.advance(std::time::Duration::from_secs(2)).await;
    let young = fief.authorize_url("main", &[("max_age", Some("1"))]);
    assert_eq!(browser.open(&young).await.url.path(), "/login");
    let old = fief.authorize_url("main", &[("max_age", Some("3600"))]);
    assert!(parameter(&browser.open(&old).await.url, "code").is_some());
}

async fn no_prompt_shows_the_page_if_level_one_is_requested(fief: &Target) {
    let mut browser = fief.browser();
    let url = fief.authorize_url("main", &[]);
    fief.log_in(&mut browser, "anne@example.com", &url).await;
    let silent = [("prompt", Some("none")), ("acr_values", Some("1"))];
    let page = browser.open(&fief.authorize_url("main", &silent)).await;
    assert_eq!((page.status.as_u16(), page.url.path()), (200, "/login"));
}

async fn the_screen_parameter_leads_to_the_registration_page(fief: &Target) {
    let response = fief.authorize(&[("screen", Some("register"))]).await;
    assert_eq!(response.status, 302);
    let location = response.header("location").unwrap();
    assert!(
        text(&location.into()).starts_with("/register"),
        "{location}"
    );
}

async fn authorize_is_for_get_only(fief: &Target) {
    for method in [Method::POST, Method::HEAD] {
        let url = fief.authorize_url("main", &[]);
        let response = send(fief.http.request(method, url)).await;
        assert_eq!(response.status, 405);
        assert_eq!(response.header("allow"), Some("GET"));
    }
}

async fn the_first_of_several_errors_is_reported(fief: &Target) {
    let rows = [
        (("response_type", None), ("request", "x"), "invalid_request"),
        (
            ("request", Some("x")),
            ("scope", "x"),
            "request_not_supported",
        ),
        (("scope", Some("x")), ("prompt", "x"), "invalid_scope"),
        (("prompt", Some("none")), ("screen", "x"), "login_required"),
        (("screen", Some("x")), ("max_age", "x"), "invalid_request"),
    ];
    for (first, (name, value), error) in rows {
        let response = fief.authorize(&[first, (name, Some(value))]).await;
        let url = url::Url::parse(response.header("location").unwrap()).unwrap();
        assert_eq!(parameter(&url, "error").unwrap(), error, "{first:?}");
    }
}
