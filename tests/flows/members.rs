//! `examples/members`: a hook of logins, sessions that are remembered, and own pages.

use fief_test_server::{Client as FiefClient, FiefTestServer, User};
use fief_tests::{Browser, Process, RealFief, free_port};
use reqwest::{Client, StatusCode, redirect::Policy};

contract! {
    Club:
    a_new_member_is_welcomed_and_an_outsider_is_not,
    a_member_of_before_comes_back_to_the_requested_page,
    a_member_is_remembered_by_the_box_on_the_page,
}

const ANNE: (&str, &str) = ("anne@example.com", "herminetincture");

/// The example, with a Fief that has a user of `example.com`.
struct Club {
    /// `None` for the real Fief.
    server: Option<FiefTestServer>,
}

impl Club {
    async fn embedded() -> Self {
        let server = FiefTestServer::builder()
            .client(FiefClient::new("members").secret("secret"))
            .user(User::new(ANNE.0, ANNE.1));
        let server = server.start().await.unwrap();
        Self {
            server: Some(server),
        }
    }

    async fn real() -> Self {
        Self { server: None }
    }

    /// Starts a club for addresses of a domain. Returns its URL.
    async fn open(&self, domain: &str) -> (Process, String) {
        let port = free_port();
        let (fief, id, secret) = if let Some(server) = &self.server {
            let (id, secret) = (server.client_id(), server.client_secret());
            (server.url().to_owned(), id.to_owned(), secret.to_owned())
        } else {
            let fief = RealFief::from_env();
            let callback = format!("http://127.0.0.1:{port}/auth-callback");
            let client = fief.register(&callback).await;
            (fief.base_url, client.id, client.secret)
        };
        let port = port.to_string();
        let all = [
            ("PORT", port.as_str()),
            ("MEMBERS_DOMAIN", domain),
            ("FIEF_BASE_URL", &fief),
            ("FIEF_CLIENT_ID", &id),
            ("FIEF_CLIENT_SECRET", &secret),
        ];
        let mut club = Process::start("example-members", &all);
        let url = club.value_of("App");
        (club, url)
    }
}

async fn a_new_member_is_welcomed_and_an_outsider_is_not(club: &Club) {
    let (_members, url) = club.open("example.com").await;
    let mut browser = Browser::new();
    browser.open(&format!("{url}/members")).await;
    let page = browser.log_in(ANNE.0, ANNE.1).await;
    assert_eq!((page.status, page.url.path()), (StatusCode::OK, "/welcome"));
    assert!(page.body.contains("member number 1"), "{}", page.body);
    let page = browser.submit("/name", &[("name", "Anne")]).await;
    assert_eq!((page.status, page.url.path()), (StatusCode::OK, "/members"));
    assert!(page.body.contains("Anne"), "{}", page.body);

    let (_others, url) = club.open("example.org").await;
    let mut browser = Browser::new();
    browser.open(&format!("{url}/members")).await;
    let page = browser.log_in(ANNE.0, ANNE.1).await;
    assert_eq!(page.status, StatusCode::FORBIDDEN);
    assert!(page.body.contains("Members only"), "{}", page.body);
    assert!(
        browser
            .cookies(&url)
            .iter()
            .all(|(name, _)| !name.starts_with("fief_session_"))
    );
    // Another account may be one: Fief shows its login page.
    let page = browser.click("/login?prompt=login").await;
    assert!(page.body.contains("password"), "{}", page.body);
}

async fn a_member_of_before_comes_back_to_the_requested_page(club: &Club) {
    let (_process, url) = club.open("example.com").await;
    let mut first = Browser::new();
    first.open(&format!("{url}/members")).await;
    first.log_in(ANNE.0, ANNE.1).await;
    first.submit("/name", &[("name", "Anne")]).await;

    let mut browser = Browser::new();
    browser.open(&format!("{url}/members")).await;
    let page = browser.log_in(ANNE.0, ANNE.1).await;

    assert_eq!((page.status, page.url.path()), (StatusCode::OK, "/members"));
    let page = browser.click("/").await;
    assert!(page.body.contains("Welcome back, Anne"), "{}", page.body);
}

async fn a_member_is_remembered_by_the_box_on_the_page(club: &Club) {
    let (_process, url) = club.open("example.com").await;
    for (login, age) in [
        ("/login?remember=on", "Max-Age=2592000"),
        ("/login", "Max-Age=86400"),
    ] {
        let callback = format!("{url}/auth-callback");
        let mut browser = Browser::new().stopping_at(&callback);
        let home = browser.open(&url).await;
        assert!(home.body.contains("name=\"remember\""), "{}", home.body);
        browser.click(login).await;
        let callback = browser.log_in(ANNE.0, ANNE.1).await.url;

        let pairs = browser.cookies(&url).into_iter();
        let cookies: Vec<_> = pairs
            .map(|(name, value)| format!("{name}={value}"))
            .collect();
        let client = Client::builder().redirect(Policy::none()).build().unwrap();
        let request = client.get(callback).header("cookie", cookies.join("; "));
        let response = request.send().await.unwrap();

        let set = response.headers().get_all("set-cookie").iter();
        let mut set = set.map(|cookie| cookie.to_str().unwrap());
        let session = set.find(|cookie| cookie.starts_with("fief_session"));
        assert!(
            session.is_some_and(|cookie| cookie.contains(age)),
            "{login}: {session:?}"
        );
    }
}
