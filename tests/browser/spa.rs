//! `examples/spa`: a page in plain JavaScript, and an API on another origin.

use std::time::{Duration, SystemTime};

use fief_test_server::{Client, Endpoint, Fault, FiefTestServer, User};
use fief_tests::{Chromium, Process, RealFief, free_port};
use serde_json::json;

use super::{ANNE, LOUIS};

/// The example and the Fief that it uses.
struct Spa {
    url: String,
    api: String,
    fief: String,
    _process: Process,
    server: Option<FiefTestServer>,
}

impl Spa {
    async fn embedded() -> Self {
        let port = free_port();
        let page = Client::public("castles-spa").redirect_uri(format!("http://127.0.0.1:{port}/"));
        let server = FiefTestServer::builder()
            .client(Client::new("castles"))
            .client(page)
            .user(User::new(ANNE.0, ANNE.1).permission("castles:create"))
            .user(User::new(LOUIS.0, LOUIS.1))
            .start()
            .await
            .unwrap();
        let (fief, id) = (server.url().to_owned(), server.client_id().to_owned());
        Self::start(port, fief, &id, "castles-spa", Some(server))
    }

    async fn real() -> Self {
        let fief = RealFief::from_env();
        let port = free_port();
        let page = format!("http://127.0.0.1:{port}/");
        let page = fief.register_as("public", true, &page).await;
        let api = fief.seeded("main").id;
        Self::start(port, fief.base_url, &api, &page.id, None)
    }

    fn start(
        port: u16,
        fief: String,
        api: &str,
        page: &str,
        server: Option<FiefTestServer>,
    ) -> Self {
        let port = port.to_string();
        let variables = [
            ("PORT", port.as_str()),
            ("FIEF_BASE_URL", &fief),
            ("FIEF_CLIENT_ID", api),
            ("FIEF_SPA_CLIENT_ID", page),
        ];
        let mut process = Process::start("example-spa", &variables);
        Self {
            url: process.value_of("App"),
            api: process.value_of("API"),
            _process: process,
            fief,
            server,
        }
    }

    /// Logs in with a browser that shows the page.
    async fn log_in(&self, chromium: &Chromium, (email, password): (&str, &str)) {
        chromium.click("Log in").await;
        chromium.wait_for_page(&self.fief, "").await;
        chromium.log_in(email, password).await;
        chromium.wait_for_page(&self.url, email).await;
    }
}

/// D14, D15
#[tokio::test]
#[ignore = "needs Chromium"]
async fn a_user_of_the_page_logs_in_builds_a_castle_and_logs_out() {
    whole_visit(&Spa::embedded().await).await;
}

/// D14, D15
#[tokio::test]
#[ignore = "needs Chromium and the real Fief"]
async fn a_user_of_the_page_does_so_with_the_real_fief() {
    whole_visit(&Spa::real().await).await;
}

async fn whole_visit(spa: &Spa) {
    let chromium = Chromium::start().await;
    chromium.open(&spa.url).await;
    spa.log_in(&chromium, ANNE).await;
    assert_is_clean(&chromium).await;
    chromium.fill("name", "Château de Fougères\n").await;
    chromium
        .wait_for_page(&spa.url, "Château de Fougères")
        .await;
    chromium.fill("name", " \n").await;
    chromium.wait_for_page(&spa.url, "1 to 60 characters").await;
    let requests = chromium.requests().await;
    assert!(
        requests
            .iter()
            .any(|url| url.as_str().starts_with(&spa.api))
    );

    chromium.click("Log out").await;
    let page = chromium.wait_for_page(&spa.url, "Log in").await;
    assert!(!page.contains(ANNE.0), "{page}");
    // Fief requires the password again.
    spa.log_in(&chromium, LOUIS).await;
    chromium.fill("name", "Blois\n").await;
    let page = chromium
        .wait_for_page(&spa.url, "You may not do this")
        .await;
    assert!(
        page.contains("permission is missing") && !page.contains("Blois"),
        "{page}"
    );
}

/// Asserts that the login left nothing behind that a script of another page could find.
async fn assert_is_clean(chromium: &Chromium) {
    let left =
        "return [location.search, sessionStorage.length, localStorage.length, document.cookie]";
    assert_eq!(chromium.run(left).await.unwrap(), json!(["", 0, 0, ""]));
}

/// LF-3: the code may be that of another account.
#[tokio::test]
#[ignore = "needs Chromium"]
async fn a_login_that_was_not_begun_by_the_page_is_rejected() {
    let spa = Spa::embedded().await;
    let chromium = Chromium::start().await;
    chromium
        .open(&format!("{}/?code=code&state=state", spa.url))
        .await;
    let page = chromium.wait_for_page(&spa.url, "not begun here").await;
    assert!(page.contains("Log in"), "{page}");
    assert_is_clean(&chromium).await;
    let requests = chromium.requests().await;
    assert!(requests.iter().all(|url| url.path() != "/api/token"));
}

/// D4
#[tokio::test]
#[ignore = "needs Chromium"]
async fn a_page_with_an_expired_token_offers_the_login_again() {
    let spa = Spa::embedded().await;
    let chromium = Chromium::start().await;
    let server = spa.server.as_ref().unwrap();
    server.set_time(SystemTime::now() - Duration::from_secs(3 * 86400));
    chromium.open(&spa.url).await;
    chromium.click("Log in").await;
    chromium.wait_for_page(&spa.fief, "").await;
    chromium.log_in(ANNE.0, ANNE.1).await;
    let expired = chromium.wait_for_page(&spa.url, "has expired").await;
    assert!(!expired.contains("Log out"), "{expired}");

    // Fief remembers the browser.
    server.set_time(SystemTime::now());
    chromium.click("Log in").await;
    chromium.wait_for_page(&spa.url, ANNE.0).await;
}

/// D5
#[tokio::test]
#[ignore = "needs Chromium"]
async fn a_page_whose_fief_is_unavailable_says_so() {
    let spa = Spa::embedded().await;
    let chromium = Chromium::start().await;
    let server = spa.server.as_ref().unwrap();
    chromium.open(&spa.url).await;
    server.fault(Endpoint::Jwks, Fault::status(500));
    chromium.click("Log in").await;
    chromium.wait_for_page(&spa.fief, "").await;
    chromium.log_in(ANNE.0, ANNE.1).await;
    chromium.wait_for_page(&spa.url, "unavailable").await;
    server.clear_faults();
    server.fault(Endpoint::Token, Fault::status(500));
    chromium.open(&spa.url).await;
    chromium.click("Log in").await;
    chromium.wait_for_page(&spa.url, "no response").await;
}
