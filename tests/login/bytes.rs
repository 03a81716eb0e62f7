//! How much the cookies of an application weigh.

use std::time::Duration;

use axum::http::header;
use fief_axum::FiefAuth;
use fief_test_server::{FiefTestServer, User};
use tracing::Level;

use super::{
    Visitor, app, builder, key,
    visitor::{page, path},
};
use crate::{
    client::log::Log,
    web::{self, APP, EMAIL, TestResponse},
};

/// Returns a server whose user has so many permissions.
async fn server(permissions: usize) -> FiefTestServer {
    let names = (0..permissions).map(|n| format!("castles:permission-{n}"));
    let user = names.fold(User::new(EMAIL, "herminetincture"), User::permission);
    FiefTestServer::builder().user(user).start().await.unwrap()
}

/// Returns an application with sessions in cookies.
fn in_cookies(server: &FiefTestServer) -> FiefAuth {
    let builder = FiefAuth::builder(web::fief(server)).login(APP, key());
    builder.build().unwrap()
}

/// Returns the length of the `Cookie` header that the browser sends.
fn sent(visitor: &Visitor) -> usize {
    let pairs = visitor.jar.iter();
    pairs
        .map(|(name, value)| name.len() + value.len() + 3)
        .sum()
}

/// Returns the lengths of the `Set-Cookie` headers.
fn set(response: &TestResponse) -> Vec<usize> {
    let cookies = response.headers.get_all(header::SET_COOKIE).iter();
    cookies.map(header::HeaderValue::len).collect()
}

fn assert_small(visitor: &Visitor, response: &TestResponse, case: &str) {
    let attempts = visitor
        .jar
        .iter()
        .filter(|(name, _)| name.contains("_login."));
    let lengths: Vec<_> = attempts
        .map(|(name, value)| name.len() + value.len() + 3)
        .collect();
    assert!(lengths.len() <= 5, "{case}: {lengths:?}");
    assert!(lengths.iter().sum::<usize>() <= 4096, "{case}: {lengths:?}");
    assert!(sent(visitor) <= 7680, "{case}: {}", sent(visitor));
    let set = set(response);
    assert!(set.iter().all(|length| *length <= 4096), "{case}: {set:?}");
    assert!(set.iter().sum::<usize>() <= 7680, "{case}: {set:?}");
}

/// Returns the page of a tab, with a query of so many bytes.
fn tab(number: usize, query: usize) -> String {
    format!("/castles/{number}?{}", "q".repeat(query))
}

/// FD-30, LF-6, SE-5: twelve tabs, and one more after each login.
#[tokio::test]
async fn all_cookies_together_stay_below_the_limits_of_proxies() {
    for permissions in [0, 25, 60, 100, 110, 120, 130, 140, 150] {
        let server = server(permissions).await;
        for query in [0, 300, 900, 1500, 2000] {
            let case = format!("{permissions} permissions, {query} bytes");
            let mut visitor = Visitor::new(app(&builder(&server).build().unwrap()));
            let mut callbacks = Vec::new();
            for number in 0..12 {
                server.advance(Duration::from_secs(1));
                let login = format!("/login?return_to={}", tab(number, query));
                let begun = visitor.open(&login).await;
                assert_small(&visitor, &begun, &case);
                callbacks.push((number, callback(&server, &begun).await));
            }
            let mut finished = 0;
            for (number, callback) in callbacks.iter().rev() {
                let response = visitor.open(callback).await;
                if response.status == 500 {
                    // The session is too large for cookies.
                    break;
                }
                assert_small(&visitor, &response, &case);
                let ends = [tab(*number, query), "/".to_owned()];
                let end = response.leads_to();
                assert!(response.status == 400 || ends.contains(&end), "{case}");
                finished += usize::from(end == tab(*number, query));
                let more = visitor
                    .open(&format!("/login?return_to={}", tab(99, query)))
                    .await;
                assert_small(&visitor, &more, &case);
                assert!(
                    visitor
                        .cookie_names()
                        .iter()
                        .any(|name| name.contains("_login."))
                );
                server.advance(Duration::from_secs(61));
                let page = visitor.open("/castles").await;
                assert_small(&visitor, &page, &case);
            }
            // The longest page is left out if another login is removed by the same response.
            assert!(
                finished >= 1 || permissions > 140 || query == 2000,
                "{case}"
            );
        }
    }
}

/// FD-30: tabs that begin and finish logins at once do not see each other's cookies.
#[tokio::test]
async fn logins_at_once_stay_below_the_limits_of_proxies() {
    let lengths: [&[usize]; 7] = [
        &[0],
        &[60],
        &[300],
        &[900],
        &[2000],
        &[0, 2000, 60, 300, 20, 60, 0, 900, 50, 30, 20, 10],
        &[2000, 2000, 60, 80, 60],
    ];
    for lengths in lengths {
        let server = server(2).await;
        let mut visitor = Visitor::new(app(&in_cookies(&server)));
        let login = |number| {
            let page = tab(number, lengths[number % lengths.len()]);
            format!("/login?return_to={page}")
        };
        let begun = at_once(&mut visitor, (0..12).map(login)).await;
        assert!(sent(&visitor) <= 7680, "{lengths:?}: {}", sent(&visitor));

        let mut callbacks = Vec::new();
        for begun in &begun {
            callbacks.push(callback(&server, begun).await);
        }
        let requests = callbacks.into_iter().chain((0..12).map(login));
        let ends = at_once(&mut visitor, requests).await;
        assert!(sent(&visitor) <= 7680, "{lengths:?}: {}", sent(&visitor));
        let finished = |end: &&TestResponse| end.leads_to().starts_with("/castles/");
        assert!(ends.iter().filter(finished).count() >= 1, "{lengths:?}");
        let heads = begun.iter().chain(&ends).map(TestResponse::head_len);
        assert!(heads.max() <= Some(3950), "{lengths:?}");
    }
}

/// Opens pages with the same cookies. Returns the responses, whose cookies are stored then.
async fn at_once(visitor: &mut Visitor, paths: impl Iterator<Item = String>) -> Vec<TestResponse> {
    let (mut responses, mut all) = (Vec::new(), Vec::new());
    for path in paths {
        let (response, cookies) = visitor.send_once(page(&path, "none")).await;
        responses.push(response);
        all.extend(cookies);
    }
    visitor.store_cookies(&all);
    responses
}

/// Logs in at Fief. Returns the callback.
async fn callback(server: &FiefTestServer, begun: &TestResponse) -> String {
    path(&server.log_in(EMAIL, &begun.leads_to()).await)
}

/// FD-32: the session of a user with a hundred permissions of 21 letters, and what the log says of one with too many.
#[tokio::test]
async fn a_session_in_cookies_has_room_for_a_hundred_permissions() {
    for (permissions, max) in [(0, 1100), (100, 4400)] {
        let server = server(permissions).await;
        let mut visitor = Visitor::new(app(&in_cookies(&server)));
        visitor.log_in(&server, "/login").await;
        assert_eq!(visitor.open("/castles").await.status, 200);
        assert!(sent(&visitor) <= max, "{permissions}: {}", sent(&visitor));
    }

    let (log, _guard) = Log::of(Level::ERROR);
    let server = server(200).await;
    let mut visitor = Visitor::new(app(&in_cookies(&server)));
    assert_eq!(visitor.log_in(&server, "/login").await.status, 500);
    let advice =
        "the session exceeds 6656 bytes of cookies: use a session store, fewer permissions";
    assert!(log.text().contains(advice), "{}", log.text());
}

/// FD-31: 450 letters of which each is six bytes in a URL.
#[tokio::test]
async fn a_page_that_does_not_fit_is_left_out() {
    let server = FiefTestServer::start().await;
    let mut visitor = Visitor::new(app(&builder(&server).build().unwrap()));
    for letters in [
        "%C3%A9".repeat(450),
        "x".repeat(2047),
        "%E2%82%AC".repeat(680),
    ] {
        let begun = visitor.open(&format!("/login?return_to=/{letters}")).await;
        assert_small(&visitor, &begun, &letters[..6]);
    }
    let page = format!("/login?return_to=/{}", "%C3%A9".repeat(450));
    assert_eq!(visitor.log_in(&server, &page).await.header("location"), "/");
    assert_eq!(visitor.open("/castles").await.status, 200);
}

/// FD-31: the redirect to the login route as well.
#[tokio::test]
async fn a_redirect_to_log_in_is_shorter_than_proxies_accept() {
    let server = FiefTestServer::start().await;
    let mut visitor = Visitor::new(app(&builder(&server).build().unwrap()));
    let plain = visitor
        .open(&format!("/castles?{}", "a=bcdefgh&".repeat(200)))
        .await;
    assert!((2000..4000).contains(&plain.header("location").len()));
    let dense = visitor
        .open(&format!("/castles?{}", "&".repeat(1300)))
        .await;
    assert_eq!(dense.header("location"), "/login");
}

/// FD-36, LF-6: of a thousand cookies that no login has set, 16 are removed.
#[tokio::test]
async fn few_of_many_attempts_are_removed() {
    let server = FiefTestServer::start().await;
    let mut visitor = Visitor::new(app(&builder(&server).build().unwrap()));
    for number in 0..1000 {
        visitor
            .jar
            .insert(format!("__Host-fief_login.{number:08}"), String::new());
    }
    let begun = visitor.open("/login").await;
    assert_eq!(set(&begun).len(), 1 + 16);
    assert_eq!(set(&visitor.open("/logout").await).len(), 16);
}

/// Returns the length of the status line and of the headers, with those that the server adds.
fn header(response: &TestResponse) -> usize {
    let headers = response.headers.iter();
    let headers: usize = headers
        .map(|(name, value)| name.as_str().len() + value.len() + ": \r\n".len())
        .sum();
    headers
        + "HTTP/1.1 303 See Other\r\n\r\n".len()
        + "date: Thu, 01 Jan 1970 00:00:00 GMT\r\n".len()
}

/// FD-30, LF-6: nginx accepts 4 KB of a response's headers. The logins of other tabs are removed by them.
#[tokio::test]
async fn the_response_that_begins_a_login_stays_below_the_limits_of_proxies() {
    let server = FiefTestServer::start().await;
    let hint = format!("&login_hint={}", "%C3%A9".repeat(160));
    for hint in ["", &hint] {
        for (other, page) in [(0, 2040), (0, 1500), (300, 1900), (300, 1000)] {
            let mut visitor = Visitor::new(app(&builder(&server).build().unwrap()));
            for number in 0..5 {
                visitor
                    .open(&format!("/login?return_to={}", tab(number, other)))
                    .await;
                server.advance(Duration::from_millis(10));
            }
            let login = format!("/login?return_to={}{hint}", tab(5, page));
            let begun = visitor.open(&login).await;
            assert!(
                header(&begun) <= 4000,
                "{other}, {page}: {}",
                header(&begun)
            );
            let callback =
                super::visitor::path(&server.log_in(EMAIL, begun.header("location")).await);
            let end = visitor.open(&callback).await;
            let ends = [tab(5, page), "/".to_owned()];
            assert!(ends.iter().any(|page| page == end.header("location")));
        }
    }
}

/// FD-30, SE-5: the URL of the callback is part of each login in progress.
#[tokio::test]
async fn in_cookies_a_long_callback_leaves_less_for_the_session() {
    for (callback, largest) in [(40, 6800), (440, 6200)] {
        let mut lengths = Vec::new();
        for permissions in (110..190).step_by(2) {
            let server = server(permissions).await;
            let builder = builder(&server).callback_path(format!("/{}", "c".repeat(callback)));
            let mut visitor = Visitor::new(app(&builder.build().unwrap()));
            if visitor.log_in(&server, "/login").await.status != 303 {
                break;
            }
            visitor.open("/castles").await;
            lengths.push(sent(&visitor));
            visitor
                .open("/login?acr=1&max_age=4294967295&prompt=consent&return_to=/castles")
                .await;
            server.advance(Duration::from_secs(61));
            let page = visitor.open("/castles").await;
            assert_small(&visitor, &page, &format!("{callback}, {permissions}"));
        }
        let most = lengths.into_iter().max().unwrap();
        assert!(
            (largest - 250..largest + 250).contains(&most),
            "{callback}: {most}"
        );
    }
}

/// SE-5, LF-6
#[tokio::test]
async fn a_callback_that_no_cookie_can_have_is_no_configuration() {
    let server = FiefTestServer::start().await;
    for (length, is_accepted) in [(489, true), (490, false)] {
        let path = format!("/{}", "c".repeat(length - 1));
        let auth = builder(&server).callback_path(path).build();
        assert_eq!(auth.is_ok(), is_accepted, "{length}");
    }
}
