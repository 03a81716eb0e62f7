use reqwest::{StatusCode, header::SET_COOKIE};

use super::{Target, wire::send};

contract! {
    a_wrong_password_or_user_is_rejected,
    a_form_without_the_csrf_pair_is_rejected,
    any_csrf_pair_will_do,
    an_unknown_login_session_is_rejected,
    the_session_cookie_is_not_for_scripts,
}

async fn a_wrong_password_or_user_is_rejected(fief: &Target) {
    for (email, password) in [
        ("anne@example.com", "wrong"),
        ("nobody@example.com", "herminetincture"),
    ] {
        let mut browser = fief.browser();
        browser.open(&fief.authorize_url("main", &[])).await;
        let page = browser.log_in(email, password).await;
        assert_eq!(page.status, StatusCode::BAD_REQUEST);
        assert_eq!(page.headers["x-fief-error"], "bad_credentials");
    }
}

async fn a_form_without_the_csrf_pair_is_rejected(fief: &Target) {
    let mut browser = fief.browser();
    browser.open(&fief.authorize_url("main", &[])).await;
    let fields = [
        ("email", "anne@example.com"),
        ("password", "herminetincture"),
    ];
    let page = browser.submit("", &fields).await;
    assert_eq!(page.status, StatusCode::BAD_REQUEST);
    assert_eq!(page.url.path(), "/login");
}

async fn any_csrf_pair_will_do(fief: &Target) {
    let url = fief.authorize_url("main", &[]);
    let begun = send(fief.http.get(url)).await;
    let session = begun
        .header("set-cookie")
        .unwrap()
        .split(';')
        .next()
        .unwrap();
    let fields = [
        ("email", "anne@example.com"),
        ("password", "herminetincture"),
        ("csrf_token", "x"),
    ];
    let request = fief.request(reqwest::Method::POST, "/login").form(&fields);
    let response = send(request.header("cookie", format!("{session}; fief_csrftoken=x"))).await;
    assert_eq!(response.status, 302, "{response:?}");
}

async fn an_unknown_login_session_is_rejected(fief: &Target) {
    let request = fief.request(reqwest::Method::GET, "/login");
    let response = send(request.header("cookie", "fief_login_session=nothing")).await;
    assert_eq!(response.status, 400);
    assert_eq!(response.header("x-fief-error"), Some("invalid_session"));
}

async fn the_session_cookie_is_not_for_scripts(fief: &Target) {
    let begun = send(fief.http.get(fief.authorize_url("main", &[]))).await;
    let session = begun
        .header("set-cookie")
        .unwrap()
        .split(';')
        .next()
        .unwrap();
    let fields = [
        ("email", "anne@example.com"),
        ("password", "herminetincture"),
        ("csrf_token", "x"),
    ];
    let request = fief.request(reqwest::Method::POST, "/login").form(&fields);
    let response = send(request.header("cookie", format!("{session}; fief_csrftoken=x"))).await;
    let cookies = response.headers.get_all(SET_COOKIE).iter();
    let mut cookies = cookies.map(|cookie| cookie.to_str().unwrap());
    let cookie = cookies
        .find(|cookie| cookie.starts_with("fief_session="))
        .unwrap();
    for attribute in ["HttpOnly", "Path=/", "SameSite=lax", "Max-Age=2592000"] {
        assert!(cookie.contains(attribute), "{cookie}");
    }
}
