use fief_test_server::FiefTestServer;
use reqwest::Method;

use super::http;

const PATHS: [&str; 16] = [
    "/",
    "/.well-known/jwks.json",
    "/.well-known/openid-configuration",
    "/api/email/change",
    "/api/email/verify",
    "/api/password",
    "/api/profile",
    "/api/token",
    "/api/userinfo",
    "/authorize",
    "/consent",
    "/login",
    "/logout",
    "/register",
    "/verify",
    "/verify-request",
];

#[tokio::test]
async fn nothing_that_is_sent_makes_it_fail() {
    let server = FiefTestServer::start().await;
    let token = server.access_token().acr("1").mint();
    let client = http();
    for path in PATHS {
        for parameters in parameters(&server) {
            for method in [Method::GET, Method::POST, Method::PATCH] {
                let url = format!("{}{path}?{parameters}", server.url());
                let request = client.request(method, url).body(parameters.clone());
                let request = request
                    .header("content-type", "application/x-www-form-urlencoded")
                    .header(
                        "cookie",
                        "fief_csrftoken=x; fief_session=; ;=;fief_login_session",
                    )
                    .header("x-forwarded-host", "\u{e9}\"<")
                    .bearer_auth(&token);
                let response = request.send().await.unwrap();
                assert!(response.status().as_u16() < 500, "{path}?{parameters}");
            }
        }
    }
}

#[tokio::test]
async fn a_body_that_is_too_large_is_rejected() {
    let server = FiefTestServer::start().await;
    let url = format!("{}/api/token", server.url());
    let response = http()
        .post(url)
        .body(vec![b'x'; 70_000])
        .send()
        .await
        .unwrap();
    assert_eq!(response.status(), 413);
}

fn parameters(server: &FiefTestServer) -> Vec<String> {
    let id = server.client_id();
    let login = format!("client_id={id}&response_type=code&scope=openid");
    vec![
        String::new(),
        "=&&;&%".to_owned(),
        "csrf_token=x&email=%00%0d%0a&password=%ff&code=&allow&deny".to_owned(),
        "grant_type=refresh_token&refresh_token=%e9&client_id=%00".to_owned(),
        format!("{login}&redirect_uri=http://x/%0d%0aSet-Cookie:a&prompt=none"),
        format!("{login}&redirect_uri=http://x/&lang=%0d%0a;&login_hint=%0d%0a&state=%00"),
        format!("{login}&redirect_uri=http://x/&max_age=-9223372036854775808"),
        format!(
            "{login}&redirect_uri=javascript:%e9&code_challenge=&nonce={}",
            "n".repeat(4000)
        ),
        r#"{"fields":{"first_name":1e999}}"#.to_owned(),
        r#"{"password":"\ud800","email":"@","code":"\u0000"}"#.to_owned(),
    ]
}
