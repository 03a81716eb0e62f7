//! Every page, ours and those of the example, on a phone and on a desk.

use std::{env, fs, path::Path, time::Duration};

use base64::{Engine, engine::general_purpose::STANDARD};
use fief_test_server::{Endpoint, Fault};
use fief_tests::{Chromium, Process};
use serde_json::json;

use super::{
    ANNE, LOUIS,
    place::{Place, other_site},
};
use crate::{flows::site::Site, login::store::Memory};

/// A browser that looks at pages in two widths.
struct Viewer {
    chromium: Chromium,
    /// Where to write pictures: `FIEF_REAL_PICTURES`.
    folder: Option<String>,
}

impl Viewer {
    async fn start() -> Self {
        Self {
            chromium: Chromium::start().await,
            folder: env::var("FIEF_REAL_PICTURES").ok(),
        }
    }

    /// Asserts that the page shown has this text, leads on, and fits.
    async fn look(&self, name: &str, text: &str) {
        let page = self.chromium.wait_for_page("http", text).await;
        for (width, height) in [(1280, 800), (390, 844)] {
            self.chromium.resize(width, height).await;
            let fits = self.chromium.run(FITS).await.unwrap();
            assert_eq!(fits, json!([true, true]), "{name} at {width}: {page}");
            if let Some(folder) = &self.folder {
                let picture = STANDARD.decode(self.chromium.picture().await).unwrap();
                let file = Path::new(folder).join(format!("{name}-{width}.png"));
                fs::write(file, picture).unwrap();
            }
        }
    }
}

/// Whether nothing is wider than the screen, and whether there is a link or a button.
const FITS: &str = "const page = document.documentElement;
    return [page.scrollWidth <= innerWidth, document.querySelector('a[href], button') !== null]";

#[tokio::test]
#[ignore = "needs Chromium"]
async fn the_pages_of_the_example_fit_a_phone_and_lead_on() {
    let site = Site::embedded().await;
    let viewer = Viewer::start().await;
    let chromium = &viewer.chromium;
    let open = |path: &str| {
        let url = format!("{}{path}", site.url);
        async move { chromium.open(&url).await }
    };
    open("/").await;
    viewer.look("example-home", "Log in").await;
    open("/castles/create").await;
    viewer.look("fief-login", "Password").await;
    chromium.log_in(LONG.0, "wrong").await;
    viewer.look("fief-login-wrong", "Invalid").await;
    chromium.log_in(LONG.0, LONG.1).await;
    viewer.look("example-create", "Build a castle").await;
    let name = format!("{}\n", "Château-".repeat(7));
    chromium.fill("name", &name).await;
    viewer.look("example-castles", "Château-Château").await;
    open("/profile").await;
    viewer.look("example-profile", "permissions").await;
    open("/castles/create").await;
    chromium.fill("name", " \n").await;
    viewer
        .look("example-create-wrong", "1 to 60 characters")
        .await;
    open("/login?prompt=login").await;
    viewer.look("fief-login-again", "Password").await;
    chromium.log_in(LOUIS.0, LOUIS.1).await;
    viewer.look("example-home-user", LOUIS.0).await;
    open("/castles/create").await;
    viewer.look("example-forbidden", "Not allowed").await;
    open("/nowhere").await;
    viewer.look("example-nowhere", "no such page").await;
    chromium.prefer("fr-CH, fr;q=0.9, en;q=0.8").await;
    open("/castles/create").await;
    viewer
        .look("example-forbidden-fr", "Il vous manque la permission")
        .await;
    open("/nowhere").await;
    viewer.look("example-nowhere-fr", "n’existe pas").await;
    let elsewhere = format!("<a href={}/logout>Log out</a>", site.url);
    let elsewhere = other_site("localhost", elsewhere).await;
    chromium.open(&elsewhere).await;
    chromium.click("Log out").await;
    viewer.look("example-logout-fr", "Se déconnecter ?").await;
    chromium.click("Se déconnecter").await;
    viewer.look("example-home-out", "Log in").await;
    open("/auth-callback?code=code&state=state").await;
    viewer.look("example-expired-fr", "Reconnectez-vous").await;
}

#[tokio::test]
#[ignore = "needs Chromium"]
async fn the_pages_of_the_club_fit_a_phone_and_lead_on() {
    let mut club = Process::start("example-members", &[]);
    let url = club.value_of("App");
    let viewer = Viewer::start().await;
    let chromium = &viewer.chromium;
    let open = |path: &str| {
        let url = format!("{url}{path}");
        async move { chromium.open(&url).await }
    };
    open("/").await;
    viewer.look("members-home", "Remember me").await;
    chromium.fill("remember", " ").await;
    chromium.click("Log in").await;
    chromium.log_in(OUTSIDER.0, OUTSIDER.1).await;
    viewer.look("members-outsider", "Members only").await;
    chromium.click("Log in with another account").await;
    chromium.log_in(ANNE.0, ANNE.1).await;
    viewer.look("members-welcome", "Welcome to the club").await;
    chromium.fill("name", " \n").await;
    viewer
        .look("members-name-wrong", "1 to 40 characters")
        .await;
    let name = format!("{}\n", "Hermine-".repeat(5));
    chromium.fill("name", &name).await;
    viewer.look("members-list", "Hermine-Hermine").await;
    open("/").await;
    viewer.look("members-home-member", "Welcome back").await;
    open("/nowhere").await;
    viewer.look("members-nowhere", "no such page").await;
    chromium.delete_cookies("session").await;
    open("/auth-callback?code=code&state=state").await;
    viewer.look("members-expired", "Please log in again").await;
}

#[tokio::test]
#[ignore = "needs Chromium"]
async fn the_single_page_application_fits_a_phone_and_leads_on() {
    let mut spa = Process::start("example-spa", &[]);
    let url = spa.value_of("App");
    let viewer = Viewer::start().await;
    let chromium = &viewer.chromium;
    chromium.open(&url).await;
    viewer.look("spa-home", "Log in").await;
    chromium.click("Log in").await;
    chromium.log_in(ANNE.0, ANNE.1).await;
    viewer.look("spa-castles", ANNE.0).await;
    let name = format!("{}\n", "Château-".repeat(7));
    chromium.fill("name", &name).await;
    viewer.look("spa-built", "Château-Château").await;
    chromium.click("Log out").await;
    viewer.look("spa-logged-out", "Log in").await;
    chromium.click("Log in").await;
    chromium.log_in(LOUIS.0, LOUIS.1).await;
    chromium.wait_for_page(&url, LOUIS.0).await;
    chromium.fill("name", "Blois\n").await;
    viewer.look("spa-forbidden", "You may not do this").await;
    chromium.open(&format!("{url}/?error=access_denied")).await;
    viewer.look("spa-rejected", "not begun here").await;
}

#[tokio::test]
#[ignore = "needs Chromium"]
async fn our_pages_fit_a_phone_and_lead_on() {
    let place = Place::start("").await;
    let viewer = Viewer::start().await;
    let chromium = &viewer.chromium;
    chromium
        .open(&place.at("/auth-callback?code=code&state=state"))
        .await;
    viewer.look("login-expired", "Please log in again").await;
    for (error, text) in [
        ("access_denied", "Access was denied"),
        ("invalid_scope", "rejected"),
        ("server_error", "rejected"),
    ] {
        chromium.open(&place.at("/login?return_to=/castles")).await;
        chromium.wait_for_page(place.server.url(), "").await;
        let requests = chromium.requests().await;
        let authorize = requests
            .iter()
            .rfind(|url| url.path() == "/authorize")
            .unwrap();
        let state = authorize
            .query_pairs()
            .find(|(name, _)| name == "state")
            .unwrap()
            .1;
        let callback = format!("/auth-callback?error={error}&state={state}");
        chromium.open(&place.at(&callback)).await;
        viewer.look(&format!("login-{error}"), text).await;
    }

    place.log_in(chromium).await;
    let elsewhere = other_site("localhost", logout_link(&place)).await;
    chromium.open(&elsewhere).await;
    chromium.click("Log out").await;
    viewer.look("logout", "Log out?").await;
    chromium.open(&place.at("/keep")).await;
    viewer.look("missing-permission", "permission").await;
    let form = format!(
        "<form method=post action={}><button>Win</button></form>",
        place.at("/castles")
    );
    let elsewhere = other_site("127.0.0.1", form).await;
    chromium.open(&elsewhere).await;
    chromium.click("Win").await;
    viewer.look("form-cross-site", "not saved").await;

    chromium.open(&place.at("/vault")).await;
    place.server.advance(Duration::from_secs(180));
    chromium.click("Save").await;
    viewer.look("form-step-up", "not saved").await;
    place.assert_logged_in(chromium).await;
    chromium.delete_cookies("fief_session_").await;
    chromium.click("Save").await;
    viewer.look("form-without-session", "not saved").await;
    place.assert_logged_in(chromium).await;
    for _ in 0..6 {
        chromium.open(&place.at("/login?return_to=/nowhere")).await;
    }
    viewer.look("login-looping", "too many times").await;
}

#[tokio::test]
#[ignore = "needs Chromium"]
async fn our_pages_of_failures_fit_a_phone_and_lead_on() {
    let store = Memory::default();
    let place = Place::start_with("", |builder| builder.session_store(store.clone())).await;
    let viewer = Viewer::start().await;
    let chromium = &viewer.chromium;
    place.server.fault(Endpoint::Token, Fault::status(500));
    chromium.open(&place.at("/castles")).await;
    chromium.wait_for_page(place.server.url(), "").await;
    chromium.log_in(ANNE.0, ANNE.1).await;
    viewer.look("login-unavailable", "unavailable").await;
    place.server.clear_faults();
    place.server.fault(Endpoint::Token, Fault::status(401));
    chromium.open(&place.at("/castles")).await;
    viewer.look("login-failed", "operator").await;
    place.server.clear_faults();

    chromium.open(&place.at("/castles")).await;
    chromium
        .wait_for_page(&place.at("/castles"), "The castles of anne")
        .await;
    store.fail(true);
    chromium.open(&place.at("/castles")).await;
    viewer.look("unavailable", "not available").await;
    chromium.open(&place.at("/logout")).await;
    viewer.look("logout-incomplete", "Logged out").await;
}

fn logout_link(place: &Place) -> String {
    format!("<a href={}>Log out</a>", place.at("/logout"))
}

/// A user with a long address.
const OUTSIDER: (&str, &str) = ("louis@example.org", "porcupine-and-crown");
const LONG: (&str, &str) = (
    "anne.twice.queen.of.france@chateau-des-ducs-de-bretagne.example.com",
    "herminetincture",
);
