use std::{collections::HashMap, sync::Mutex};

use fief_test_server::{Client, Endpoint, FiefTestServer};
use reqwest::{RequestBuilder, Response};

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
    let rejected = log_in_by_page(&server, "wrong").await.unwrap_err();
    assert_eq!(rejected.status(), 400);
    assert_eq!(rejected.headers()["x-fief-error"], "bad_credentials");
}

#[tokio::test]
async fn a_code_is_valid_once() {
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
    let rejected = http()
        .get(authorize_url(&server, &[]))
        .send()
        .await
        .unwrap();
    assert_eq!(rejected.status(), 400);
    assert_eq!(rejected.headers()["x-fief-error"], "invalid_redirect_uri");
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

/// Goes through authorize, login and consent. Returns the callback, or the page with the error.
pub async fn log_in_by_page(server: &FiefTestServer, password: &str) -> Result<String, Response> {
    let browser = Browser::new(server);
    let start = browser.get(authorize_url(server, &[]).as_str()).await;
    assert_eq!(location(&start), "/login");
    let form = [("email", EMAIL), ("password", password)];
    let response = browser.post("/login", &form).await;
    if response.status() != 302 {
        return Err(response);
    }
    Ok(location(&browser.get("/consent").await))
}

/// Just enough of one: it keeps cookies, and follows nothing.
pub struct Browser {
    url: String,
    cookies: Mutex<HashMap<String, String>>,
}

impl Browser {
    pub fn new(server: &FiefTestServer) -> Self {
        let csrf = ("fief_csrftoken".to_owned(), "x".to_owned());
        Self {
            url: server.url().to_owned(),
            cookies: Mutex::new([csrf].into()),
        }
    }

    /// One that logged in without an application.
    pub async fn logged_in(server: &FiefTestServer) -> Self {
        let browser = Self::new(server);
        let form = [("email", EMAIL), ("password", PASSWORD)];
        assert_eq!(browser.post("/login", &form).await.status(), 302);
        browser
    }

    pub async fn get(&self, address: &str) -> Response {
        self.send(http().get(self.absolute(address))).await
    }

    /// Submits a form with the CSRF pair.
    pub async fn post(&self, path: &str, form: &[(&str, &str)]) -> Response {
        let mut form = form.to_vec();
        form.push(("csrf_token", "x"));
        self.send(http().post(self.absolute(path)).form(&form))
            .await
    }

    fn absolute(&self, address: &str) -> String {
        if address.starts_with('/') {
            format!("{}{address}", self.url)
        } else {
            address.to_owned()
        }
    }

    async fn send(&self, request: RequestBuilder) -> Response {
        let cookies = self.cookies.lock().unwrap().clone();
        let pairs: Vec<String> = cookies.iter().map(|(k, v)| format!("{k}={v}")).collect();
        let request = request.header("cookie", pairs.join("; "));
        let response = request.send().await.unwrap();
        for cookie in response.headers().get_all("set-cookie") {
            let pair = cookie.to_str().unwrap().split(';').next().unwrap();
            let (name, value) = pair.split_once('=').unwrap();
            let mut cookies = self.cookies.lock().unwrap();
            if cookie.to_str().unwrap().contains("Max-Age=0") {
                cookies.remove(name);
            } else {
                cookies.insert(name.to_owned(), value.to_owned());
            }
        }
        response
    }
}

pub fn location(response: &Response) -> String {
    response.headers()["location"].to_str().unwrap().to_owned()
}
