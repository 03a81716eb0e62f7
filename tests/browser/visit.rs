use super::{ANNE, logged_in};
use crate::flows::site::Site;

/// CS-1, SE-6: the posts of the application's own pages pass, and its policy lets the logout go on to Fief and back.
#[tokio::test]
#[ignore = "needs Chromium"]
async fn a_visitor_logs_in_builds_a_castle_and_logs_out() {
    whole_visit(&Site::embedded().await).await;
}

#[tokio::test]
#[ignore = "needs Chromium and the real Fief"]
async fn a_visitor_does_so_with_the_real_fief() {
    whole_visit(&Site::real().await).await;
}

async fn whole_visit(site: &Site) {
    let castles = format!("{}/castles", site.url);
    let chromium = logged_in(site, "/castles", ANNE).await;
    chromium.wait_for_page(&castles, ANNE.0).await;

    chromium.click("Build a castle").await;
    chromium
        .wait_for_page(&format!("{castles}/create"), "Name")
        .await;
    chromium.fill("name", "Château de Fougères\n").await;
    chromium
        .wait_for_page(&castles, "Château de Fougères")
        .await;

    chromium.click("Profile").await;
    let profile = format!("{}/profile", site.url);
    chromium.wait_for_page(&profile, "castles:create").await;

    chromium.click("Log out").await;
    chromium
        .wait_for_page(&format!("{}/", site.url), "Log in")
        .await;
    chromium.click("Castles").await;
    chromium.wait_for_page(&site.fief_url, "").await;
}
