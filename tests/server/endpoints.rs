//! The responses of single endpoints.

use fief_test_server::{Client, FiefTestServer};
use serde_json::Value;

use super::{CALLBACK, code, http, token};

#[tokio::test]
async fn token_errors_say_their_code_and_nothing_more() {
    let server = FiefTestServer::start().await;
    let rows: [(&[(&str, &str)], &str); 7] = [
        (&[], "invalid_request"),
        (&[("grant_type", "password")], "unsupported_grant_type"),
        (&[("grant_type", "authorization_code")], "invalid_request"),
        (
            &[("grant_type", "authorization_code"), ("code", "x")],
            "invalid_request",
        ),
        (
            &[
                ("grant_type", "authorization_code"),
                ("code", "x"),
                ("redirect_uri", "x"),
            ],
            "invalid_grant",
        ),
        (&[("grant_type", "refresh_token")], "invalid_request"),
        (
            &[("grant_type", "refresh_token"), ("refresh_token", "x")],
            "invalid_grant",
        ),
    ];
    for (form, error) in rows {
        assert_eq!(
            token(&server, form).await,
            (400, serde_json::json!({"error": error}))
        );
    }
}

#[tokio::test]
async fn a_public_client_needs_a_verifier() {
    let server = FiefTestServer::builder()
        .client(Client::public("cli"))
        .start()
        .await
        .unwrap();
    let code = code(&server, &[("code_challenge", "verifier")]).await;
    let mut form = vec![
        ("grant_type", "authorization_code"),
        ("client_id", "cli"),
        ("redirect_uri", CALLBACK),
        ("code", &code),
    ];
    let url = format!("{}/api/token", server.url());
    let response = http().post(&url).form(&form).send().await.unwrap();
    assert_eq!(
        response.text().await.unwrap(),
        r#"{"error":"invalid_client"}"#
    );
    form.push(("code_verifier", "verifier"));
    assert_eq!(
        http().post(&url).form(&form).send().await.unwrap().status(),
        200
    );
}

#[tokio::test]
async fn discovery_has_the_requested_host() {
    let server = FiefTestServer::start().await;
    let url = format!("{}/.well-known/openid-configuration", server.url());
    let request = http().get(url).header("x-forwarded-host", "evil.example");
    let response = request
        .header("x-forwarded-proto", "https")
        .send()
        .await
        .unwrap();
    let configuration: Value = response.json().await.unwrap();
    assert_eq!(
        configuration["jwks_uri"],
        "https://evil.example/.well-known/jwks.json"
    );
    assert_eq!(configuration["issuer"], server.issuer());
}

#[tokio::test]
async fn other_methods_get_the_allowed_ones() {
    let server = FiefTestServer::start().await;
    let response = http()
        .delete(format!("{}/api/userinfo", server.url()))
        .send()
        .await
        .unwrap();
    assert_eq!(response.status(), 405);
    assert_eq!(response.headers()["allow"], "GET, POST");
}
