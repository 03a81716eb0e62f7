use axum::{Router, response::Html, routing::get};
use fief_tests::Chromium;
use tokio::net::TcpListener;

use super::{ANNE, logged_in};
use crate::flows::site::Site;

/// CS-1: the session cookie does not come along.
#[tokio::test]
#[ignore = "needs Chromium"]
async fn a_form_of_another_site_builds_nothing() {
    builds_nothing("localhost").await;
}

/// CS-1: a neighbour on another port is sent the cookie, so this is up to the server.
#[tokio::test]
#[ignore = "needs Chromium"]
async fn a_form_of_another_origin_on_the_same_site_builds_nothing() {
    builds_nothing("127.0.0.1").await;
}

/// D15
#[tokio::test]
#[ignore = "needs Chromium"]
async fn a_link_of_another_site_has_to_be_confirmed_to_log_out() {
    has_to_be_confirmed_to_log_out("localhost").await;
}

/// D15
#[tokio::test]
#[ignore = "needs Chromium"]
async fn a_link_of_another_origin_on_the_same_site_has_to_be_confirmed_to_log_out() {
    has_to_be_confirmed_to_log_out("127.0.0.1").await;
}

async fn builds_nothing(host: &str) {
    let site = Site::embedded().await;
    let chromium = logged_in(&site, "/castles", ANNE).await;
    open(&chromium, host, &site).await;
    chromium.click("Win a castle").await;
    let castles = format!("{}/castles", site.url);
    let response = chromium.wait_for_page(&castles, "").await;
    assert!(!response.contains("Blois"), "{response}");
    chromium.open(&castles).await;
    let page = chromium.wait_for_page(&castles, ANNE.0).await;
    assert!(!page.contains("Blois"), "{page}");
}

async fn has_to_be_confirmed_to_log_out(host: &str) {
    let site = Site::embedded().await;
    let chromium = logged_in(&site, "/castles", ANNE).await;
    open(&chromium, host, &site).await;
    chromium.click("See the castles").await;
    let logout = format!("{}/logout", site.url);
    chromium.wait_for_page(&logout, "Log out?").await;

    let castles = format!("{}/castles", site.url);
    chromium.open(&castles).await;
    chromium.wait_for_page(&castles, ANNE.0).await;
    chromium.back().await;
    chromium.wait_for_page(&logout, "Log out?").await;
    chromium.click("Log out").await;
    chromium
        .wait_for_page(&format!("{}/", site.url), "Log in")
        .await;
}

/// A page elsewhere that wants its visitors to do what they do not mean to.
async fn open(chromium: &Chromium, host: &str, site: &Site) {
    let page = format!(
        "<a href='{url}/logout'>See the castles</a>\
         <form method='post' action='{url}/castles'>\
         <input name='name' value='Blois'><button>Win a castle</button></form>",
        url = site.url
    );
    let app = Router::new().route("/", get(|| async { Html(page) }));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{host}:{}/", listener.local_addr().unwrap().port());
    tokio::spawn(async { axum::serve(listener, app).await });
    chromium.open(&url).await;
}
