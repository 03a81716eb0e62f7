//! Headers that are repeated, unreadable, or written in an unusual way.

use axum::http::{HeaderValue, Request, header, request::Builder};
use fief_test_server::FiefTestServer;

use super::{COOKIE, cookie_api, guarded, send, site};

/// What a request without credentials is sent, by the status and the content type of the response.
const PAGE: (u16, &str) = (303, "");
const JSON: (u16, &str) = (401, "application/json");
const GRPC: (u16, &str) = (200, "application/grpc");

async fn response(headers: &[(&str, &str)]) -> (u16, String) {
    let server = FiefTestServer::start().await;
    let app = guarded(site(&server).require());
    let request = headers
        .iter()
        .fold(Request::get("/"), |request, (name, value)| {
            request.header(*name, *value)
        });
    let response = send(&app, request).await;
    (
        response.status.as_u16(),
        response.header("content-type").to_owned(),
    )
}

/// D9, ER-6
#[tokio::test]
async fn a_page_is_what_accepts_html() {
    for (accept, expected) in [
        (vec!["text/html"], PAGE),
        (vec!["TEXT/HTML;level=1;q=0.5"], PAGE),
        (vec!["application/json;q=0.1", "text/html"], PAGE),
        (vec!["application/xml, text/html ; q=1"], PAGE),
        (vec!["application/json, text/html;q=0"], JSON),
        (vec!["text/html; q=0.000, */*"], JSON),
        (vec!["text/html-partial"], JSON),
        (vec!["x/y;p=text/html"], JSON),
    ] {
        let headers: Vec<_> = accept.iter().map(|accept| ("accept", *accept)).collect();
        let (status, content_type) = response(&headers).await;
        assert_eq!((status, content_type.as_str()), expected, "{accept:?}");
    }
}

/// D9, ER-8
#[tokio::test]
async fn a_caller_is_what_its_headers_say_exactly() {
    let html = ("accept", "text/html");
    for (headers, expected) in [
        (vec![html, ("hx-request", "false")], PAGE),
        (vec![html, ("content-type", "application/grpcish")], PAGE),
        (
            vec![html, ("content-type", "application/GRPC+json;v=1")],
            GRPC,
        ),
        (vec![html, ("content-type", "application/grpc ; v=1")], GRPC),
        (
            vec![
                html,
                ("sec-fetch-mode", "navigate"),
                ("sec-fetch-mode", "cors"),
            ],
            JSON,
        ),
        (
            vec![
                html,
                ("x-requested-with", "app"),
                ("x-requested-with", "XMLHttpRequest"),
            ],
            JSON,
        ),
    ] {
        let (status, content_type) = response(&headers).await;
        assert_eq!((status, content_type.as_str()), expected, "{headers:?}");
    }
}

fn posted(token: &str) -> Builder {
    Request::post("/").header(header::COOKIE, format!("{COOKIE}={token}"))
}

/// CS-1, CS-6: what proves nothing is no reason to look at another header.
#[tokio::test]
async fn fetch_metadata_that_is_repeated_or_unreadable_is_not_same_origin() {
    let server = FiefTestServer::start().await;
    let app = guarded(cookie_api(&server).require());
    let token = server.access_token().mint();
    let same = || {
        posted(&token)
            .header("host", "localhost")
            .header("origin", "http://localhost")
    };
    assert_eq!(send(&app, same()).await.status, 200);
    let unreadable = HeaderValue::from_bytes(b"same-origin\xff").unwrap();
    for request in [
        same()
            .header("sec-fetch-site", "same-origin")
            .header("sec-fetch-site", "cross-site"),
        same().header("sec-fetch-site", unreadable),
        same().header("origin", "https://evil.example"),
    ] {
        assert_eq!(send(&app, request).await.status, 403);
    }
}
