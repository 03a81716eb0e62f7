//! Where browsers see the application: below a path that a proxy keeps or strips, or at another host.

use axum::Router;
use fief_axum::FiefAuth;
use fief_test_server::FiefTestServer;
use tracing::Level;

use super::{Visitor, app, key, page, query, visitor::path};
use crate::{client::log::Log, web};

const APP: &str = "https://app.example.com/shop";

fn auth(server: &FiefTestServer, app_url: &str) -> FiefAuth {
    let builder = FiefAuth::builder(web::fief(server)).login(app_url, key());
    builder.build().unwrap()
}

/// Returns the path of a request, which a proxy may have stripped.
fn received(url: &str, is_stripped: bool) -> String {
    let stripped = url.strip_prefix("/shop").filter(|_| is_stripped);
    stripped.unwrap_or(url).to_owned()
}

/// FD-51
#[tokio::test]
async fn all_pages_are_below_the_path_that_a_proxy_keeps_or_strips() {
    for is_stripped in [false, true] {
        let server = FiefTestServer::start().await;
        let (log, _guard) = Log::of(Level::WARN);
        let pages = app(&auth(&server, APP));
        let app = if is_stripped {
            pages
        } else {
            Router::new().nest("/shop", pages)
        };
        let mut visitor = Visitor::new(app);
        let requested = "/shop/castles?of=anne";
        let redirect = visitor.open(&received(requested, is_stripped)).await;
        let login = redirect.header("location").to_owned();
        assert_eq!(login, "/shop/login?return_to=%2Fshop%2Fcastles%3Fof%3Danne");
        for (login, page) in [(&*login, requested), ("/shop/login", "/shop")] {
            let begun = visitor.open(&received(login, is_stripped)).await;
            let callback = server.log_in(web::EMAIL, begun.header("location")).await;
            let callback = received(&path(&callback), is_stripped);
            let finished = visitor.open(&callback).await;
            assert_eq!(finished.header("location"), page);
        }
        let left = visitor.open(&received("/shop/logout", is_stripped)).await;
        assert_eq!(query(left.header("location"))["redirect_uri"], APP);
        let warnings = log.text().matches("without the path of app_url").count();
        assert_eq!(warnings, usize::from(is_stripped), "{}", log.text());
    }
}

/// FD-51: the path is a whole segment.
#[tokio::test]
async fn a_page_whose_name_begins_like_the_path_is_not_below_it() {
    let server = FiefTestServer::start().await;
    let auth = auth(&server, APP);
    let pages = Router::new()
        .route("/shopping", axum::routing::get(async || ""))
        .route_layer(auth.require())
        .layer(auth.layer());
    let redirect = Visitor::new(pages).open("/shopping?a=b").await;
    assert_eq!(
        redirect.header("location"),
        "/shop/login?return_to=%2Fshop%2Fshopping%3Fa%3Db"
    );
}

/// FD-44, FD-51: its guard would redirect to itself for ever.
#[tokio::test]
async fn a_login_route_behind_a_guard_is_an_error_if_a_proxy_strips_the_path() {
    let server = FiefTestServer::start().await;
    let auth = auth(&server, APP);
    let routes = auth.routes().route_layer(auth.require());
    let mut visitor = Visitor::new(routes.layer(auth.layer()));
    for route in ["/login", "/auth-callback?code=a&state=b"] {
        assert_eq!(visitor.open(route).await.status, 500);
    }
}

/// FD-52: the cookie of a login that begins at `localhost` is not sent to `127.0.0.1`.
#[tokio::test]
async fn a_login_at_another_address_is_logged_once_and_shown_the_right_one() {
    let cases = [
        ("http://127.0.0.1:3000", "localhost:3000", true),
        ("https://app.example.com", "www.app.example.com", true),
        ("https://app.example.com", "app.example.com", false),
        ("https://app.example.com", "App.Example.com:443", false),
    ];
    for (app_url, host, is_logged) in cases {
        let server = FiefTestServer::start().await;
        let (log, _guard) = Log::of(Level::WARN);
        let mut visitor = Visitor::new(app(&auth(&server, app_url)));
        for _ in 0..2 {
            let mut login = page("/login?return_to=/castles", "none");
            login.headers_mut().insert("host", host.parse().unwrap());
            let begun = visitor.send(login).await;
            let callback = server.log_in(web::EMAIL, begun.header("location")).await;
            assert!(callback.starts_with(app_url));
            visitor.jar.clear();
            let response = visitor.open(&path(&callback)).await;
            assert_eq!(response.status, 400);
            let link = format!("<a href=\"/login\">Log in at {app_url}</a>");
            assert!(response.body.contains(&link), "{}", response.body);
        }
        let log = log.text();
        let expected = format!("app_url=\"{app_url}\" host=\"{host}\"");
        assert_eq!(
            log.matches(&expected).count(),
            usize::from(is_logged),
            "{log}"
        );
        let warnings = log.matches("started at another address").count();
        assert_eq!(warnings, usize::from(is_logged), "{log}");
    }
}

/// FD-52: the default of nginx is to send the name of its upstream.
#[tokio::test]
async fn a_proxy_that_replaces_the_host_changes_nothing() {
    let server = FiefTestServer::start().await;
    let (log, _guard) = Log::of(Level::WARN);
    let mut visitor = Visitor::new(app(&auth(&server, "https://app.example.com")));
    let mut login = page("/login?return_to=/castles", "none");
    login
        .headers_mut()
        .insert("host", "upstream".parse().unwrap());
    let begun = visitor.send(login).await;
    let callback = server.log_in(web::EMAIL, begun.header("location")).await;
    let finished = visitor.open(&path(&callback)).await;
    assert_eq!(finished.header("location"), "/castles");
    assert_eq!(log.text(), "");
}
