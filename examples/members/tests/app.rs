//! The club's own tests, each with a Fief of its own inside of the process.

use std::time::Duration;

use axum::{
    Router,
    body::Body,
    http::{Request, StatusCode},
};
use example_members::Members;
use fief_axum::{SessionKey, fief_client::Fief};
use fief_test_server::{Browser, FiefTestServer, User};

const URL: &str = "https://club.example.com";
const ANNE: &str = "anne@example.com";
const LOUIS: &str = "louis@elsewhere.example";
const DAY: Duration = Duration::from_secs(24 * 3600);

#[tokio::test]
async fn a_new_member_gets_a_number_and_chooses_a_name() {
    let club = Club::start().await;
    let mut browser = club.browser();
    let welcome = browser.log_in(ANNE, "/login").await;
    assert_eq!(welcome.path(), "/welcome");
    assert!(welcome.body.contains("member number 1"), "{}", welcome.body);

    let members = browser
        .submit("/name", &[("name", "Anne of Brittany")])
        .await;

    assert_eq!(members.path(), "/members");
    assert!(members.body.contains("Anne of Brittany"));
}

#[tokio::test]
async fn a_member_of_before_keeps_number_and_name() {
    let club = Club::start().await;
    let mut browser = club.browser();
    browser.log_in(ANNE, "/login").await;
    browser.submit("/name", &[("name", "Anne")]).await;

    let mut again = club.browser();
    let back = again.log_in(ANNE, "/login?return_to=/members").await;

    assert_eq!(back.path(), "/members");
    let home = again.open("/").await.body;
    assert!(home.contains("Anne") && home.contains("number 1"), "{home}");
}

#[tokio::test]
async fn an_address_of_another_domain_is_no_member() {
    let club = Club::start().await;
    let mut browser = club.browser();

    let page = browser.log_in(LOUIS, "/login").await;

    assert_eq!(page.status, StatusCode::FORBIDDEN);
    assert!(page.body.contains(LOUIS) && page.body.contains("/login?prompt=login"));
    assert_eq!(members(&mut browser).await, StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn an_unverified_address_is_no_member() {
    let club = Club::start_with(User::new(ANNE, "herminetincture").unverified()).await;
    let page = club.browser().log_in(ANNE, "/login").await;
    assert_eq!(page.status, StatusCode::FORBIDDEN);
}

#[tokio::test]
async fn a_member_is_remembered_for_a_month() {
    for (login, status) in [
        ("/login?remember=on", StatusCode::OK),
        ("/login", StatusCode::UNAUTHORIZED),
    ] {
        let club = Club::start().await;
        let mut browser = club.browser();
        browser.log_in(ANNE, login).await;
        club.server.advance(20 * DAY);
        assert_eq!(members(&mut browser).await, status, "{login}");
    }
}

#[tokio::test]
async fn a_member_who_is_banned_is_out_by_the_next_day() {
    let club = Club::start().await;
    let mut browser = club.browser();
    browser.log_in(ANNE, "/login?remember=on").await;
    club.members.ban(club.server.user_id(ANNE)).await.unwrap();
    club.server.advance(2 * DAY);

    assert_eq!(members(&mut browser).await, StatusCode::UNAUTHORIZED);
    let page = browser.log_in(ANNE, "/login").await;
    assert!(page.body.contains("Banned"), "{}", page.body);
}

#[tokio::test]
async fn the_pages_of_the_login_are_the_clubs() {
    let club = Club::start().await;
    let page = club.browser().open("/auth-callback?code=c&state=s").await;
    assert_eq!(page.status, StatusCode::BAD_REQUEST);
    assert!(page.body.contains("♜") && page.body.contains("Please log in again"));
}

struct Club {
    server: FiefTestServer,
    members: Members,
    app: Router,
}

impl Club {
    async fn start() -> Self {
        Self::start_with(User::new(ANNE, "herminetincture")).await
    }

    async fn start_with(anne: User) -> Self {
        let louis = User::new(LOUIS, "porcupine-and-crown");
        let server = FiefTestServer::builder().user(anne).user(louis);
        let server = server.start().await.unwrap();
        let fief = Fief::builder(server.url(), server.client_id())
            .client_secret(server.client_secret())
            .clock(server.clock())
            .build()
            .unwrap();
        let members = Members::open(None, "example.com").await.unwrap();
        let key = SessionKey::generate().unwrap();
        let app = example_members::app(fief, URL, key, members.clone()).unwrap();
        Self {
            server,
            members,
            app,
        }
    }

    fn browser(&self) -> Browser {
        self.server.browser(URL, self.app.clone())
    }
}

/// Returns the status of the members' page for a script, which is not redirected.
async fn members(browser: &mut Browser) -> StatusCode {
    let request = Request::get("/members").body(Body::empty()).unwrap();
    browser.fetch(request).await.status()
}
