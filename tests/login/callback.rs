//! The responses of the callback.

use fief_axum::LoginPageKind;
use fief_test_server::{Endpoint, Fault, FiefTestServer};
use tracing::Level;

use super::{Visitor, app, builder, logged_in, query, visitor, visitor::page};
use crate::{
    client::log::Log,
    web::{APP, EMAIL},
};

/// N02, LF-15
#[tokio::test]
async fn the_callback_ends_the_attempt_and_goes_to_the_default_page() {
    let server = FiefTestServer::start().await;
    let mut visitor = visitor(&server).await;
    let response = visitor.log_in(&server, "/login").await;
    assert_eq!(
        (response.status.as_u16(), response.header("location")),
        (303, "/")
    );
    assert_eq!(response.header("cache-control"), "no-store");
    assert_eq!(response.header("referrer-policy"), "no-referrer");
    assert_eq!(visitor.cookie_names(), ["__Host-fief_session"]);
}

/// D10: an inactive user is logged in to Fief, where the same login would fail again.
#[tokio::test]
async fn a_login_that_was_denied_leads_to_one_as_a_different_user() {
    let server = FiefTestServer::start().await;
    for (error, has_link) in [("access_denied", true), ("server_error", true)] {
        let mut visitor = visitor(&server).await;
        let begun = visitor.open("/login?return_to=/castles").await;
        let state = query(begun.header("location"))["state"].clone();
        let callback = format!("/auth-callback?error={error}&state={state}");
        let response = visitor.open(&callback).await;
        let link = "<a href=\"/login?prompt=login&amp;return_to=%2Fcastles\">Log in as a different user</a>";
        assert_eq!(response.body.contains(link), has_link, "{}", response.body);
    }
    let expired = visitor(&server)
        .await
        .open("/auth-callback?code=a&state=b")
        .await;
    assert!(!expired.body.contains("different user"), "{}", expired.body);
}

/// LF-12, LF-14
#[tokio::test]
async fn a_callback_that_is_repetitive_or_long_is_rejected() {
    let server = FiefTestServer::start().await;
    let mut visitor = visitor(&server).await;
    let callback = visitor.begin(&server, "/login").await;
    let long = "x".repeat(600);
    for more in ["&state=x", "&code=x", "&error=x", "&iss=a&iss=b"] {
        assert_eq!(visitor.open(&format!("{callback}{more}")).await.status, 400);
    }
    for query in [
        format!("code={long}&state=x"),
        format!("code=x&state={long}"),
        "code=%00&state=x".into(),
        String::new(),
    ] {
        assert_eq!(
            visitor
                .open(&format!("/auth-callback?{query}"))
                .await
                .status,
            400
        );
    }
    assert_eq!(server.requests(Endpoint::Token), 0);
    // The login goes on.
    assert_eq!(visitor.open(&callback).await.status, 303);
}

/// LF-16
#[tokio::test]
async fn a_browser_that_goes_round_in_circles_is_stopped() {
    let server = FiefTestServer::start().await;
    let mut visitor = visitor(&server).await;
    for _ in 0..5 {
        assert_eq!(visitor.log_in(&server, "/login").await.status, 303);
    }
    assert_eq!(visitor.open("/login").await.status, 429);
    server.advance(std::time::Duration::from_secs(61));
    assert_eq!(visitor.log_in(&server, "/login").await.status, 303);
}

/// CB-1, CB-2, CB-3, SE-13, Q37, Q40
#[tokio::test]
async fn an_error_shows_a_page_with_nothing_of_the_query() {
    let server = FiefTestServer::start().await;
    let mut visitor = visitor(&server).await;
    let callback = visitor.begin(&server, "/login?return_to=/castles").await;
    let state = query(&format!("{APP}{callback}"))["state"].clone();
    let hostile = "error_description=%3Cscript%3Ealert(1)%3C/script%3E%0D%0ASet-Cookie:a=b&error_uri=https://evil";
    let foreign = format!("/auth-callback?error=access_denied&{hostile}&state=x");
    assert_eq!(visitor.open(&foreign).await.status, 400);

    let response = visitor
        .open(&format!(
            "/auth-callback?error=access_denied&{hostile}&state={state}"
        ))
        .await;
    assert_eq!(response.status, 400);
    assert!(response.body.contains("Access was denied."));
    assert!(
        response
            .body
            .contains("href=\"/login?return_to=%2Fcastles\"")
    );
    assert!(!response.body.contains("script") && !response.body.contains("evil"));
    assert!(
        response
            .header("content-security-policy")
            .contains("default-src 'none'")
    );
    assert!(
        response
            .header("content-security-policy")
            .contains("frame-ancestors 'none'")
    );
    assert_eq!(response.header("x-content-type-options"), "nosniff");
    assert_eq!(server.requests(Endpoint::Token), 0);
}

/// CB-4
#[tokio::test]
async fn failures_of_the_token_endpoint_have_a_page_each() {
    let server = FiefTestServer::start().await;
    let faults = [
        (r#"{"error":"invalid_grant"}"#, 400, 400),
        (r#"{"error":"invalid_client"}"#, 400, 500),
        ("<h1>secret trace</h1>", 502, 503),
    ];
    for (body, status, shown) in faults {
        let mut visitor = visitor(&server).await;
        let callback = visitor.begin(&server, "/login").await;
        server.fault_once(Endpoint::Token, Fault::status(status).body(body));
        let response = visitor.open(&callback).await;
        assert_eq!(response.status, shown);
        assert!(!response.body.contains("secret") && !response.body.contains("invalid_"));
    }
}

/// CB-5
#[tokio::test]
async fn a_code_of_another_login_is_rejected() {
    let server = FiefTestServer::start().await;
    let mut attacker = visitor(&server).await;
    let injected = attacker.begin(&server, "/login").await;
    let code = query(&format!("{APP}{injected}"))["code"].clone();
    let mut visitor = visitor(&server).await;
    let callback = visitor.begin(&server, "/login").await;
    let state = query(&format!("{APP}{callback}"))["state"].clone();
    let response = visitor
        .open(&format!("/auth-callback?code={code}&state={state}"))
        .await;
    assert_eq!(response.status, 400);
    assert!(visitor.cookie_names().is_empty());
}

/// LF-16: without any page of Fief or of ours.
#[tokio::test]
async fn a_silent_login_that_fails_goes_back_to_the_page() {
    let server = FiefTestServer::start().await;
    let mut visitor = visitor(&server).await;
    let begun = visitor.open("/login?prompt=none&return_to=/public").await;
    let state = query(begun.header("location"))["state"].clone();
    let rejected = format!(
        "/auth-callback?error=login_required&error_description=n&error_description=o&state={state}"
    );
    let response = visitor.open(&rejected).await;
    assert_eq!(
        (response.status.as_u16(), response.header("location")),
        (303, "/public")
    );
    assert!(visitor.cookie_names().is_empty());
}

#[tokio::test]
async fn the_pages_can_be_replaced() {
    let server = FiefTestServer::start().await;
    let builder = builder(&server).on_login_page(|page| {
        assert_eq!(page.kind(), LoginPageKind::Expired);
        (page.kind().status(), format!("again: {}", page.link()))
    });
    let mut visitor = Visitor::new(app(&builder.build().unwrap()));
    let response = visitor.open("/auth-callback?code=x&state=x").await;
    assert_eq!(
        (response.status.as_u16(), response.body.as_str()),
        (400, "again: /login")
    );
}

/// SE-7
#[tokio::test]
async fn a_page_with_a_session_is_one_users() {
    let server = FiefTestServer::start().await;
    let (_, visitor) = logged_in(&server, builder(&server)).await;
    let (response, _) = visitor.send_once(page("/email", "none")).await;
    assert_eq!(response.body, EMAIL);
    assert_eq!(response.header("cache-control"), "no-store");
    assert_eq!(response.header("vary"), "Cookie, Authorization");
}

/// D9: the application's page knows the request, and takes no cookie from the response.
#[tokio::test]
async fn the_applications_own_page_knows_the_request() {
    let server = FiefTestServer::start().await;
    let builder = builder(&server).on_login_page(|page| {
        let (method, path) = (page.method(), page.uri().path());
        let site = page.headers()["sec-fetch-site"].to_str().unwrap();
        let text = format!("{method} {path} {site} {}", page.languages().join(" "));
        (
            page.kind().status(),
            [("set-cookie", "own=1; Path=/")],
            text,
        )
    });
    let mut visitor = Visitor::new(app(&builder.build().unwrap()));
    let callback = visitor.begin(&server, "/login").await;
    let (path, _) = callback.split_once('?').unwrap();
    let state = query(&format!("{APP}{callback}"))["state"].clone();
    let denied = format!("{path}?error=access_denied&state={state}");
    let mut request = page(&denied, "cross-site");
    let languages = "de;q=0.5, fr".parse().unwrap();
    request.headers_mut().insert("accept-language", languages);

    let (response, cookies) = visitor.send_once(request).await;

    assert_eq!(response.status, 400);
    assert_eq!(response.body, "GET /auth-callback cross-site fr de");
    assert_eq!(response.header("cache-control"), "no-store");
    let ended = cookies.iter().any(|cookie| cookie.contains("Max-Age=0"));
    assert!(
        ended && cookies.contains(&"own=1; Path=/".to_owned()),
        "{cookies:?}"
    );
}

/// FD-57, FD-58: what the token endpoint says, the status that is shown, and whether logging in again may help.
#[tokio::test]
async fn a_failure_of_fief_is_shown_as_what_it_is() {
    let server = FiefTestServer::start().await;
    let faults = [
        (429, 503, "Try again", "Fief is unavailable"),
        (408, 503, "Try again", "Fief is unavailable"),
        (403, 500, "contact its operator", "forbids"),
        (500, 503, "Try again", "Fief is unavailable"),
        (504, 503, "Try again", "Fief is unavailable"),
        (
            401,
            500,
            "contact its operator",
            "check the client id and secret",
        ),
    ];
    for (status, shown, text, logged) in faults {
        let mut visitor = visitor(&server).await;
        let callback = visitor.begin(&server, "/login?return_to=/castles").await;
        server.fault_once(Endpoint::Token, Fault::status(status));
        let (log, _guard) = Log::of(Level::WARN);
        let response = visitor.open(&callback).await;
        assert_eq!(response.status, shown, "{status}");
        assert!(response.body.contains(text), "{status}: {}", response.body);
        assert!(log.text().contains(logged), "{status}: {}", log.text());
        let retry = if shown == 503 { "5" } else { "" };
        assert_eq!(response.header("retry-after"), retry, "{status}");
    }
}

/// FD-58
#[tokio::test]
async fn invalid_tokens_are_an_error_of_fief() {
    let server = FiefTestServer::start().await;
    let mut visitor = visitor(&server).await;
    let callback = visitor.begin(&server, "/login?return_to=/castles").await;
    let tokens =
        r#"{"access_token":"a.b.c","id_token":"a.b.c","token_type":"bearer","expires_in":3600}"#;
    server.fault_once(Endpoint::Token, Fault::status(200).body(tokens));
    let response = visitor.open(&callback).await;
    assert_eq!(response.status, 502);
    assert!(
        response
            .body
            .contains("href=\"/login?return_to=%2Fcastles\"")
    );
    assert!(visitor.cookie_names().is_empty());
}

/// FD-46: Fief shows no login page with `prompt=consent`.
#[tokio::test]
async fn a_consent_of_a_user_that_is_not_logged_in_begins_with_a_login() {
    let server = FiefTestServer::start().await;
    let mut visitor = visitor(&server).await;
    let login = "/login?prompt=consent&lang=fr&acr=1&return_to=/castles";
    let callback = visitor.begin(&server, login).await;
    assert!(callback.contains("error=login_required"), "{callback}");
    let response = visitor.open(&callback).await;
    let again = "/login?lang=fr&acr=1&return_to=%2Fcastles";
    assert_eq!(
        (response.status.as_u16(), response.header("location")),
        (303, again)
    );
    let login = response.header("location").to_owned();
    let response = visitor.log_in(&server, &login).await;
    assert_eq!(response.header("location"), "/castles");
    assert_eq!(visitor.open("/admin").await.status, 200);
}
