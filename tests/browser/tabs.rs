use std::time::{Duration, Instant};

use fief_tests::Chromium;
use serde_json::Value;

use super::{ANNE, place::Place};

const HOUR: Duration = Duration::from_secs(3600);

/// FD-45: Fief still knows the user.
#[tokio::test]
#[ignore = "needs Chromium"]
async fn ten_tabs_restored_after_the_session_show_their_pages_again() {
    let place = Place::start("").await;
    let chromium = Chromium::start().await;
    place.log_in(&chromium).await;
    place.server.advance(2 * HOUR);
    let here = chromium.tab().await;
    let tabs = chromium.open_tabs(&pages(&place)).await;
    let mut ends = Vec::new();
    for tab in &tabs {
        chromium.show_tab(tab).await;
        ends.push(end(&place, &chromium).await);
        chromium.close_tab(tab, &here).await;
    }
    assert!(ends.contains(&End::Page), "{ends:?}");
    for page in pages(&place) {
        chromium.open(&page).await;
        assert_eq!(end(&place, &chromium).await, End::Page);
    }
}

/// FD-45, LF-6: each tab waits at Fief's login page, and is loaded again after a login in one of them.
#[tokio::test]
#[ignore = "needs Chromium"]
async fn ten_tabs_restored_without_a_login_wait_for_one() {
    let place = Place::start("").await;
    let chromium = Chromium::start().await;
    chromium.open(&place.at("/")).await;
    let here = chromium.tab().await;
    let tabs = chromium.open_tabs(&pages(&place)).await;
    for tab in &tabs {
        chromium.show_tab(tab).await;
        chromium.wait_for_page(place.server.url(), "Log in").await;
    }
    // The last login begun is the one that Fief finishes.
    chromium.open(&place.at("/castles?tab=9")).await;
    chromium.wait_for_page(place.server.url(), "Log in").await;
    chromium.log_in(ANNE.0, ANNE.1).await;
    let page = place.at("/castles?tab=9");
    chromium.wait_for_page(&page, "The castles of anne").await;
    for (tab, page) in tabs.iter().zip(pages(&place)) {
        chromium.show_tab(tab).await;
        chromium.open(&page).await;
        assert_eq!(end(&place, &chromium).await, End::Page);
        chromium.close_tab(tab, &here).await;
    }
}

fn pages(place: &Place) -> Vec<String> {
    (0..10)
        .map(|tab| place.at(&format!("/castles?tab={tab}")))
        .collect()
}

/// How a tab ends.
#[derive(Debug, PartialEq)]
enum End {
    /// At its page.
    Page,
    /// At the default page, logged in.
    Default,
    /// At a page that offers a new login.
    Again,
    /// At a page of Fief, which finishes one login of a browser at a time.
    Fief,
}

async fn end(place: &Place, chromium: &Chromium) -> End {
    let deadline = Instant::now() + Duration::from_secs(30);
    loop {
        let page = chromium.run(PAGE).await;
        if let Ok(Value::String(page)) = &page {
            if page.starts_with(&place.url) && page.contains("The castles of anne") {
                return End::Page;
            } else if page.starts_with(&place.at("/ ")) && page.contains("Hello anne") {
                return End::Default;
            } else if page.starts_with(&place.at("/ ")) && page.contains("Hello stranger") {
                // The login of another tab has replaced its session on the way: a reload has the later one.
                chromium.open(&place.at("/")).await;
            } else if page.starts_with(&place.url) && page.contains("Please log in again") {
                return End::Again;
            } else if page.contains("login session") {
                return End::Fief;
            }
        }
        assert!(Instant::now() < deadline, "{page:#?}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

const PAGE: &str = "return document.readyState === 'complete' \
    && location.href + ' ' + document.body.innerText";
