use axum::{
    body::Body,
    http::{Method, Request, header},
};
use fief_test_server::FiefTestServer;

use super::{Visitor, builder, logged_in};
use crate::web::APP;

const SESSION: &str = "__Host-fief_session";

async fn status(visitor: &Visitor, cookie: impl Into<Vec<u8>>) -> u16 {
    let request = Request::get("/castles").header("sec-fetch-mode", "cors");
    let value = header::HeaderValue::from_bytes(&cookie.into()).unwrap();
    let request = request.header(header::COOKIE, value);
    let mut anonymous = visitor.clone();
    anonymous.jar.clear();
    let (response, _) = anonymous
        .send_once(request.body(Body::empty()).unwrap())
        .await;
    response.status.as_u16()
}

/// SE-2, SE-9: flipping any byte.
#[tokio::test]
async fn a_cookie_that_was_changed_anywhere_is_absent() {
    let server = FiefTestServer::start().await;
    let (_, visitor) = logged_in(&server, builder(&server)).await;
    let good = format!("{SESSION}={}", visitor.jar[SESSION]);
    assert_eq!(status(&visitor, good.clone()).await, 200);
    for index in SESSION.len() + 1..good.len() {
        let mut changed = good.clone().into_bytes();
        changed[index] = if changed[index] == b'A' { b'B' } else { b'A' };
        assert_eq!(status(&visitor, changed).await, 401, "{index}");
    }
    for length in [SESSION.len() + 1, good.len() / 2, good.len() - 1] {
        assert_eq!(status(&visitor, &good.as_bytes()[..length]).await, 401);
    }
}

/// SE-8
#[tokio::test]
async fn a_cookie_that_comes_twice_is_anonymous() {
    let server = FiefTestServer::start().await;
    let (_, visitor) = logged_in(&server, builder(&server)).await;
    let good = format!("{SESSION}={}", visitor.jar[SESSION]);
    for cookie in [
        format!("{good}; {SESSION}=1.tossed"),
        format!("{SESSION}=1.tossed; {good}"),
        format!("{good}; {good}"),
    ] {
        assert_eq!(status(&visitor, cookie).await, 401);
    }
    let two = Request::get("/castles")
        .header("sec-fetch-mode", "cors")
        .header(header::COOKIE, &good)
        .header(header::COOKIE, format!("{SESSION}=1.tossed"));
    let mut anonymous = visitor.clone();
    anonymous.jar.clear();
    let (response, _) = anonymous.send_once(two.body(Body::empty()).unwrap()).await;
    assert_eq!(response.status, 401);
}

/// SE-5, SE-9
#[tokio::test]
async fn garbage_is_absent() {
    let server = FiefTestServer::start().await;
    let (_, visitor) = logged_in(&server, builder(&server)).await;
    let good = &visitor.jar[SESSION];
    let sealed = good.split_once('.').unwrap().1;
    let long = "A".repeat(4096);
    let cookies: Vec<Vec<u8>> = [
        String::new(),
        "1.".into(),
        "1".into(),
        "0.".into(),
        "-1.x".into(),
        "99999999999999999999.x".into(),
        format!("1.{long}"),
        format!("2.{long}; {SESSION}.1={long}"),
        format!("3.{long}; {SESSION}.1={long}; {SESSION}.2={long}"),
        format!("2.{sealed}"),
        format!("2.{sealed}; {SESSION}.2=x"),
        format!("0.{sealed}"),
        format!("1.{sealed}="),
        format!("1.{}", "=".repeat(100)),
        sealed.to_owned(),
    ]
    .into_iter()
    .map(|value| format!("{SESSION}={value}").into_bytes())
    .chain([
        [b"__Host-fief_session=1.".as_slice(), &[0xff, 0xfe, 0x80]].concat(),
        b";;;=;= ;==".to_vec(),
        [b'=', 0xa0, b';'].to_vec(),
    ])
    .collect();
    for cookie in cookies {
        let shown = String::from_utf8_lossy(&cookie[..cookie.len().min(80)]).into_owned();
        assert_eq!(status(&visitor, cookie).await, 401, "{shown}");
    }
}

async fn write(visitor: &Visitor, method: Method, headers: &[(&str, &str)]) -> u16 {
    let mut request = Request::builder().method(method).uri("/castles");
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let (response, _) = visitor
        .send_once(request.body(Body::empty()).unwrap())
        .await;
    response.status.as_u16()
}

/// CS-1, CS-6
#[tokio::test]
async fn writes_with_a_session_come_from_the_site_itself() {
    let server = FiefTestServer::start().await;
    let (_, visitor) = logged_in(&server, builder(&server)).await;
    let allowed: [&[(&str, &str)]; 3] = [
        &[("sec-fetch-site", "same-origin")],
        &[("sec-fetch-site", "none")],
        &[("origin", APP)],
    ];
    for headers in allowed {
        assert_eq!(
            write(&visitor, Method::POST, headers).await,
            200,
            "{headers:?}"
        );
    }
    let rejected: [&[(&str, &str)]; 10] = [
        &[],
        &[("sec-fetch-site", "cross-site")],
        &[("sec-fetch-site", "same-site")],
        &[("sec-fetch-site", "cross-site"), ("origin", APP)],
        &[("origin", "null")],
        &[("origin", "https://evil.example")],
        &[("origin", "https://app.example.com.evil")],
        &[("origin", "https://app.example.com:8443")],
        &[("origin", "http://app.example.com")],
        &[("origin", "HTTPS://APP.EXAMPLE.COM")],
    ];
    for headers in rejected {
        assert_eq!(
            write(&visitor, Method::POST, headers).await,
            403,
            "{headers:?}"
        );
    }
}

/// CS-4
#[tokio::test]
async fn a_method_override_overrides_nothing() {
    let server = FiefTestServer::start().await;
    let (_, visitor) = logged_in(&server, builder(&server)).await;
    let headers = [
        ("x-http-method-override", "GET"),
        ("sec-fetch-site", "cross-site"),
    ];
    assert_eq!(write(&visitor, Method::POST, &headers).await, 403);
}

/// CS-2, CS-3
#[tokio::test]
async fn the_credential_that_counts_decides() {
    let server = FiefTestServer::start().await;
    let (_, visitor) = logged_in(&server, builder(&server)).await;
    let bearer = format!("Bearer {}", server.access_token().mint());
    let foreign = ("sec-fetch-site", "cross-site");
    let with = |authorization| [("authorization", authorization), foreign];
    assert_eq!(write(&visitor, Method::POST, &with(&bearer)).await, 200);
    assert_eq!(write(&visitor, Method::POST, &with("Bearer x")).await, 401);
    assert_eq!(
        write(&visitor, Method::POST, &with("Basic eDp5")).await,
        403
    );
}

/// CS-5
#[tokio::test]
async fn a_websocket_comes_from_the_site_itself() {
    let server = FiefTestServer::start().await;
    let (_, visitor) = logged_in(&server, builder(&server)).await;
    let upgrade = ("upgrade", "websocket");
    let ours = [upgrade, ("origin", APP)];
    assert_eq!(write(&visitor, Method::GET, &ours).await, 200);
    let foreign = [upgrade, ("origin", "https://evil.example")];
    assert_eq!(write(&visitor, Method::GET, &foreign).await, 403);
}
