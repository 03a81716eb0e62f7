//! The API of `examples/spa`, as a browser calls it for the page of another origin.

use fief_test_server::FiefTestServer;
use fief_tests::Process;
use reqwest::{Client, Method, Response, StatusCode};
use serde_json::{Value, json};

/// The example, with a Fief that signs any token.
struct Spa {
    fief: FiefTestServer,
    page: String,
    api: String,
    _process: Process,
}

impl Spa {
    async fn start() -> Self {
        let fief = FiefTestServer::start().await;
        let variables = [
            ("FIEF_BASE_URL", fief.url()),
            ("FIEF_CLIENT_ID", fief.client_id()),
        ];
        let mut process = Process::start("example-spa", &variables);
        Self {
            page: process.value_of("App"),
            api: process.value_of("API"),
            _process: process,
            fief,
        }
    }

    /// A token of a client with these permissions.
    fn token(&self, client: &str, permission: Option<&str>) -> String {
        let token = self.fief.access_token().claim("aud", json!([client]));
        let token = match permission {
            Some(permission) => token.permission(permission),
            None => token,
        };
        token.mint()
    }

    /// Sends a request of the page, which may build a castle.
    async fn send(&self, method: Method, token: Option<&str>) -> Response {
        let url = format!("{}/castles", self.api);
        let mut request = Client::new().request(method, url);
        request = request.header("origin", &self.page);
        if let Some(token) = token {
            request = request.bearer_auth(token);
        }
        let request = request.json(&json!({"name": "Château de Fougères"}));
        request.send().await.unwrap()
    }
}

/// D14: a preflight request has no credentials.
#[tokio::test]
async fn a_preflight_request_of_the_page_passes() {
    let spa = Spa::start().await;
    let request = Client::new().request(Method::OPTIONS, format!("{}/castles", spa.api));
    let request = request
        .header("origin", &spa.page)
        .header("access-control-request-method", "POST")
        .header(
            "access-control-request-headers",
            "authorization,content-type",
        );

    let response = request.send().await.unwrap();

    assert_eq!(response.status(), StatusCode::OK);
    let allowed = |name: &str| response.headers()[name].to_str().unwrap();
    assert_eq!(allowed("access-control-allow-origin"), spa.page);
    assert_eq!(allowed("access-control-allow-methods"), "GET,POST");
    assert_eq!(
        allowed("access-control-allow-headers"),
        "authorization,content-type"
    );
}

/// D14: otherwise, the page could not say what went wrong.
#[tokio::test]
async fn the_page_can_read_each_response() {
    let spa = Spa::start().await;
    let token = spa.token("castles-spa", None);
    let builder = spa.token("castles-spa", Some("castles:create"));

    for (token, expected) in [
        (None, StatusCode::UNAUTHORIZED),
        (Some("garbage"), StatusCode::UNAUTHORIZED),
        (Some(token.as_str()), StatusCode::FORBIDDEN),
        (Some(builder.as_str()), StatusCode::OK),
    ] {
        let response = spa.send(Method::POST, token).await;
        assert_eq!(response.status(), expected);
        let allowed = &response.headers()["access-control-allow-origin"];
        assert_eq!(allowed, spa.page.as_str(), "{expected}");
    }
}

/// D3
#[tokio::test]
async fn tokens_of_the_page_are_accepted_and_those_of_another_client_are_not() {
    let spa = Spa::start().await;

    let page = spa.token("castles-spa", None);
    let page = spa.send(Method::GET, Some(&page)).await;
    let other = spa.token("other", None);
    let other = spa.send(Method::GET, Some(&other)).await;

    assert_eq!(page.status(), StatusCode::OK);
    assert_eq!(other.status(), StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn the_page_connects_to_its_api_and_to_fief_alone() {
    let spa = Spa::start().await;

    let page = reqwest::get(&spa.page).await.unwrap();
    let config = reqwest::get(format!("{}/config.json", spa.page)).await;
    let config: Value = config.unwrap().json().await.unwrap();

    let policy = page.headers()["content-security-policy"].to_str().unwrap();
    let (api, fief) = (&spa.api, spa.fief.url());
    let connect = format!("connect-src 'self' {api}/ {fief}/;");
    assert!(policy.contains(&connect), "{policy}");
    let expected = json!({"api": api, "fief": fief, "client_id": "castles-spa"});
    assert_eq!(config, expected);
}
