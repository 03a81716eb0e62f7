use fief_tests::Chromium;

use super::{ANNE, LOUIS, logged_in};
use crate::flows::site::Site;

#[tokio::test]
#[ignore = "needs Chromium"]
async fn a_user_without_the_permission_sees_why() {
    let site = Site::embedded().await;
    let chromium = logged_in(&site, "/castles", LOUIS).await;
    chromium.click("Build").await;
    let create = format!("{}/castles/create", site.url);
    chromium.wait_for_page(&create, "Not allowed").await;
}

#[tokio::test]
#[ignore = "needs Chromium"]
async fn a_wrong_password_can_be_corrected() {
    let site = Site::embedded().await;
    let chromium = Chromium::start().await;
    chromium.open(&format!("{}/castles", site.url)).await;
    chromium.log_in(ANNE.0, "wrong").await;
    chromium.wait_for_page(&site.fief_url, "Invalid").await;
    chromium.log_in(ANNE.0, ANNE.1).await;
    let castles = format!("{}/castles", site.url);
    chromium.wait_for_page(&castles, ANNE.0).await;
}

/// LF-6: Fief itself keeps one login of a browser at a time, the last begun.
#[tokio::test]
#[ignore = "needs Chromium"]
async fn two_tabs_that_begin_a_login_both_get_their_page() {
    let site = Site::embedded().await;
    let chromium = Chromium::start().await;
    let (castles, profile) = (
        format!("{}/castles", site.url),
        format!("{}/profile", site.url),
    );
    let first = chromium.tab().await;
    chromium.open(&castles).await;
    chromium.wait_for_page(&site.fief_url, "").await;
    chromium.open_tab().await;
    chromium.open(&profile).await;
    chromium.wait_for_page(&site.fief_url, "").await;
    chromium.log_in(ANNE.0, ANNE.1).await;
    chromium.wait_for_page(&profile, ANNE.0).await;

    chromium.show_tab(&first).await;
    chromium.open(&castles).await;
    chromium.wait_for_page(&castles, ANNE.0).await;
}

/// LF-4
#[tokio::test]
#[ignore = "needs Chromium"]
async fn a_callback_replayed_goes_to_the_first_page() {
    let site = Site::embedded().await;
    let chromium = logged_in(&site, "/castles", ANNE).await;
    let callback = callback(&chromium).await;
    chromium.open(&callback).await;
    chromium
        .wait_for_page(&format!("{}/", site.url), ANNE.0)
        .await;
    let requests = chromium.requests().await;
    assert!(requests.iter().all(|url| url.path() != "/authorize"));
}

/// LF-3, LF-4
#[tokio::test]
#[ignore = "needs Chromium"]
async fn a_callback_replayed_after_the_logout_requires_a_login_again() {
    let site = Site::embedded().await;
    let chromium = logged_in(&site, "/castles", ANNE).await;
    let callback = callback(&chromium).await;
    chromium.click("Log out").await;
    chromium
        .wait_for_page(&format!("{}/", site.url), "Log in")
        .await;
    chromium.open(&callback).await;
    chromium
        .wait_for_page(&callback, "Please log in again")
        .await;
    chromium.click("Continue").await;
    chromium.wait_for_page(&site.fief_url, "").await;
}

/// The address that Fief sent the browser back to.
async fn callback(chromium: &Chromium) -> String {
    let requests = chromium.requests().await;
    let callback = requests.iter().find(|url| url.path() == "/auth-callback");
    callback.unwrap().to_string()
}
