use fief_tests::Chromium;

use super::place::Place;

/// FD-40, LF-13: what was prefetched by rules is not shown for the click.
#[tokio::test]
#[ignore = "needs Chromium"]
async fn links_that_speculation_rules_prefetch_work() {
    let rules = r#"<script type="speculationrules">{"prefetch": [{"source": "list", "eagerness": "immediate",
        "urls": ["/login", "/castles", "/logout"]}]}</script>"#;
    let place = Place::start(&format!("{LINKS}{rules}")).await;
    links_work(&place, &Chromium::start().await, false).await;
}

/// FD-40, FD-41, LF-13: a script that prefetches a link under the pointer, as instant.page does.
#[tokio::test]
#[ignore = "needs Chromium"]
async fn links_that_a_script_prefetches_work() {
    let script = "<script>document.addEventListener('mouseover', event => {
        const link = document.createElement('link');
        if (!event.target.href) return;
        link.rel = 'prefetch';
        link.href = event.target.href;
        document.head.append(link);
    })</script>";
    let place = Place::start(&format!("{LINKS}{script}")).await;
    links_work(&place, &Chromium::start().await, true).await;
}

async fn links_work(place: &Place, chromium: &Chromium, hovers: bool) {
    prefetched(place, chromium, hovers).await;
    chromium.click("Castles").await;
    chromium.wait_for_page(place.server.url(), "Log in").await;
    prefetched(place, chromium, hovers).await;
    chromium.click("Log in").await;
    chromium.wait_for_page(place.server.url(), "Log in").await;

    place.log_in(chromium).await;
    prefetched(place, chromium, hovers).await;
    place.assert_logged_in(chromium).await;
    prefetched(place, chromium, hovers).await;
    chromium.click("Castles").await;
    chromium
        .wait_for_page(&place.at("/castles"), "The castles of anne")
        .await;
    prefetched(place, chromium, hovers).await;
    chromium.click("Log out").await;
    chromium
        .wait_for_page(&place.at("/"), "Hello stranger")
        .await;
}

/// Opens the page and waits until all links are prefetched.
async fn prefetched(place: &Place, chromium: &Chromium, hovers: bool) {
    place.forget_requests();
    chromium.open(&place.at("/")).await;
    chromium.wait_for_page(&place.at("/"), "Hello").await;
    if hovers {
        for link in ["Log in", "Castles", "Log out"] {
            chromium.hover(link).await;
        }
    }
    let paths = ["/login", "/castles", "/logout"];
    place.wait_for(&paths, "sec-purpose", "prefetch").await;
}

const LINKS: &str =
    "<p><a href=/login>Log in</a><p><a href=/castles>Castles</a><p><a href=/logout>Log out</a>";
