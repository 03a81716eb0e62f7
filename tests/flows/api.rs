use std::time::Duration;

use fief_test_server::{AccessTokenBuilder, FiefTestServer};
use fief_tests::Process;
use reqwest::{Client, Method, RequestBuilder, Response, StatusCode};
use serde_json::Value;

use super::site::{LoggedIn, Site};

contract! {
    Site:
    a_token_of_the_web_login_works_on_the_api,
    a_token_without_the_permission_is_forbidden,
    no_token_is_unauthorized,
}

async fn a_token_of_the_web_login_works_on_the_api(site: &Site) {
    let LoggedIn { browser, .. } = site
        .log_in("/castles", "anne@example.com", "herminetincture")
        .await;
    let token = site.access_token(&browser).await;
    let (_api, url) = site.api();
    let (status, me) = send(get(&url, "/me").bearer_auth(&token)).await;
    assert_eq!(status, StatusCode::OK);
    assert_eq!(me["acr"], "0");
    assert!(!me.to_string().contains(&token));
    let (status, castles) = send(get(&url, "/castles").bearer_auth(&token)).await;
    assert_eq!(status, StatusCode::OK);
    assert!(
        castles
            .as_array()
            .is_some_and(|castles| !castles.is_empty())
    );
}

async fn a_token_without_the_permission_is_forbidden(site: &Site) {
    let LoggedIn { browser, .. } = site
        .log_in("/castles", "louis@example.com", "porcupine-and-crown")
        .await;
    let token = site.access_token(&browser).await;
    let (_api, url) = site.api();
    assert_eq!(
        send(get(&url, "/me").bearer_auth(&token)).await.0,
        StatusCode::OK
    );
    let (status, body) = send(get(&url, "/castles").bearer_auth(&token)).await;
    assert_eq!(status, StatusCode::FORBIDDEN);
    assert_eq!(body["error"], "insufficient_permissions");
}

async fn no_token_is_unauthorized(site: &Site) {
    let (_api, url) = site.api();
    let response = get(&url, "/me").send().await.unwrap();
    assert_eq!(response.status(), StatusCode::UNAUTHORIZED);
    assert!(
        response.headers()["www-authenticate"]
            .as_bytes()
            .starts_with(b"Bearer")
    );
}

/// `examples/api` with a Fief that signs any token.
struct Api {
    fief: FiefTestServer,
    url: String,
    docs: String,
    _process: Process,
}

impl Api {
    async fn start() -> Self {
        let fief = FiefTestServer::start().await;
        let variables = [
            ("FIEF_BASE_URL", fief.url()),
            ("FIEF_CLIENT_ID", fief.client_id()),
        ];
        let mut process = Process::start("example-api", &variables);
        Self {
            url: process.value_of("App"),
            docs: process.value_of("Docs"),
            _process: process,
            fief,
        }
    }

    async fn send(&self, method: Method, path: &str, token: AccessTokenBuilder) -> Response {
        let request = Client::new().request(method, format!("{}{path}", self.url));
        request.bearer_auth(token.mint()).send().await.unwrap()
    }
}

/// I10
#[tokio::test]
async fn the_front_page_greets_anonymous_and_logged_in_users() {
    let api = Api::start().await;

    let stranger = get(&api.url, "/").send().await.unwrap();
    let anne = api.send(Method::GET, "/", api.fief.access_token()).await;

    assert_eq!(stranger.text().await.unwrap(), "Hello, stranger");
    assert_eq!(anne.text().await.unwrap(), "Hello, anne@example.com");
}

/// I06: the response says which login is required.
#[tokio::test]
async fn a_castle_is_torn_down_after_a_stronger_login() {
    let api = Api::start().await;
    let token = || api.fief.access_token().permission("castles:delete");
    let (path, old) = ("/castles/Suscinio", Duration::from_secs(400));

    let low = api.send(Method::DELETE, path, token().acr("0")).await;
    let late = token().acr("1").authenticated_ago(old);
    let late = api.send(Method::DELETE, path, late).await;
    let good = api.send(Method::DELETE, path, token().acr("1")).await;

    for rejected in [low, late] {
        assert_eq!(rejected.status(), StatusCode::UNAUTHORIZED);
        let challenge = rejected.headers()["www-authenticate"].to_str().unwrap();
        assert!(challenge.ends_with(r#"acr_values="1", max_age="300""#));
    }
    assert_eq!(good.text().await.unwrap(), "Suscinio is no more");
}

/// I05, I07
#[tokio::test]
async fn what_a_token_lacks_is_reported() {
    let api = Api::start().await;
    let token = || api.fief.access_token();

    let scope = token().claim("scope", "castles");
    let scope = api.send(Method::GET, "/me", scope).await;
    let list = api.send(Method::GET, "/castles", token()).await;
    let reader = token().permission("castles:read");
    let create = api.send(Method::POST, "/castles", reader).await;

    assert_is_forbidden(scope, "insufficient_scope").await;
    assert_is_forbidden(list, "insufficient_permissions").await;
    assert_is_forbidden(create, "insufficient_permissions").await;
}

/// I13
#[tokio::test]
async fn the_documentation_is_there_with_any_fief() {
    let api = Api::start().await;

    let page = get(&api.docs, "/").send().await.unwrap();
    let (status, document) = send(get(&api.url, "/openapi.json")).await;

    assert!(page.text().await.unwrap().contains("swagger-ui"));
    assert_eq!(status, StatusCode::OK);
    assert_eq!(document["info"]["title"], "Castles");
}

async fn assert_is_forbidden(response: Response, error: &str) {
    assert_eq!(response.status(), StatusCode::FORBIDDEN);
    let body: Value = response.json().await.unwrap();
    assert_eq!(body["error"], error);
}

fn get(url: &str, path: &str) -> RequestBuilder {
    Client::new().get(format!("{url}{path}"))
}

async fn send(request: RequestBuilder) -> (StatusCode, Value) {
    let response = request.send().await.unwrap();
    let status = response.status();
    (status, response.json().await.unwrap())
}
