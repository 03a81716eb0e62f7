use fief_tests::Chromium;

use super::place::{Place, other_site};

/// FD-41, D15, SE-6: images of the own page, of another origin of the site, and of another site.
#[tokio::test]
#[ignore = "needs Chromium"]
async fn images_of_the_logout_end_nothing() {
    let place = Place::start("<img src=/logout>").await;
    let chromium = Chromium::start().await;
    place.log_in(&chromium).await;
    let image = format!("<img src={}>", place.at("/logout"));
    let same_site = other_site("127.0.0.1", image.clone()).await;
    let cross_site = other_site("localhost", image).await;
    for page in [place.at("/"), same_site, cross_site] {
        place.forget_requests();
        chromium.open(&page).await;
        place
            .wait_for(&["/logout"], "sec-fetch-dest", "image")
            .await;
        place.assert_logged_in(&chromium).await;
    }
}

/// FD-41, D15: neither of our pages is shown in a frame, and what frames load ends nothing.
#[tokio::test]
#[ignore = "needs Chromium"]
async fn frames_end_nothing_and_show_no_page_of_ours() {
    let frames = |url: &str| {
        let paths = ["/login", "/logout", "/castles", "/vault"];
        let frame = paths.map(|path| format!("<iframe src={url}{path}></iframe>"));
        frame.concat()
    };
    let place = Place::start(&frames("")).await;
    let chromium = Chromium::start().await;
    let same_site = other_site("127.0.0.1", frames(&place.url)).await;
    let cross_site = other_site("localhost", frames(&place.url)).await;
    let pages = [place.at("/"), same_site, cross_site];
    for page in &pages {
        loads_frames(&place, &chromium, page).await;
    }
    place.log_in(&chromium).await;
    for page in &pages {
        loads_frames(&place, &chromium, page).await;
        place.assert_logged_in(&chromium).await;
    }
}

async fn loads_frames(place: &Place, chromium: &Chromium, page: &str) {
    place.forget_requests();
    chromium.open(page).await;
    let paths = ["/login", "/logout", "/castles", "/vault"];
    place.wait_for(&paths, "sec-fetch-dest", "iframe").await;
    for text in chromium.frames().await {
        for ours in ["Log out?", "Please log in again", "What you entered"] {
            assert!(!text.contains(ours), "{page}: {text}");
        }
    }
}
