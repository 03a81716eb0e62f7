//! `examples/web`, `examples/spa` and small applications in Chromium: what only a real browser shows about cookies, redirects, forms and history.

use fief_tests::Chromium;

use crate::flows::site::Site;

mod cli;
mod embedded;
mod forms;
mod history;
mod login;
mod origins;
mod other_sites;
mod pictures;
mod place;
mod prefetch;
mod spa;
mod tabs;
mod visit;
mod websockets;

const ANNE: (&str, &str) = ("anne@example.com", "herminetincture");
const LOUIS: (&str, &str) = ("louis@example.com", "porcupine-and-crown");

/// Returns a browser that opened this page, logged in, and shows it.
async fn logged_in(site: &Site, path: &str, (email, password): (&str, &str)) -> Chromium {
    let chromium = Chromium::start().await;
    let page = format!("{}{path}", site.url);
    chromium.open(&page).await;
    chromium.wait_for_page(&site.fief_url, "").await;
    chromium.log_in(email, password).await;
    chromium.wait_for_page(&page, "").await;
    chromium
}
