//! The browser for tests of applications.

use axum::{
    Router,
    body::Body,
    extract::{RawForm, Request},
    http::{StatusCode, header::SET_COOKIE},
    response::{IntoResponse, Redirect},
    routing::{get, post},
};
use fief_test_server::{Browser, Client, FiefTestServer};
use tokio::net::TcpListener;

use super::EMAIL;

const URL: &str = "https://app.example.com";

#[tokio::test]
async fn redirects_lead_to_fief_and_back() {
    let server = FiefTestServer::start().await;
    let mut browser = browser(&server);
    let login = browser.open("/login").await;
    assert!(login.is_login());
    assert!(login.url().starts_with(server.url()));

    let page = browser.log_in(EMAIL, "/login").await;

    assert_eq!((page.status, page.path()), (StatusCode::OK, "/callback"));
    assert!(page.query().contains("state=st"));
}

#[tokio::test]
async fn fief_remembers_a_browser_that_logged_in() {
    let server = FiefTestServer::start().await;
    let mut browser = browser(&server);
    browser.log_in(EMAIL, "/login").await;
    assert_eq!(browser.open("/login").await.path(), "/callback");
    let page = browser.open("/login?prompt=none").await;
    assert!(page.query().starts_with("code="));

    browser.clear_cookies();

    assert!(browser.open("/login").await.is_login());
    let page = browser.open("/login?prompt=none").await;
    assert!(page.query().starts_with("error=login_required"));
}

#[tokio::test]
async fn a_third_party_client_has_the_users_consent() {
    let client = Client::new("visitors").third_party();
    let server = FiefTestServer::builder().client(client).start().await;
    let server = server.unwrap();
    let page = browser(&server).log_in(EMAIL, "/login").await;
    assert_eq!(page.path(), "/callback");
}

#[tokio::test]
async fn a_form_is_submitted_as_by_a_page_of_the_application() {
    let server = FiefTestServer::start().await;
    let mut browser = browser(&server);
    let page = browser.submit("/form", &[("name", "a b&c")]).await;
    assert_eq!(page.path(), "/echo");
    assert!(page.body.contains("GET"), "{}", page.body);
    let form = browser.cookies();
    assert_eq!(form, "form=name=a+b%26c");
}

#[tokio::test]
async fn requests_are_those_of_pages_and_of_scripts() {
    let server = FiefTestServer::start().await;
    let mut browser = browser(&server);
    let page = browser.open("/echo").await.body;
    for header in [
        "sec-fetch-mode: navigate",
        "sec-fetch-site: none",
        "accept: text/html",
    ] {
        assert!(page.contains(header), "{page}");
    }
    assert!(page.contains("host: app.example.com"), "{page}");
    let request = Request::get("/echo").header("accept", "application/json");
    let response = browser.fetch(request.body(Body::empty()).unwrap()).await;
    let body = axum::body::to_bytes(response.into_body(), usize::MAX).await;
    let body = String::from_utf8(body.unwrap().to_vec()).unwrap();
    for header in [
        "sec-fetch-mode: cors",
        "accept: application/json",
        "origin: https://app.example.com",
    ] {
        assert!(body.contains(header), "{body}");
    }
}

#[tokio::test]
async fn a_redirect_to_another_site_is_not_followed() {
    let server = FiefTestServer::start().await;
    let page = browser(&server).open("/elsewhere").await;
    assert_eq!(page.status, StatusCode::SEE_OTHER);
    assert_eq!(page.url(), "https://elsewhere.example/");
}

#[tokio::test]
async fn an_application_that_listens_is_opened_over_http() {
    let server = FiefTestServer::start().await;
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let app = app(&server, &url);
    tokio::spawn(async { axum::serve(listener, app).await });
    let page = server.browser_over_http(&url).log_in(EMAIL, "/login").await;
    assert_eq!(page.path(), "/callback");
}

/// FD-86
#[tokio::test(start_paused = true)]
async fn it_works_with_paused_time() {
    let server = FiefTestServer::start().await;
    let page = browser(&server).log_in(EMAIL, "/login").await;
    assert_eq!(page.path(), "/callback");
}

#[tokio::test]
#[should_panic(expected = "more than 20 redirects")]
async fn a_redirect_loop_ends() {
    let server = FiefTestServer::start().await;
    browser(&server).open("/loop").await;
}

fn browser(server: &FiefTestServer) -> Browser {
    server.browser(URL, app(server, URL))
}

fn app(server: &FiefTestServer, url: &str) -> Router {
    let authorize = format!(
        "{}/authorize?response_type=code&scope=openid&state=st&client_id={}&redirect_uri={url}/callback",
        server.url(),
        server.client_id(),
    );
    let login = async move |request: Request| {
        let more = request.uri().query().unwrap_or_default();
        Redirect::to(&format!("{authorize}&{more}"))
    };
    Router::new()
        .route("/login", get(login))
        .route("/callback", get(async || "logged in"))
        .route("/echo", get(echo))
        .route("/form", post(form))
        .route(
            "/elsewhere",
            get(async || Redirect::to("https://elsewhere.example/")),
        )
        .route("/loop", get(async || Redirect::to("/loop")))
}

async fn echo(request: Request) -> String {
    let headers = request.headers().iter();
    let lines = headers.map(|(name, value)| format!("{name}: {}\n", value.to_str().unwrap()));
    format!("{}\n{}", request.method(), lines.collect::<String>())
}

async fn form(RawForm(form): RawForm) -> impl IntoResponse {
    let form = String::from_utf8(form.to_vec()).unwrap();
    let cookies = [(SET_COOKIE, format!("form={form}; Path=/; HttpOnly"))];
    (cookies, Redirect::to("/echo"))
}
