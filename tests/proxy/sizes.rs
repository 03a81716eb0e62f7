//! What all headers weigh, with twelve tabs whose pages have queries of 2,000 bytes.

use std::time::{Duration, Instant};

use fief_tests::Chromium;
use serde_json::Value;

use super::{
    ANNE,
    place::{Listen, Place, Setup},
};

/// FD-30, LF-6
#[tokio::test]
#[ignore = "needs nginx and Chromium"]
async fn twelve_tabs_behind_a_proxy_with_its_defaults() {
    twelve_tabs(Setup::default()).await;
}

/// FD-30, LF-6
#[tokio::test]
#[ignore = "needs nginx and Chromium"]
async fn twelve_tabs_by_http2_behind_a_proxy_with_its_defaults() {
    let setup = Setup {
        listen: Listen::Http2,
        ..Setup::default()
    };
    twelve_tabs(setup).await;
}

/// FD-32, SE-5
#[tokio::test]
#[ignore = "needs nginx and Chromium"]
async fn twelve_tabs_of_a_user_with_a_hundred_permissions() {
    let setup = Setup {
        settings: LARGE,
        permissions: 100,
        ..Setup::default()
    };
    twelve_tabs(setup).await;
}

/// FD-32, SE-5
#[tokio::test]
#[ignore = "needs nginx and Chromium"]
async fn twelve_tabs_by_http2_of_a_user_with_a_hundred_permissions() {
    let setup = Setup {
        settings: LARGE,
        permissions: 100,
        listen: Listen::Http2,
        ..Setup::default()
    };
    twelve_tabs(setup).await;
}

/// The settings that the documentation names for users with many permissions.
const LARGE: &str =
    "proxy_buffer_size 16k; proxy_buffers 8 16k; large_client_header_buffers 4 16k;";
const TABS: usize = 12;

async fn twelve_tabs(setup: Setup) {
    let place = Place::start(setup).await;
    let chromium = Chromium::start().await;
    let pages: Vec<_> = (0..TABS)
        .map(|n| format!("{}/castles?tab={n}&q={}", place.url, "q".repeat(2000)))
        .collect();
    chromium.open(&format!("{}/", place.url)).await;
    let here = chromium.tab().await;

    let waiting = chromium.open_tabs(&pages).await;
    for tab in &waiting {
        chromium.show_tab(tab).await;
        chromium.wait_for_page(place.server.url(), "Log in").await;
    }
    let mut begun = chromium.requests().await;
    begun.retain(|url| url.path() == "/authorize");
    assert_eq!(begun.len(), TABS);
    // The last login begun is the one that Fief finishes.
    chromium.show_tab(&here).await;
    chromium.open(&pages[0]).await;
    chromium.wait_for_page(place.server.url(), "Log in").await;
    chromium.log_in(ANNE.0, ANNE.1).await;
    assert_eq!(end(&chromium, &place).await, End::Page);
    let mut ends = Vec::new();
    for (tab, login) in waiting.iter().zip(begun) {
        chromium.show_tab(tab).await;
        chromium.open(login.as_str()).await;
        ends.push(end(&chromium, &place).await);
        chromium.close_tab(tab, &here).await;
    }
    eprintln!("logins that waited: {ends:?}");

    chromium.delete_cookies("fief_session_").await;
    let restored = chromium.open_tabs(&pages).await;
    let mut ends = Vec::new();
    for tab in &restored {
        chromium.show_tab(tab).await;
        ends.push(end(&chromium, &place).await);
        chromium.close_tab(tab, &here).await;
    }
    chromium.open(&pages[0]).await;
    assert_eq!(end(&chromium, &place).await, End::Page);
    eprintln!("tabs that were restored: {ends:?}");
    assert_small(&place);
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

async fn end(chromium: &Chromium, place: &Place) -> End {
    let deadline = Instant::now() + Duration::from_secs(30);
    loop {
        let page = chromium.run(PAGE).await;
        if let Ok(Value::String(page)) = &page {
            if page.starts_with(&format!("{}/castles?tab=", place.url)) && page.contains(ANNE.0) {
                return End::Page;
            } else if page.starts_with(&format!("{}/ ", place.url)) && page.contains(ANNE.0) {
                return End::Default;
            } else if page.starts_with(&place.url) && page.contains("Please log in again") {
                return End::Again;
            } else if page.starts_with(place.server.url()) && page.contains("login session") {
                return End::Fief;
            }
        }
        assert!(
            Instant::now() < deadline,
            "{page:#?}\n{:#?}\n{}",
            place.nginx.requests(),
            place.nginx.errors()
        );
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

/// Asserts that no request was rejected for its size, and no response.
fn assert_small(place: &Place) {
    let requests = place.nginx.requests();
    for it in &requests {
        let is_passed_on = it.upstream != "-";
        assert!(
            is_passed_on && ![414, 431, 502].contains(&it.status),
            "{it:?}"
        );
        assert!(it.cookies <= 7680, "{it:?}");
    }
    let largest = |size: fn(&fief_tests::Passed) -> usize| requests.iter().map(size).max();
    eprintln!(
        "{} requests, at most: request {:?}, cookies {:?}, response head {:?}",
        requests.len(),
        largest(|it| it.request),
        largest(|it| it.cookies),
        largest(|it| it.response_head)
    );
}

const PAGE: &str = "return document.readyState === 'complete' \
    && location.href + ' ' + document.body.innerText";
