use reqwest::Method;

use super::{
    Target,
    wire::{parameter, send, text},
};

contract! {
    a_logout_ends_the_session_and_redirects_as_requested,
    a_logout_leaves_the_tokens_alone,
    a_logout_without_a_session_redirects_too,
    a_missing_address_is_a_page,
    a_relative_address_is_unprocessable,
    a_logout_is_for_get_only,
}

async fn a_logout_ends_the_session_and_redirects_as_requested(fief: &Target) {
    let mut browser = fief.browser();
    let login = fief.authorize_url("main", &[]);
    fief.log_in(&mut browser, "anne@example.com", &login).await;
    let target = &fief.seed.redirect_uri;
    let url = format!("{}/logout?redirect_uri={target}", fief.base_url);
    assert_eq!(browser.open(&url).await.url.as_str(), target);
    assert!(
        browser
            .cookies(&fief.base_url)
            .iter()
            .all(|(name, _)| name != "fief_session")
    );
    let silent = fief.authorize_url("main", &[("prompt", Some("none"))]);
    let page = browser.open(&silent).await;
    assert_eq!(parameter(&page.url, "error").unwrap(), "login_required");
}

async fn a_logout_leaves_the_tokens_alone(fief: &Target) {
    let mut browser = fief.browser();
    let login = fief.authorize_url("main", &[("scope", Some("openid offline_access"))]);
    let page = fief.log_in(&mut browser, "anne@example.com", &login).await;
    let main = fief.client("main");
    let code = parameter(&page.url, "code").unwrap();
    let tokens = fief.exchange(main, &code).await.json();
    let target = &fief.seed.redirect_uri;
    browser
        .open(&format!("{}/logout?redirect_uri={target}", fief.base_url))
        .await;
    let token = text(&tokens["access_token"]);
    let info = fief
        .user_api(Method::GET, "/api/userinfo", token, None)
        .await;
    let refreshed = fief
        .refresh(main, text(&tokens["refresh_token"]), None)
        .await;
    assert_eq!((info.status, refreshed.status), (200, 200));
}

async fn a_logout_without_a_session_redirects_too(fief: &Target) {
    for target in ["https://elsewhere.example/", "myapp://signed-out"] {
        let response = fief.get(&format!("/logout?redirect_uri={target}")).await;
        assert_eq!(response.status, 302);
        assert_eq!(response.header("location"), Some(target));
    }
}

async fn a_missing_address_is_a_page(fief: &Target) {
    let response = fief.get("/logout").await;
    assert_eq!(response.status, 400);
    assert_eq!(response.header("x-fief-error"), Some("invalid_request"));
}

async fn a_relative_address_is_unprocessable(fief: &Target) {
    let response = fief.get("/logout?redirect_uri=/home").await;
    assert_eq!(response.status, 422);
    assert!(response.json()["detail"].is_array());
}

async fn a_logout_is_for_get_only(fief: &Target) {
    let response =
        send(fief.request(Method::POST, "/logout?redirect_uri=https://a.example/")).await;
    assert_eq!(response.status, 405);
}
