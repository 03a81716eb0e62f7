use reqwest::StatusCode;

use super::{Target, wire::parameter};

contract! {
    a_third_party_needs_consent_once_and_again_for_more,
    a_denial_goes_back_to_the_application,
    a_silent_login_shows_the_consent_page,
    a_first_party_never_needs_consent,
}

async fn a_third_party_needs_consent_once_and_again_for_more(fief: &Target) {
    let mut browser = fief.browser();
    let url = fief.authorize_url("third", &[]);
    let page = fief.log_in(&mut browser, "louis@example.com", &url).await;
    assert_eq!((page.status, page.url.path()), (StatusCode::OK, "/consent"));
    let page = browser.consent(true).await;
    assert!(parameter(&page.url, "code").is_some(), "{}", page.url);

    assert!(parameter(&browser.open(&url).await.url, "code").is_some());

    let wider = fief.authorize_url("third", &[("scope", Some("openid offline_access"))]);
    assert_eq!(browser.open(&wider).await.url.path(), "/consent");
}

async fn a_denial_goes_back_to_the_application(fief: &Target) {
    let mut browser = fief.browser();
    let url = fief.authorize_url("third", &[]);
    fief.log_in(&mut browser, "anne@example.com", &url).await;
    let page = browser.consent(false).await;
    assert!(page.url.as_str().starts_with(&fief.seed.redirect_uri));
    assert_eq!(parameter(&page.url, "error").unwrap(), "access_denied");
    assert_eq!(parameter(&page.url, "state").unwrap(), "a state");
}

async fn a_silent_login_shows_the_consent_page(fief: &Target) {
    let mut browser = fief.browser();
    let url = fief.authorize_url("main", &[]);
    fief.log_in(&mut browser, "profile@example.com", &url).await;
    let silent = fief.authorize_url("third", &[("prompt", Some("none"))]);
    let page = browser.open(&silent).await;
    assert_eq!((page.status, page.url.path()), (StatusCode::OK, "/consent"));
}

async fn a_first_party_never_needs_consent(fief: &Target) {
    let mut browser = fief.browser();
    let url = fief.authorize_url("main", &[("prompt", Some("login"))]);
    fief.log_in(&mut browser, "louis@example.com", &url).await;
    let asked = fief.authorize_url("main", &[("prompt", Some("consent"))]);
    assert!(parameter(&browser.open(&asked).await.url, "code").is_some());
}
