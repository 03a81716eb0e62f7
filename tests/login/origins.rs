//! Pages of other origins to return to, and applications that are reached by plain http.

use fief_axum::{FiefAuth, FiefAuthBuilder, SessionKey};
use fief_client::Fief;
use fief_test_server::FiefTestServer;
use tracing::Level;
use url::form_urlencoded::byte_serialize;

use super::{Visitor, app, builder, key, query};
use crate::{
    client::log::Log,
    web::{self, APP},
};

const SPA: &str = "https://spa.example.com";
const PHONE: &str = "http://192.168.1.20:3000";

/// Where a login with this `return_to` ends.
async fn destination(server: &FiefTestServer, builder: FiefAuthBuilder, page: &str) -> String {
    let mut visitor = Visitor::new(app(&builder.build().unwrap()));
    let page: String = byte_serialize(page.as_bytes()).collect();
    let response = visitor
        .log_in(server, &format!("/login?return_to={page}"))
        .await;
    response.header("location").to_owned()
}

/// FD-84, D14
#[tokio::test]
async fn a_page_of_a_return_origin_is_come_back_to() {
    let server = FiefTestServer::start().await;
    let pages = [
        (SPA, "https://spa.example.com/"),
        (
            "https://spa.example.com/castles?a=b c#d",
            "https://spa.example.com/castles?a=b%20c#d",
        ),
        (
            "https://spa.example.com/a/../b",
            "https://spa.example.com/b",
        ),
        // Another site's login route has nothing to do with this one's.
        (
            "https://spa.example.com/login",
            "https://spa.example.com/login",
        ),
        ("http://localhost:5173/x", "http://localhost:5173/x"),
        ("/castles", "/castles"),
    ];
    for (page, expected) in pages {
        let builder = builder(&server).return_origin(SPA);
        let builder = builder.return_origin("http://localhost:5173");
        assert_eq!(destination(&server, builder, page).await, expected);
    }
}

/// RT-1, D14: and none of a trusted origin.
#[tokio::test]
async fn what_only_looks_like_a_return_origin_leads_to_the_default_page() {
    let server = FiefTestServer::start().await;
    for page in [
        "https://spa.example.com:8443/x",
        "https://spa.example.com.evil.example/x",
        "https://spa.example.com@evil.example/x",
        "https://spa.example.com\\@evil.example/x",
        "https://spa.example.com/\\evil.example",
        "https://spa.example.com//evil.example",
        "https://spa.example.com?x",
        "https://spa.example.com#x",
        "https://spa.example.com:@evil.example",
        "https://SPA.example.com/x",
        "HTTPS://spa.example.com/x",
        "https:spa.example.com/x",
        "//spa.example.com/x",
        "http://spa.example.com/x",
        " https://spa.example.com/x",
        "https://spa.example.com/\tx",
        "https://spa.example.com/x\r\nset-cookie: a=b",
        "https://trusted.example.com/x",
        "https://evil.example/https://spa.example.com/",
    ] {
        let builder = builder(&server).return_origin(SPA);
        let builder = builder.trusted_origin("https://trusted.example.com");
        assert_eq!(destination(&server, builder, page).await, "/", "{page}");
    }
}

/// D14, D15
#[tokio::test]
async fn the_pages_after_a_login_and_a_logout_may_be_of_a_return_origin() {
    let server = FiefTestServer::start().await;
    let auth = builder(&server)
        .return_origin(SPA)
        .after_login("https://spa.example.com/welcome")
        .after_logout("https://spa.example.com/goodbye")
        .build()
        .unwrap();
    let mut visitor = Visitor::new(app(&auth));

    let finished = visitor.log_in(&server, "/login").await;
    let left = visitor.open("/logout").await;

    assert_eq!(
        finished.header("location"),
        "https://spa.example.com/welcome"
    );
    assert_eq!(
        query(left.header("location"))["redirect_uri"],
        "https://spa.example.com/goodbye"
    );
    let unlisted = builder(&server).after_logout("https://spa.example.com/goodbye");
    let error = unlisted.build().unwrap_err().to_string();
    assert!(error.contains("return_origin"), "{error}");
}

/// D14: a silent login of a page elsewhere goes back there.
#[tokio::test]
async fn a_silent_login_goes_back_to_a_page_of_a_return_origin() {
    let server = FiefTestServer::start().await;
    let auth = builder(&server).return_origin(SPA).build().unwrap();
    let mut visitor = Visitor::new(app(&auth));
    let begun = visitor
        .open("/login?prompt=none&return_to=https%3A%2F%2Fspa.example.com%2Fx")
        .await;
    let state = query(begun.header("location"))["state"].clone();

    let callback = format!("/auth-callback?error=login_required&state={state}");
    let response = visitor.open(&callback).await;

    assert_eq!(response.header("location"), "https://spa.example.com/x");
}

fn fief() -> Fief {
    Fief::builder("https://fief.example.com", "CLIENT_ID")
        .build()
        .unwrap()
}

fn at(app_url: &str) -> FiefAuthBuilder {
    FiefAuth::builder(fief()).login(app_url, SessionKey::generate().unwrap())
}

fn error(builder: FiefAuthBuilder) -> String {
    builder.build().map(|_| ()).unwrap_err().to_string()
}

/// D14: what no browser sends is never equal to what one sends.
#[test]
fn an_origin_that_browsers_write_differently_is_rejected_with_what_they_write() {
    let expected = "here https://spa.example.com";
    for origin in [
        "https://spa.example.com/",
        "https://SPA.example.com",
        "https://spa.example.com:443",
        "https://spa.example.com/castles",
        "https://user:secret@spa.example.com",
        "https://spa.example.com?",
        " https://spa.example.com",
        "https:spa.example.com",
    ] {
        for error in [
            error(at(APP).trusted_origin(origin)),
            error(at(APP).return_origin(origin)),
        ] {
            assert!(error.contains(expected), "{origin}: {error}");
            assert!(!error.contains("secret"), "{error}");
        }
    }
    let idn = error(at(APP).trusted_origin("https://château.example.com"));
    assert!(
        idn.contains("here https://xn--chteau-xta.example.com"),
        "{idn}"
    );
    for origin in [
        "",
        "*",
        "null",
        "spa.example.com",
        "https://*.example.com",
        "https://",
        "file:///x",
        "wss://spa.example.com",
        "chrome-extension://abcdef",
    ] {
        let error = error(at(APP).trusted_origin(origin));
        assert!(error.contains("an origin such as"), "{origin}: {error}");
    }
    let good = at(APP).trusted_origin("https://xn--chteau-xta.example.com");
    assert!(good.trusted_origin("https://[::1]:8443").build().is_ok());
}

/// D14: a setting without effect is a mistake.
#[test]
fn origins_without_effect_are_rejected() {
    let api = || FiefAuth::builder(fief());
    let twice = at(APP).trusted_origin(SPA).trusted_origin(SPA);
    for (error, expected) in [
        (
            error(api().trusted_origin(SPA)),
            "without login, access_token_cookie",
        ),
        (
            error(api().return_origin(SPA)),
            "return_origin has no effect without login",
        ),
        (error(at(APP).trusted_origin(APP)), "it is that of app_url"),
        (error(at(APP).return_origin(APP)), "it is that of app_url"),
        (error(twice), "listed twice"),
        (
            error(at(APP).insecure_http()),
            "insecure_http has no effect",
        ),
        (error(api().insecure_http()), "insecure_http has no effect"),
        (
            error(at(APP).trusted_origin("http://spa.example.com")),
            "with insecure_http",
        ),
        (error(at(PHONE)), "with insecure_http"),
    ] {
        assert!(error.contains(expected), "{error}");
    }
    let lan = at(APP)
        .insecure_http()
        .trusted_origin("http://192.168.1.20");
    assert!(lan.build().is_ok());
    let api = api().insecure_http().access_token_cookie("token");
    assert!(api.build().is_ok());
}

/// D11, D14
#[tokio::test]
async fn by_plain_http_users_log_in_without_secure_cookies_and_it_is_logged() {
    let server = FiefTestServer::start().await;
    let (log, _guard) = Log::of(Level::WARN);
    let builder = FiefAuth::builder(web::fief(&server)).login(PHONE, key());
    let auth = builder.insecure_http().build().unwrap();
    let visitor = Visitor::new(app(&auth));

    // Browsers send no Fetch Metadata there.
    let login = axum::http::Request::get("/login").header("accept", "text/html");
    let login = login.body(axum::body::Body::empty()).unwrap();
    let (begun, cookies) = visitor.send_once(login).await;

    let redirect_uri = &query(begun.header("location"))["redirect_uri"];
    assert_eq!(*redirect_uri, format!("{PHONE}/auth-callback"));
    for cookie in &cookies {
        assert!(cookie.starts_with("fief_"), "{cookie}");
        assert!(!cookie.contains("Secure"), "{cookie}");
    }
    assert!(!cookies.is_empty());
    assert!(log.text().contains("app_url is http and not on loopback"));
    let mut visitor = visitor;
    visitor.log_in(&server, "/login").await;
    assert_eq!(visitor.open("/castles").await.status, 200);
    let write = |origin: &str| {
        let post = axum::http::Request::post("/write").header("origin", origin);
        post.body(axum::body::Body::empty()).unwrap()
    };
    assert_eq!(visitor.send(write(PHONE)).await.status, 200);
    assert_eq!(
        visitor.send(write("http://192.168.1.21:3000")).await.status,
        403
    );
}

/// D14: without a login, by the host of the request.
#[tokio::test]
async fn by_plain_http_the_origin_is_the_host_as_well() {
    let server = FiefTestServer::start().await;
    let builder = FiefAuth::builder(web::fief(&server)).access_token_cookie(web::COOKIE);
    let auth = builder.insecure_http().build().unwrap();
    let app = web::guarded(auth.require());
    let token = server.access_token().mint();
    let post = |host: &str| {
        axum::http::Request::post("/")
            .header("origin", PHONE)
            .header("host", host)
            .header("cookie", format!("{}={token}", web::COOKIE))
    };

    assert_eq!(web::send(&app, post("192.168.1.20:3000")).await.status, 200);
    assert_eq!(web::send(&app, post("192.168.1.20")).await.status, 403);
}
