use axum::{
    body::Body,
    http::{HeaderValue, Method, Request, header},
};
use fief_test_server::{Endpoint, Fault, FiefTestServer};
use tower::ServiceExt;

use super::{builder, logged_in, refresh, visitor::page};
use crate::web::APP;

/// SE-6, N05, D15
#[tokio::test]
async fn a_typed_logout_ends_the_session_here_and_at_fief() {
    let server = FiefTestServer::start().await;
    let (_, mut visitor) = logged_in(&server, builder(&server)).await;
    let old = visitor.clone();
    let response = visitor.open("/logout").await;
    assert_eq!(response.status, 303);
    let to = format!(
        "{}/logout?redirect_uri=https%3A%2F%2Fapp.example.com%2F",
        server.url()
    );
    assert_eq!(response.header("location"), to);
    assert!(!visitor.cookie_names().contains(&"__Host-fief_session"));
    // SE-11: in this process, a copy of the cookie has ended too.
    let (response, _) = old.send_once(page("/castles", "none")).await;
    assert_eq!(response.status, 303);
}

/// SE-6, SE-15: a cookie that another program has set would authenticate the next request.
#[tokio::test]
async fn a_logout_also_removes_the_cookie_with_an_access_token() {
    let server = FiefTestServer::start().await;
    let builder = builder(&server).access_token_cookie("user_session");
    let (_, mut visitor) = logged_in(&server, builder).await;
    let token = server.access_token().mint();
    visitor.jar.insert("user_session".into(), token);

    visitor.fetch(Method::POST, "/logout").await;

    assert!(!visitor.jar.contains_key("user_session"));
    assert_eq!(visitor.open("/castles").await.status, 303);
    let (_, cookies) = visitor.send_once(page("/logout", "none")).await;
    assert!(!cookies.iter().any(|cookie| cookie.starts_with("user_")));
}

/// SE-6, SE-15: once the session has ended, the cookie would log in the user of before.
#[tokio::test]
async fn a_login_removes_the_cookie_with_an_access_token_of_another_user() {
    let server = FiefTestServer::start().await;
    let builder = builder(&server).access_token_cookie("user_session");
    let app = super::app(&builder.build().unwrap());
    let mut visitor = super::Visitor::new(app);
    let other = serde_json::json!(uuid::Uuid::from_u128(1));
    let token = server.access_token().claim("sub", other).mint();
    visitor.jar.insert("user_session".into(), token);
    assert_eq!(visitor.open("/castles").await.status, 200);

    visitor.log_in(&server, "/login").await;

    assert!(!visitor.jar.contains_key("user_session"));
    server.advance(std::time::Duration::from_secs(2 * 3600));
    assert_eq!(visitor.open("/castles").await.status, 303);
}

/// SE-6: a cookie of the same name with another path does not hide the one that is to be removed.
#[tokio::test]
async fn a_logout_also_removes_a_cookie_with_an_access_token_that_is_repeated() {
    let server = FiefTestServer::start().await;
    let builder = builder(&server).access_token_cookie("user_session");
    let (_, mut visitor) = logged_in(&server, builder).await;
    let token = server.access_token().mint();
    let repeated = format!("{token}; user_session=other");
    visitor.jar.insert("user_session".into(), repeated);

    visitor.fetch(Method::POST, "/logout").await;

    assert!(!visitor.jar.contains_key("user_session"));
}

/// SE-6
#[tokio::test]
async fn logging_out_twice_is_logging_out() {
    let server = FiefTestServer::start().await;
    let (_, mut visitor) = logged_in(&server, builder(&server)).await;
    visitor.open("/logout").await;
    assert_eq!(visitor.open("/logout").await.status, 303);
}

/// SE-6, CS-1
#[tokio::test]
async fn another_site_cannot_log_users_out() {
    let server = FiefTestServer::start().await;
    let (_, mut visitor) = logged_in(&server, builder(&server)).await;
    for site in ["cross-site", "same-site"] {
        let response = visitor.send(page("/logout", site)).await;
        assert_eq!(response.status, 200);
        assert!(
            response
                .body
                .contains("<form method=\"post\" action=\"/logout\">")
        );
        let policy = response.header("content-security-policy");
        assert!(policy.contains(&format!("form-action 'self' {}", server.url())));
        // Otherwise the form's `Origin` is `null`, which is not the application's.
        assert_eq!(response.header("referrer-policy"), "same-origin");
    }
    assert_eq!(visitor.open("/castles").await.status, 200);
}

#[tokio::test]
async fn the_logout_can_be_confirmed() {
    let server = FiefTestServer::start().await;
    let (_, mut visitor) = logged_in(&server, builder(&server)).await;
    let post = Request::post("/logout").header("origin", APP);
    let response = visitor.send(post.body(Body::empty()).unwrap()).await;
    assert_eq!(response.status, 303);
    assert_eq!(visitor.open("/castles").await.status, 303);
}

/// FD-41, SE-6, D15: a GET logs out only as a page that the user opened.
#[tokio::test]
async fn what_a_page_loads_logs_no_one_out() {
    let server = FiefTestServer::start().await;
    let (_, mut visitor) = logged_in(&server, builder(&server)).await;
    let none = ["", "", ""];
    for [site, mode, dest] in [
        ["same-origin", "no-cors", "image"],
        ["same-origin", "navigate", "iframe"],
        ["same-origin", "cors", "empty"],
        ["same-origin", "no-cors", "document"],
        ["none", "navigate", ""],
        ["same-origin", "", "document"],
        ["cross-site", "navigate", "document"],
        ["same-site", "navigate", "document"],
        none,
    ] {
        let mut request = Request::get("/logout").header("accept", "text/html");
        let names = ["sec-fetch-site", "sec-fetch-mode", "sec-fetch-dest"];
        for (name, value) in names.into_iter().zip([site, mode, dest]) {
            if !value.is_empty() {
                request = request.header(name, value);
            }
        }
        let response = visitor.send(request.body(Body::empty()).unwrap()).await;
        assert_eq!(response.status, 200, "{site} {mode} {dest}");
        let form = "<form method=\"post\" action=\"/logout\">";
        assert!(response.body.contains(form), "{site} {mode} {dest}");
        assert!(response.headers.get("set-cookie").is_none());
    }
    assert_eq!(visitor.open("/castles").await.status, 200);
    let response = visitor.send(page("/logout", "same-origin")).await;
    assert_eq!(response.status, 303);
}

/// SE-6, D15: those of logins in progress and of the counter too.
#[tokio::test]
async fn a_logout_removes_all_cookies() {
    let server = FiefTestServer::start().await;
    let (_, mut visitor) = logged_in(&server, builder(&server)).await;
    visitor.open("/login").await;
    visitor.open("/login").await;
    assert!(visitor.jar.len() >= 4, "{:?}", visitor.jar.keys());

    visitor.open("/logout").await;

    assert!(visitor.jar.is_empty(), "{:?}", visitor.jar.keys());
}

/// D15, ER-8: a script cannot follow a redirect to Fief.
#[tokio::test]
async fn htmx_opens_the_logout_at_fief_as_a_page() {
    let server = FiefTestServer::start().await;
    let (_, mut visitor) = logged_in(&server, builder(&server)).await;
    let post = Request::post("/logout")
        .header("origin", APP)
        .header("hx-request", "true");

    let response = visitor.send(post.body(Body::empty()).unwrap()).await;

    assert_eq!(response.status, 204);
    let logout = format!("{}/logout?", server.url());
    assert!(response.header("hx-redirect").starts_with(&logout));
    assert!(visitor.jar.is_empty(), "{:?}", visitor.jar.keys());
}

/// D12, in cookies.
#[tokio::test]
async fn a_logout_during_a_refresh_stays_a_logout() {
    let server = refresh::server().await;
    let (_, mut visitor) = logged_in(&server, refresh::refreshing(&server)).await;
    server.advance(refresh::LIFETIME);
    server.fault_once(Endpoint::Token, Fault::hang());
    let slow = visitor.clone();
    let slow = tokio::spawn(async move { slow.send_once(page("/castles", "none")).await });
    server.wait_for_requests(Endpoint::Token, 2).await;
    visitor.open("/logout").await;
    server.clear_faults();
    let (response, cookies) = slow.await.unwrap();
    assert_eq!(response.status, 303);
    visitor.store_cookies(&cookies);
    assert_eq!(visitor.fetch(Method::GET, "/castles").await.status, 401);
}

/// SE-11
#[tokio::test]
async fn a_users_sessions_can_be_ended() {
    let server = FiefTestServer::start().await;
    let (auth, mut visitor) = logged_in(&server, builder(&server)).await;
    auth.revoke_user_sessions(server.user_id(crate::web::EMAIL))
        .await
        .unwrap();
    assert_eq!(visitor.fetch(Method::GET, "/castles").await.status, 401);
    server.advance(std::time::Duration::from_secs(1));
    visitor.log_in(&server, "/login").await;
    assert_eq!(visitor.fetch(Method::GET, "/castles").await.status, 200);
}

/// SE-6, LF-6: a program of another port of the host, or a broken proxy, has set them.
#[tokio::test]
async fn cookies_of_any_bytes_are_removed() {
    let server = FiefTestServer::start().await;
    let (_, visitor) = logged_in(&server, builder(&server)).await;
    let names = [
        &b"__Host-fief_session.1"[..],
        b"__Host-fief_seen",
        b"__Host-fief_logins",
        b"__Host-fief_login.abcdefgh",
        "__Host-fief_login.é".as_bytes(),
    ];
    let mut request = page("/logout", "none");
    for name in names {
        let cookie = HeaderValue::from_bytes(&[name, b"=\xff\xfe"].concat()).unwrap();
        request.headers_mut().append(header::COOKIE, cookie);
    }

    let response = visitor.app().oneshot(request).await.unwrap();

    assert_eq!(response.status(), 303);
    let cookies: Vec<_> = response
        .headers()
        .get_all(header::SET_COOKIE)
        .iter()
        .collect();
    let is_removed = |name: &&&[u8]| {
        let removal = [name, &b"=;"[..]].concat();
        cookies.iter().any(|cookie| {
            cookie.as_bytes().starts_with(&removal) && cookie.as_bytes().ends_with(b"Max-Age=0")
        })
    };
    assert_eq!(names.iter().filter(is_removed).count(), names.len());
}
