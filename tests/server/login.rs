use fief_test_server::{Client, Endpoint, FiefTestServer};
use reqwest::Response;

use super::{
    CALLBACK, EMAIL, PASSWORD, authorize_url, code, exchange, http, parameter, token, userinfo,
};

#[tokio::test]
async fn a_person_can_log_in_with_the_pages() {
    let server = FiefTestServer::start().await;
    let callback = log_in_by_page(&server, PASSWORD).await.unwrap();
    assert_eq!(parameter(&callback, "state").unwrap(), "st");

    let (status, tokens) = exchange(&server, &parameter(&callback, "code").unwrap()).await;
    assert_eq!((status, &tokens["token_type"]), (200, &"bearer".into()));
    let (status, user) = userinfo(&server, tokens["access_token"].as_str().unwrap()).await;
    assert_eq!((status, &user["email"]), (200, &EMAIL.into()));
}

#[tokio::test]
async fn a_wrong_password_is_an_error_page() {
    let server = FiefTestServer::start().await;
    let refused = log_in_by_page(&server, "wrong").await.unwrap_err();
    assert_eq!(refused.status(), 400);
    assert_eq!(refused.headers()["x-fief-error"], "bad_credentials");
}

#[tokio::test]
async fn a_code_is_good_once() {
    let server = FiefTestServer::start().await;
    let code = code(&server, &[]).await;
    assert_eq!(exchange(&server, &code).await.0, 200);
    let (status, body) = exchange(&server, &code).await;
    assert_eq!(
        (status, body["error"].as_str()),
        (400, Some("invalid_grant"))
    );
}

#[tokio::test]
async fn a_refresh_token_rotates_and_lowers_the_acr() {
    let server = FiefTestServer::start().await;
    let (_, tokens) = exchange(&server, &code(&server, &[]).await).await;
    let form = [
        ("grant_type", "refresh_token"),
        ("refresh_token", tokens["refresh_token"].as_str().unwrap()),
    ];
    let (status, refreshed) = token(&server, &form).await;
    assert_eq!(status, 200);
    assert_ne!(refreshed["refresh_token"], tokens["refresh_token"]);
    let claims = super::mint::claims(refreshed["access_token"].as_str().unwrap());
    assert_eq!(claims["acr"], "0");
    assert_eq!(token(&server, &form).await.0, 400);
}

#[tokio::test]
async fn the_verifier_must_be_the_challenges() {
    let server = FiefTestServer::start().await;
    // RFC 7636, appendix B
    let challenge = [
        (
            "code_challenge",
            "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM",
        ),
        ("code_challenge_method", "S256"),
    ];
    let code = code(&server, &challenge).await;
    assert_eq!(exchange(&server, &code).await.0, 400);
    let form = [
        ("grant_type", "authorization_code"),
        ("code", &code),
        ("redirect_uri", CALLBACK),
        (
            "code_verifier",
            "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk",
        ),
    ];
    assert_eq!(token(&server, &form).await.0, 200);
}

#[tokio::test]
async fn errors_come_one_character_at_a_time() {
    let server = FiefTestServer::start().await;
    let url = authorize_url(&server, &[("prompt", "none")]);
    let callback = server.log_in(EMAIL, &url).await;
    assert_eq!(parameter(&callback, "error").unwrap(), "login_required");
    assert_eq!(parameter(&callback, "error_description").unwrap(), "U");
}

#[tokio::test]
async fn a_registered_redirect_uri_excludes_all_others() {
    let client = Client::new("castles").redirect_uri("https://castles.example.com/cb");
    let server = FiefTestServer::builder()
        .client(client)
        .start()
        .await
        .unwrap();
    let refused = http()
        .get(authorize_url(&server, &[]))
        .send()
        .await
        .unwrap();
    assert_eq!(refused.status(), 400);
    assert_eq!(refused.headers()["x-fief-error"], "invalid_redirect_uri");
}

#[tokio::test]
async fn requests_are_counted_by_endpoint() {
    let server = FiefTestServer::start().await;
    log_in_by_page(&server, PASSWORD).await.unwrap();
    assert_eq!(server.requests(Endpoint::Authorize), 1);
    assert_eq!(server.requests(Endpoint::Login), 1);
    assert_eq!(server.requests(Endpoint::Token), 0);
    server.reset_requests();
    assert_eq!(server.requests(Endpoint::Authorize), 0);
}

/// Goes through authorize, login and consent: the callback, or the page that refuses.
async fn log_in_by_page(server: &FiefTestServer, password: &str) -> Result<String, Response> {
    let start = http().get(authorize_url(server, &[])).send().await.unwrap();
    assert_eq!(location(&start), "/login");
    let login = cookie(&start, "fief_login_session");
    let form = [
        ("email", EMAIL),
        ("password", password),
        ("csrf_token", "x"),
    ];
    let answer = http()
        .post(format!("{}/login", server.url()))
        .header("cookie", format!("{login}; fief_csrftoken=x"))
        .form(&form)
        .send()
        .await
        .unwrap();
    if answer.status() != 302 {
        return Err(answer);
    }
    let session = cookie(&answer, "fief_session");
    let consent = http()
        .get(format!("{}/consent", server.url()))
        .header("cookie", format!("{login}; {session}"))
        .send()
        .await
        .unwrap();
    Ok(location(&consent))
}

fn location(response: &Response) -> String {
    response.headers()["location"].to_str().unwrap().to_owned()
}

fn cookie(response: &Response, name: &str) -> String {
    let cookies = response.headers().get_all("set-cookie").into_iter();
    let mut pairs = cookies.map(|cookie| cookie.to_str().unwrap().split(';').next().unwrap());
    let is_it = |pair: &&str| pair.starts_with(&format!("{name}="));
    pairs.find(is_it).unwrap().to_owned()
}
