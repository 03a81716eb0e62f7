use reqwest::{Client, RequestBuilder, StatusCode};
use serde_json::Value;

use super::site::{Site, Visit};

contract! {
    Site:
    a_token_of_the_web_login_works_on_the_api,
    a_token_without_the_permission_is_forbidden,
    no_token_is_unauthorized,
}

async fn a_token_of_the_web_login_works_on_the_api(site: &Site) {
    let Visit { browser, .. } = site
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
    let Visit { browser, .. } = site
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

fn get(url: &str, path: &str) -> RequestBuilder {
    Client::new().get(format!("{url}{path}"))
}

async fn send(request: RequestBuilder) -> (StatusCode, Value) {
    let response = request.send().await.unwrap();
    let status = response.status();
    (status, response.json().await.unwrap())
}
