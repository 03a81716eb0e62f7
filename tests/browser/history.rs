use fief_tests::Chromium;

use super::{ANNE, logged_in, place::Place};
use crate::flows::site::Site;

#[tokio::test]
#[ignore = "needs Chromium"]
async fn the_back_button_after_a_login_keeps_it() {
    let site = Site::embedded().await;
    let home = format!("{}/", site.url);
    let chromium = Chromium::start().await;
    chromium.open(&home).await;
    chromium.click("Castles").await;
    chromium.wait_for_page(&site.fief_url, "").await;
    chromium.log_in(ANNE.0, ANNE.1).await;
    let castles = format!("{}/castles", site.url);
    chromium.wait_for_page(&castles, ANNE.0).await;

    chromium.back().await;
    chromium.wait_for_page(&site.fief_url, "").await;
    chromium.back().await;
    chromium.wait_for_page(&home, ANNE.0).await;
    chromium.click("Castles").await;
    chromium.wait_for_page(&castles, ANNE.0).await;
}

/// SE-7
#[tokio::test]
#[ignore = "needs Chromium"]
async fn the_back_button_after_a_logout_shows_nothing_private() {
    let site = Site::embedded().await;
    let chromium = logged_in(&site, "/castles", ANNE).await;
    chromium.click("Profile").await;
    let profile = format!("{}/profile", site.url);
    chromium.wait_for_page(&profile, ANNE.0).await;
    chromium.click("Log out").await;
    chromium
        .wait_for_page(&format!("{}/", site.url), "Log in")
        .await;
    chromium.back().await;
    let page = chromium.wait_for_page(&site.fief_url, "").await;
    assert!(!page.contains(ANNE.0), "{page}");
}

/// SE-7: with what the back/forward cache keeps, and the public page that greets its user.
#[tokio::test]
#[ignore = "needs Chromium"]
async fn no_page_of_the_history_shows_a_user_who_logged_out() {
    let place = Place::start("<a href=/castles>Castles</a> <a href=/logout>Log out</a>").await;
    let chromium = Chromium::start().await;
    place.log_in(&chromium).await;
    chromium.click("Home").await;
    chromium.wait_for_page(&place.at("/"), "Hello anne").await;
    chromium.click("Castles").await;
    chromium
        .wait_for_page(&place.at("/castles"), "The castles of anne")
        .await;
    chromium.click("Home").await;
    chromium.wait_for_page(&place.at("/"), "Hello anne").await;
    chromium.click("Log out").await;
    chromium
        .wait_for_page(&place.at("/"), "Hello stranger")
        .await;
    for _ in 0..4 {
        chromium.back().await;
        let page = chromium.wait_for_page("http", "").await;
        assert!(!page.contains("anne"), "{page}");
    }
}
