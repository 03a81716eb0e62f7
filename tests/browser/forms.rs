use std::time::Duration;

use fief_tests::Chromium;

use super::{ANNE, place::Place};

/// FD-50, ER-6
#[tokio::test]
#[ignore = "needs Chromium"]
async fn a_form_after_the_session_is_a_page_that_leads_back_to_it() {
    let place = Place::start("").await;
    let chromium = Chromium::start().await;
    place.log_in(&chromium).await;
    chromium.delete_cookies("fief_session_").await;
    chromium.click("Save").await;
    // At the URL of the form.
    let page = chromium
        .wait_for_page(&place.at("/castles"), "Please log in again")
        .await;
    assert!(page.contains("What you entered was not saved"), "{page}");
    chromium.click("Log in and go back to the form").await;
    chromium
        .wait_for_page(&place.at("/castles"), "The castles of anne")
        .await;
    chromium.click("Save").await;
    chromium.wait_for_page(&place.at("/castles"), "Saved").await;
}

/// FD-50, D13: the form was opened in time.
#[tokio::test]
#[ignore = "needs Chromium"]
async fn a_form_that_needs_a_recent_login_steps_up() {
    let place = Place::start("").await;
    let chromium = Chromium::start().await;
    place.log_in(&chromium).await;
    chromium.open(&place.at("/vault")).await;
    place.server.advance(Duration::from_secs(180));
    chromium.click("Save").await;
    // At the URL of the form.
    chromium
        .wait_for_page(&place.at("/vault"), "What you entered was not saved")
        .await;
    chromium.click("Log in and go back to the form").await;
    chromium.wait_for_page(place.server.url(), "").await;
    chromium.log_in(ANNE.0, ANNE.1).await;
    saves(&place, &chromium, "/vault").await;
}

/// FD-50, D13: a step-up before the form is shown, of the age and of the level.
#[tokio::test]
#[ignore = "needs Chromium"]
async fn a_step_up_before_a_form_leads_to_it() {
    let place = Place::start("").await;
    let chromium = Chromium::start().await;
    place.log_in(&chromium).await;
    place.server.advance(Duration::from_secs(180));
    chromium.open(&place.at("/vault")).await;
    chromium.wait_for_page(place.server.url(), "").await;
    chromium.log_in(ANNE.0, ANNE.1).await;
    saves(&place, &chromium, "/vault").await;
    chromium.open(&place.at("/tower")).await;
    saves(&place, &chromium, "/tower").await;
}

async fn saves(place: &Place, chromium: &Chromium, path: &str) {
    let page = place.at(path);
    chromium.wait_for_page(&page, "Save").await;
    chromium.fill("name", "Fougères\n").await;
    chromium.wait_for_page(&page, "Saved").await;
}

/// FD-54: the documented effect of `form-action 'self'`, and of the header that the documentation names.
#[tokio::test]
#[ignore = "needs Chromium"]
async fn a_policy_of_the_application_has_to_let_the_logout_go_to_fief() {
    let place = Place::start("").await;
    let chromium = Chromium::start().await;
    place.log_in(&chromium).await;
    chromium.open(&place.at("/strict")).await;
    chromium.click("Log out").await;
    // Blocked on the way to Fief, which logs in again without a password.
    place
        .wait_for(&["/logout"], "sec-fetch-dest", "document")
        .await;
    chromium.wait_for_page(&place.at("/strict"), "").await;
    chromium.open(&place.at("/")).await;
    chromium
        .wait_for_page(&place.at("/"), "Hello stranger")
        .await;
    place.assert_logged_in(&chromium).await;

    chromium.open(&place.at("/open")).await;
    chromium.click("Log out").await;
    chromium
        .wait_for_page(&place.at("/"), "Hello stranger")
        .await;
    chromium.open(&place.at("/castles")).await;
    chromium.wait_for_page(place.server.url(), "Log in").await;
}
