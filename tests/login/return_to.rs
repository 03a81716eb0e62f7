use fief_test_server::FiefTestServer;
use url::form_urlencoded::byte_serialize;

use super::{Visitor, app, builder};

/// Where a login with these `return_to`s ends.
async fn destination(server: &FiefTestServer, visitor: &Visitor, pages: &[&str]) -> String {
    let mut visitor = visitor.clone();
    let pairs: Vec<_> = pages.iter().map(|page| encode(page)).collect();
    let response = visitor
        .log_in(server, &format!("/login?{}", pairs.join("&")))
        .await;
    assert_eq!(response.status, 303);
    response.header("location").to_owned()
}

fn encode(page: &str) -> String {
    let encoded: String = byte_serialize(page.as_bytes()).collect();
    format!("return_to={encoded}")
}

/// RT-1, RT-3, RT-6, RT-7, Q35
#[tokio::test]
async fn what_may_lead_elsewhere_leads_to_the_default_page() {
    let server = FiefTestServer::start().await;
    let auth = builder(&server).after_login("/home").build().unwrap();
    let visitor = Visitor::new(app(&auth));
    for page in PAYLOADS {
        let destination = destination(&server, &visitor, &[page]).await;
        assert_eq!(destination, "/home", "{page:?}");
    }
}

/// RT-1: the login route rejects what is too long without a request to Fief.
#[tokio::test]
async fn long_pages_lead_to_the_default_page() {
    let server = FiefTestServer::start().await;
    let visitor = Visitor::new(app(&builder(&server).build().unwrap()));
    for length in [2048, 8 * 1024, 60 * 1024] {
        let page = format!("/{}", "x".repeat(length));
        assert_eq!(destination(&server, &visitor, &[&page]).await, "/");
    }
}

/// RT-1, N03, N07
#[tokio::test]
async fn pages_of_the_site_are_come_back_to() {
    let server = FiefTestServer::start().await;
    let visitor = Visitor::new(app(&builder(&server).build().unwrap()));
    let pages = [
        ("/return-to", "/return-to"),
        (
            "/castles?query1=value1&query2=value2",
            "/castles?query1=value1&query2=value2",
        ),
        ("/a//b", "/a//b"),
        ("/a/../b", "/b"),
        ("/castles#top", "/castles#top"),
        ("/château", "/ch%C3%A2teau"),
        ("/%2F%2Fevil.example", "/%2F%2Fevil.example"),
        (
            "/x?next=https://evil.example",
            "/x?next=https://evil.example",
        ),
    ];
    for (page, expected) in pages {
        assert_eq!(destination(&server, &visitor, &[page]).await, expected);
    }
}

/// FD-56, RT-1: what is harmless in a query is encoded.
#[tokio::test]
async fn a_query_with_backslashes_and_spaces_is_come_back_to() {
    let server = FiefTestServer::start().await;
    let visitor = Visitor::new(app(&builder(&server).build().unwrap()));
    let pages = [
        ("/search?re=\\d+", "/search?re=%5Cd+"),
        ("/search?q=a b ", "/search?q=a%20b%20"),
        ("/search?q=a\u{a0}b", "/search?q=a%C2%A0b"),
        ("/search?q=\\\\evil\\#\\", "/search?q=%5C%5Cevil%5C#%5C"),
        // Not in front of it, and no controls.
        ("/a\\b?c", "/"),
        ("/a b?c", "/"),
        ("/a?b\tc", "/"),
        ("/\\evil?", "/"),
        ("/a?b\nc", "/"),
    ];
    for (page, expected) in pages {
        assert_eq!(
            destination(&server, &visitor, &[page]).await,
            expected,
            "{page:?}"
        );
    }
}

/// FD-56: as Chromium sends it.
#[tokio::test]
async fn a_page_with_a_backslash_in_its_query_is_come_back_to() {
    let server = FiefTestServer::start().await;
    let mut visitor = Visitor::new(app(&builder(&server).build().unwrap()));
    let redirect = visitor.open("/castles?re=\\d+").await;
    let login = redirect.header("location").to_owned();
    let response = visitor.log_in(&server, &login).await;
    assert_eq!(response.header("location"), "/castles?re=%5Cd+");
}

/// RT-4
#[tokio::test]
async fn the_login_routes_are_not_come_back_to() {
    let server = FiefTestServer::start().await;
    let visitor = Visitor::new(app(&builder(&server).build().unwrap()));
    for page in [
        "/login",
        "/login?prompt=login",
        "/auth-callback",
        "/logout",
        "/x/../logout",
    ] {
        assert_eq!(destination(&server, &visitor, &[page]).await, "/");
    }
}

/// RT-5
#[tokio::test]
async fn two_pages_lead_to_the_default_page() {
    let server = FiefTestServer::start().await;
    let visitor = Visitor::new(app(&builder(&server).build().unwrap()));
    assert_eq!(destination(&server, &visitor, &["/a", "/b"]).await, "/");
    assert_eq!(destination(&server, &visitor, &["/a", "/a"]).await, "/");
}

/// RT-2
#[tokio::test]
async fn the_callback_takes_no_page_from_its_query() {
    let server = FiefTestServer::start().await;
    let mut visitor = Visitor::new(app(&builder(&server).build().unwrap()));
    let callback = visitor.begin(&server, "/login?return_to=/castles").await;
    let response = visitor
        .open(&format!("{callback}&return_to=/elsewhere"))
        .await;
    assert_eq!(response.header("location"), "/castles");
}

const PAYLOADS: &[&str] = &[
    "//evil",
    "///evil",
    "////evil",
    "/\\evil",
    "/\\/evil",
    "\\/evil",
    "\\\\evil",
    "/\t/evil",
    "/\n/evil",
    "/\r/evil",
    "\t//evil",
    " //evil",
    "\u{1}//evil",
    "\0//evil",
    "/\0/evil",
    "https://evil",
    "HTTPS://evil",
    "https:evil",
    "https:/evil",
    "https:////evil",
    "https:\\\\evil",
    "https://app.example.com@evil",
    "//app.example.com:443@evil",
    "https://app.example.com.evil",
    "https://evilapp.example.com",
    "https://evil\\@app.example.com",
    "http://app.example.com/x",
    "https://app.example.com/x",
    "https://app.example.com:8443/x",
    "javascript:alert(1)",
    "JaVaScRiPt:alert(1)",
    "java\tscript:alert(1)",
    "data:text/html,x",
    "vbscript:x",
    "file:///etc/passwd",
    "blob:https://evil",
    "intent:x",
    "/..//evil",
    "/.//evil",
    "/a/..//evil",
    "/%2e%2e//evil",
    "/%2E//evil",
    "/.\t//evil",
    "/x\r\nSet-Cookie: a=b",
    "//2130706433",
    "//[::1]",
    "//еvil",
    "//evil。example",
    "/\u{a0}/evil",
    "/x\u{7f}",
    "/x\u{85}y",
    "/a\\b",
    "?x",
    "#x",
    "x",
    "",
    "@evil",
    ".evil",
    "*",
];
