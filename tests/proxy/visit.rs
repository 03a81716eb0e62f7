use std::collections::BTreeSet;

use fief_tests::Chromium;

use super::{
    ANNE,
    place::{Listen, Place, Setup},
};

#[tokio::test]
#[ignore = "needs nginx and Chromium"]
async fn a_visit_behind_a_proxy() {
    visit(&Place::start(Setup::default()).await).await;
}

/// FD-51
#[tokio::test]
#[ignore = "needs nginx and Chromium"]
async fn a_visit_below_a_path_that_the_proxy_keeps() {
    let setup = Setup {
        path: "/app",
        ..Setup::default()
    };
    visit(&Place::start(setup).await).await;
}

/// FD-51
#[tokio::test]
#[ignore = "needs nginx and Chromium"]
async fn a_visit_below_a_path_that_the_proxy_strips() {
    let setup = Setup {
        path: "/app",
        passed_to: "/",
        ..Setup::default()
    };
    visit(&Place::start(setup).await).await;
}

#[tokio::test]
#[ignore = "needs nginx and Chromium"]
async fn a_visit_behind_a_proxy_that_ends_tls() {
    let setup = Setup {
        listen: Listen::Https,
        ..Setup::default()
    };
    visit(&Place::start(setup).await).await;
}

#[tokio::test]
#[ignore = "needs nginx and Chromium"]
async fn a_visit_by_http2_below_a_path_that_the_proxy_strips() {
    let setup = Setup {
        path: "/app",
        passed_to: "/",
        listen: Listen::Http2,
        ..Setup::default()
    };
    visit(&Place::start(setup).await).await;
}

/// D11: the sessions are in cookies, and the key is the same.
#[tokio::test]
#[ignore = "needs nginx and Chromium"]
async fn a_visit_of_two_machines_in_turn() {
    let setup = Setup {
        replicas: 2,
        ..Setup::default()
    };
    let place = Place::start(setup).await;
    visit(&place).await;
    assert_eq!(machines(&place), 2);
}

/// D11: a logout on one machine counts on the other.
#[tokio::test]
#[ignore = "needs nginx, Redis and Chromium"]
async fn a_visit_of_two_machines_that_share_a_store() {
    let setup = Setup {
        replicas: 2,
        has_redis: true,
        listen: Listen::Https,
        ..Setup::default()
    };
    let place = Place::start(setup).await;
    visit(&place).await;
    assert_eq!(machines(&place), 2);
}

/// Returns how many machines had requests that were passed on.
fn machines(place: &Place) -> usize {
    let requests = place.nginx.requests();
    let machines: BTreeSet<_> = requests.iter().map(|it| &it.upstream).collect();
    machines.len()
}

async fn visit(place: &Place) {
    let chromium = Chromium::start().await;
    let (home, castles) = (format!("{}/", place.url), format!("{}/castles", place.url));
    chromium.open(&castles).await;
    chromium.wait_for_page(place.server.url(), "").await;
    chromium.log_in(ANNE.0, ANNE.1).await;
    chromium.wait_for_page(&castles, ANNE.0).await;

    chromium.click("Build a castle").await;
    chromium
        .wait_for_page(&format!("{castles}/create"), "Name")
        .await;
    chromium.fill("name", "Château de Fougères\n").await;
    chromium.wait_for_page(&castles, "You are logged in").await;
    for _ in 0..4 {
        chromium.click("Profile").await;
        let profile = format!("{}/profile", place.url);
        chromium.wait_for_page(&profile, "castles:create").await;
    }

    chromium.click("Log out").await;
    chromium.wait_for_page(&home, "Log in").await;
    chromium.click("Log in").await;
    chromium.wait_for_page(place.server.url(), "").await;
    chromium.log_in(ANNE.0, ANNE.1).await;
    chromium.wait_for_page(&home, ANNE.0).await;
}
