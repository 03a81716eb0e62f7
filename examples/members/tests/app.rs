//! The club's own tests, each with a Fief of its own inside of the process.

use std::{collections::BTreeMap, time::Duration};

use axum::{
    Router,
    body::{Body, to_bytes},
    http::{Request, StatusCode, header::*, request::Builder},
};
use example_members::Members;
use fief_axum::{SessionKey, fief_client::Fief};
use fief_test_server::{FiefTestServer, User};
use tower::ServiceExt;

const URL: &str = "https://club.example.com";
const ANNE: &str = "anne@example.com";
const LOUIS: &str = "louis@elsewhere.example";
const DAY: Duration = Duration::from_secs(24 * 3600);

#[tokio::test]
async fn a_new_member_gets_a_number_and_chooses_a_name() {
    let club = Club::start().await;
    let mut browser = club.browser();
    assert_eq!(browser.log_in(ANNE, "/login").await.location, "/welcome");
    let welcome = browser.get("/welcome").await;
    assert!(welcome.body.contains("member number 1"), "{}", welcome.body);

    let saved = browser.post("/name", "name=Anne+of+Brittany").await;

    assert_eq!(saved.location, "/members");
    assert!(
        browser
            .get("/members")
            .await
            .body
            .contains("Anne of Brittany")
    );
}

#[tokio::test]
async fn a_member_of_before_keeps_number_and_name() {
    let club = Club::start().await;
    let mut browser = club.browser();
    browser.log_in(ANNE, "/login").await;
    browser.post("/name", "name=Anne").await;

    let mut again = club.browser();
    let back = again.log_in(ANNE, "/login?return_to=/members").await;

    assert_eq!(back.location, "/members");
    let home = again.get("/").await.body;
    assert!(home.contains("Anne") && home.contains("number 1"), "{home}");
}

#[tokio::test]
async fn an_address_of_another_domain_is_no_member() {
    let club = Club::start().await;
    let mut browser = club.browser();

    let page = browser.log_in(LOUIS, "/login").await;

    assert_eq!(page.status, StatusCode::FORBIDDEN);
    assert!(page.body.contains(LOUIS) && page.body.contains("/login?prompt=login"));
    assert_eq!(browser.get("/members").await.status, StatusCode::SEE_OTHER);
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
        ("/login", StatusCode::SEE_OTHER),
    ] {
        let club = Club::start().await;
        let mut browser = club.browser();
        browser.log_in(ANNE, login).await;
        club.server.advance(20 * DAY);
        assert_eq!(browser.get("/members").await.status, status, "{login}");
    }
}

#[tokio::test]
async fn a_member_who_is_banned_is_out_by_the_next_day() {
    let club = Club::start().await;
    let mut browser = club.browser();
    browser.log_in(ANNE, "/login?remember=on").await;
    club.members.ban(club.server.user_id(ANNE)).await.unwrap();
    club.server.advance(2 * DAY);

    assert_eq!(browser.get("/members").await.status, StatusCode::SEE_OTHER);
    let page = browser.log_in(ANNE, "/login").await;
    assert!(page.body.contains("Banned"), "{}", page.body);
}

#[tokio::test]
async fn the_pages_of_the_login_are_the_clubs() {
    let club = Club::start().await;
    let page = club.browser().get("/auth-callback?code=c&state=s").await;
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

    fn browser(&self) -> Browser<'_> {
        Browser {
            club: self,
            cookies: BTreeMap::new(),
        }
    }
}

struct Browser<'a> {
    club: &'a Club,
    cookies: BTreeMap<String, String>,
}

struct Page {
    status: StatusCode,
    location: String,
    body: String,
}

impl Browser<'_> {
    /// Logs a user in. Returns what the browser shows afterwards.
    async fn log_in(&mut self, email: &str, login: &str) -> Page {
        let login = self.get(login).await;
        let callback = self.club.server.log_in(email, &login.location).await;
        self.get(callback.strip_prefix(URL).unwrap()).await
    }

    async fn get(&mut self, page: &str) -> Page {
        self.send(Request::get(page), "").await
    }

    async fn post(&mut self, page: &str, form: &'static str) -> Page {
        let request = Request::post(page)
            .header(CONTENT_TYPE, "application/x-www-form-urlencoded")
            .header(ORIGIN, URL);
        self.send(request, form).await
    }

    async fn send(&mut self, request: Builder, body: &'static str) -> Page {
        let pairs: Vec<_> = self
            .cookies
            .iter()
            .map(|(k, v)| format!("{k}={v}"))
            .collect();
        let request = request.header(ACCEPT, "text/html");
        let request = request.header(COOKIE, pairs.join("; "));
        let request = request.body(Body::from(body)).unwrap();
        let response = self.club.app.clone().oneshot(request).await.unwrap();
        let (parts, body) = response.into_parts();
        for cookie in parts.headers.get_all(SET_COOKIE) {
            let (pair, attributes) = cookie.to_str().unwrap().split_once(';').unwrap();
            let (name, value) = pair.split_once('=').unwrap();
            if attributes.contains("Max-Age=0") {
                self.cookies.remove(name);
            } else {
                self.cookies.insert(name.into(), value.into());
            }
        }
        let location = parts.headers.get(LOCATION);
        let location = location.map_or("", |location| location.to_str().unwrap());
        let body = to_bytes(body, usize::MAX).await.unwrap();
        Page {
            status: parts.status,
            location: location.to_owned(),
            body: String::from_utf8_lossy(&body).into_owned(),
        }
    }
}
