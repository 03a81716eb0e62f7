//! Paths without an endpoint, other origins, and other small things.

use reqwest::{Method, RequestBuilder};
use serde_json::json;

use super::{
    Target,
    wire::{send, text},
};

contract! {
    the_health_check_responds,
    a_path_of_one_part_is_that_of_a_tenant,
    pages_of_accounts_are_not_found_at_the_api,
    a_preflight_allows_what_fief_knows,
    a_preflight_with_other_headers_or_methods_is_rejected,
    any_origin_may_read_all_below_the_api,
    a_request_with_cookies_gets_its_own_origin,
    a_wrong_code_has_an_error_code,
    an_age_is_read_as_python_reads_it,
}

/// FD-104
async fn the_health_check_responds(fief: &Target) {
    let response = fief.get("/healthz").await;
    assert_eq!(response.status, 200);
    assert!(response.json()["message"].is_string());
    assert_eq!(fief.get("/second/healthz").await.status, 404);
}

/// FD-107
async fn a_path_of_one_part_is_that_of_a_tenant(fief: &Target) {
    let response = fief.get("/nothing").await;
    let target = format!("{}/nothing/", fief.base_url);
    assert_eq!(
        (response.status, response.header("location")),
        (307, Some(&*target))
    );
    let response = fief.get("/nothing/").await;
    assert_eq!(
        (response.status, response.json()),
        (400, json!({"detail": "Bad Request"}))
    );
    assert_eq!(fief.get("/no/such/page").await.status, 404);
}

/// FD-107
async fn pages_of_accounts_are_not_found_at_the_api(fief: &Target) {
    for path in ["/api/password", "/api/email/change", "/api/email/verify"] {
        let response = fief.get(path).await;
        assert_eq!(
            (response.status, response.json()),
            (400, json!({"detail": "Bad Request"}))
        );
    }
    assert_eq!(fief.get("/api/profile").await.status, 405);
}

/// FD-107
async fn a_preflight_allows_what_fief_knows(fief: &Target) {
    for path in ["/api/userinfo", "/api/none", "/.well-known/jwks.json"] {
        let request = preflight(fief, path, "PATCH", "authorization, Content-Type, accept");
        let response = send(request).await;
        assert_eq!((response.status, &*response.body), (200, "OK"), "{path}");
        for (name, value) in [
            ("access-control-allow-origin", "*"),
            (
                "access-control-allow-methods",
                "DELETE, GET, HEAD, OPTIONS, PATCH, POST, PUT",
            ),
            (
                "access-control-allow-headers",
                "Accept, Accept-Language, Authorization, Content-Language, Content-Type, X-Requested-With",
            ),
            ("access-control-max-age", "600"),
        ] {
            assert_eq!(response.header(name), Some(value), "{path} {name}");
        }
    }
}

/// FD-107
async fn a_preflight_with_other_headers_or_methods_is_rejected(fief: &Target) {
    let path = "/api/userinfo";
    let response = send(preflight(fief, path, "GET", "x-other")).await;
    assert_eq!(
        (response.status, &*response.body),
        (400, "Disallowed CORS headers")
    );
    let response = send(preflight(fief, path, "FOO", "accept")).await;
    assert_eq!(
        (response.status, &*response.body),
        (400, "Disallowed CORS method")
    );
    let response = send(fief.request(Method::OPTIONS, path)).await;
    assert_eq!(response.status, 405);
}

/// FD-107
async fn any_origin_may_read_all_below_the_api(fief: &Target) {
    for (path, allowed) in [
        ("/api/userinfo", Some("*")),
        ("/api/none", Some("*")),
        ("/second/api/none", Some("*")),
        ("/unknown/api/userinfo", Some("*")),
        ("/.well-known/none", Some("*")),
        ("/no/such/page", None),
        ("/login", None),
    ] {
        let request = fief.request(Method::GET, path).header("origin", ORIGIN);
        let response = send(request).await;
        assert_eq!(
            response.header("access-control-allow-origin"),
            allowed,
            "{path}"
        );
    }
}

/// FD-107
async fn a_request_with_cookies_gets_its_own_origin(fief: &Target) {
    let request = fief
        .request(Method::GET, "/api/userinfo")
        .header("origin", ORIGIN);
    let response = send(request.header("cookie", "a=b")).await;
    assert_eq!(response.header("access-control-allow-origin"), Some(ORIGIN));
    assert_eq!(response.header("vary"), Some("Origin"));
}

/// FD-107
async fn a_wrong_code_has_an_error_code(fief: &Target) {
    let mut mails = fief.mails().await;
    let mut browser = fief.browser();
    let url = fief.authorize_url("main", &[("screen", Some("register"))]);
    browser.open(&url).await;
    browser
        .sign_up("wrong.code@example.com", "ermine-and-fleur-de-lys")
        .await;
    mails.code("wrong.code@example.com").await;
    let page = browser.verify("AAAAAA").await;
    assert_eq!(page.status, 400);
    assert_eq!(page.headers["x-fief-error"], "invalid_code");
}

/// FD-107
async fn an_age_is_read_as_python_reads_it(fief: &Target) {
    for age in [" 5", "5 ", "+5", "5.0", "1_0", "99999999999999999999"] {
        let response = fief.authorize(&[("max_age", Some(age))]).await;
        assert_eq!(
            (response.status, response.header("location")),
            (302, Some("/login")),
            "{age:?}"
        );
    }
    for age in ["", " ", "5.5", "0x5", "1e3"] {
        let response = fief.authorize(&[("max_age", Some(age))]).await;
        assert_eq!(response.status, 422, "{age:?}");
        assert_eq!(text(&response.json()["detail"][0]["type"]), "int_parsing");
    }
}

fn preflight(fief: &Target, path: &str, method: &str, headers: &str) -> RequestBuilder {
    fief.request(Method::OPTIONS, path)
        .header("origin", ORIGIN)
        .header("access-control-request-method", method)
        .header("access-control-request-headers", headers)
}

const ORIGIN: &str = "https://spa.example.com";
