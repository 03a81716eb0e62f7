use fief_client::pkce::{self, CodeChallengeMethod};
use fief_tests::{Browser, Process};
use reqwest::{Client, Method, StatusCode};
use serde_json::{Value, json};
use url::Url;

/// What the page of Swagger UI does when one presses "Authorize": the login, and the exchange by its script.
#[tokio::test]
async fn one_can_authorize_in_the_documentation_and_try_the_api() {
    let mut api = Process::start("example-api", &[]);
    let url = api.value_of("App");
    let docs = api.value_of("Docs");
    let page = reqwest::get(format!("{docs}/"))
        .await
        .unwrap()
        .text()
        .await
        .unwrap();
    assert!(page.contains("swagger-ui"));
    let document = openapi(&url).await;
    let flow = &document["components"]["securitySchemes"]["fief"]["flows"]["authorizationCode"];

    let token = authorize(flow, &format!("{docs}/oauth2-redirect.html"), &url).await;

    for (method, path) in [
        (Method::POST, "/castles"),
        (Method::DELETE, "/castles/Suscinio"),
    ] {
        let request = Client::new().request(method, format!("{url}{path}"));
        let response = request.bearer_auth(&token).send().await.unwrap();
        assert_eq!(response.status(), StatusCode::OK, "{path}");
    }
}

/// What Swagger UI knows about the login.
#[tokio::test]
async fn the_documentation_logs_in_for_its_own_client() {
    let mut api = Process::start("example-api", &[("FIEF_DOCS_CLIENT_ID", "my-docs")]);
    let script = format!("{}/swagger-initializer.js", api.value_of("Docs"));

    let script = reqwest::get(script).await.unwrap().text().await.unwrap();

    assert!(script.contains(r#""clientId": "my-docs""#), "{script}");
    assert!(script.contains(r#""usePkceWithAuthorizationCodeGrant": true"#));
    assert!(script.contains(r#""acr_values": "1""#));
}

/// The documentation says what the router enforces.
#[tokio::test]
async fn the_documentation_shows_what_each_operation_requires() {
    let mut api = Process::start("example-api", &[]);
    let document = openapi(&api.value_of("App")).await;
    let operation = |path: &str, method: &str| &document["paths"][path][method];

    assert_eq!(operation("/", "get")["security"], json!([{}, {"fief": []}]));
    assert_eq!(
        operation("/me", "get")["security"],
        json!([{"fief": ["openid"]}])
    );
    let create = operation("/castles", "post");
    let description = &create["responses"]["403"]["description"];
    assert_eq!(*description, "Requires the permission `castles:create`.");
    let remove = operation("/castles/{name}", "delete");
    let login = &remove["responses"]["401"]["description"];
    assert!(login.as_str().unwrap().contains("ACR 1"), "{login}");
}

async fn openapi(url: &str) -> Value {
    let response = reqwest::get(format!("{url}/openapi.json")).await.unwrap();
    response.json().await.unwrap()
}

async fn authorize(flow: &Value, redirect_uri: &str, origin: &str) -> String {
    let verifier = pkce::get_code_verifier().unwrap();
    let challenge = pkce::get_code_challenge(&verifier, CodeChallengeMethod::S256);
    let mut url: Url = flow["authorizationUrl"].as_str().unwrap().parse().unwrap();
    url.query_pairs_mut()
        .append_pair("response_type", "code")
        .append_pair("client_id", "castles-docs")
        .append_pair("redirect_uri", redirect_uri)
        .append_pair("scope", "openid")
        .append_pair("state", "state")
        .append_pair("acr_values", "1")
        .append_pair("code_challenge", &challenge)
        .append_pair("code_challenge_method", "S256");
    let mut browser = Browser::new().stopping_at(redirect_uri);
    browser.open(url.as_str()).await;
    let page = browser.log_in("anne@example.com", "herminetincture").await;
    let code = page.url.query_pairs().find(|(name, _)| name == "code");
    let form = [
        ("grant_type", "authorization_code"),
        ("client_id", "castles-docs"),
        ("code", &code.unwrap().1),
        ("redirect_uri", redirect_uri),
        ("code_verifier", &verifier),
    ];
    let exchange = Client::new().post(flow["tokenUrl"].as_str().unwrap());
    let response = exchange
        .header("origin", origin)
        .form(&form)
        .send()
        .await
        .unwrap();
    assert!(
        response
            .headers()
            .contains_key("access-control-allow-origin")
    );
    let tokens: Value = response.json().await.unwrap();
    tokens["access_token"].as_str().unwrap().to_owned()
}
