use reqwest::StatusCode;

use super::{
    Target,
    wire::{claims, parameter},
};

contract! {
    a_new_user_is_logged_in_once_the_address_is_verified,
    an_address_that_is_taken_is_rejected,
}

async fn a_new_user_is_logged_in_once_the_address_is_verified(fief: &Target) {
    let mut mails = fief.mails().await;
    let mut browser = fief.browser();
    let url = fief.authorize_url("main", &[("screen", Some("register"))]);
    assert_eq!(browser.open(&url).await.url.path(), "/register");
    let page = browser
        .sign_up("new@example.com", "ermine-and-fleur-de-lys")
        .await;
    assert_eq!((page.status, page.url.path()), (StatusCode::OK, "/verify"));
    let code = mails.code("new@example.com").await;
    let page = browser.verify(&code).await;
    let code = parameter(&page.url, "code").unwrap();
    let tokens = fief.exchange(fief.client("main"), &code).await.json();
    let user = claims(&tokens["id_token"]);
    assert_eq!(user["email"], "new@example.com");
    assert_eq!(user["email_verified"], true);
    assert_eq!(user["acr"], "1");
}

async fn an_address_that_is_taken_is_rejected(fief: &Target) {
    let mut browser = fief.browser();
    let url = fief.authorize_url("main", &[("screen", Some("register"))]);
    browser.open(&url).await;
    let page = browser
        .sign_up("anne@example.com", "ermine-and-fleur-de-lys")
        .await;
    assert_eq!(
        (page.status, page.url.path()),
        (StatusCode::BAD_REQUEST, "/register")
    );
}
