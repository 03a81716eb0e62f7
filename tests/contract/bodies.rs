//! Bodies: of several parts, compressed, and `null`.

use std::io::Read as _;

use reqwest::Method;
use serde_json::{Value, json};

use super::{
    Target,
    wire::{send, text},
};

contract! {
    a_form_may_have_several_parts,
    a_form_of_parts_that_is_malformed_is_a_bad_request,
    a_page_takes_a_form_of_several_parts,
    a_long_body_is_compressed_for_those_that_accept_it,
    no_fields_are_no_change,
}

/// FD-105
async fn a_form_may_have_several_parts(fief: &Target) {
    let client = fief.client("main").clone();
    let code = fief.code("main", "anne@example.com", &[]).await;
    let body = parts(&[
        ("grant_type", "authorization_code"),
        ("client_id", &client.id),
        ("client_secret", &client.secret),
        ("code", &code),
        ("redirect_uri", &fief.seed.redirect_uri),
    ]);
    let request = fief.request(Method::POST, "/api/token").body(body);
    let response = send(request.header("content-type", MULTIPART)).await;
    assert_eq!(response.status, 200, "{response:?}");
    assert_eq!(response.json()["token_type"], "bearer");
}

/// FD-105
async fn a_form_of_parts_that_is_malformed_is_a_bad_request(fief: &Target) {
    for (kind, detail) in [
        (MULTIPART, "There was an error parsing the body"),
        ("multipart/form-data", "Missing boundary in multipart."),
    ] {
        let request = fief.request(Method::POST, "/api/token").body("no parts");
        let response = send(request.header("content-type", kind)).await;
        assert_eq!(
            (response.status, response.json()),
            (400, json!({ "detail": detail })),
            "{kind}"
        );
    }
}

/// FD-105
async fn a_page_takes_a_form_of_several_parts(fief: &Target) {
    let password = &fief.user("anne@example.com").password;
    let body = parts(&[
        ("email", "anne@example.com"),
        ("password", password),
        ("csrf_token", "x"),
    ]);
    let request = fief
        .request(Method::POST, "/login")
        .header("cookie", "fief_csrftoken=x");
    let response = send(request.header("content-type", MULTIPART).body(body)).await;
    assert_eq!(
        (response.status, response.header("location")),
        (302, Some("/verify-request"))
    );
}

/// FD-107
async fn a_long_body_is_compressed_for_those_that_accept_it(fief: &Target) {
    let path = "/.well-known/openid-configuration";
    let plain = fief.get(path).await;
    assert_eq!(
        (plain.header("content-encoding"), plain.header("vary")),
        (None, None)
    );
    let request = fief
        .request(Method::GET, path)
        .header("accept-encoding", "deflate, gzip");
    let response = request.send().await.unwrap();
    assert_eq!(response.headers()["content-encoding"], "gzip");
    assert_eq!(response.headers()["vary"], "Accept-Encoding");
    let mut text = String::new();
    let bytes = response.bytes().await.unwrap();
    flate2::read::GzDecoder::new(&*bytes)
        .read_to_string(&mut text)
        .unwrap();
    assert_eq!(serde_json::from_str::<Value>(&text).unwrap(), plain.json());

    let request = fief
        .request(Method::GET, "/healthz")
        .header("accept-encoding", "gzip");
    assert_eq!(send(request).await.header("content-encoding"), None);
}

/// FD-103
async fn no_fields_are_no_change(fief: &Target) {
    let tokens = fief.tokens("main", "anne@example.com", &[]).await;
    let token = text(&tokens["access_token"]);
    let body = Some(json!({ "fields": null }));
    let response = fief
        .user_api(Method::PATCH, "/api/profile", token, body)
        .await;
    assert_eq!(response.status, 200, "{response:?}");
    assert_eq!(response.json()["fields"]["newsletter"], true);
}

fn parts(fields: &[(&str, &str)]) -> String {
    let mut body = String::new();
    for (name, value) in fields {
        body += &format!(
            "--part\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n"
        );
    }
    body + "--part--\r\n"
}

const MULTIPART: &str = "multipart/form-data; boundary=part";
