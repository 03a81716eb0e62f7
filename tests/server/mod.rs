//! The test server, tested over the wire.

mod account;
mod browser;
mod endpoints;
mod faults;
mod flows;
mod login;
mod mint;
mod paused_time;
mod robustness;
mod webhooks;

use fief_test_server::FiefTestServer;
use reqwest::{Client, redirect::Policy};
use serde_json::Value;
use url::Url;

pub const CALLBACK: &str = "http://127.0.0.1:3000/auth-callback";
pub const EMAIL: &str = "anne@example.com";
pub const PASSWORD: &str = "herminetincture";

/// Returns a client that follows no redirects and stores no cookies.
pub fn http() -> Client {
    let client = Client::builder().redirect(Policy::none()).no_proxy();
    // Loading the platform's certificates takes long, and no test here uses TLS.
    client.tls_certs_only([]).build().unwrap()
}

/// Returns the URL of `/authorize` with the required parameters, and more.
pub fn authorize_url(server: &FiefTestServer, more: &[(&str, &str)]) -> Url {
    let mut url = Url::parse(server.url()).unwrap().join("authorize").unwrap();
    url.query_pairs_mut()
        .append_pair("client_id", server.client_id())
        .append_pair("redirect_uri", CALLBACK)
        .append_pair("response_type", "code")
        .append_pair("scope", "openid offline_access")
        .append_pair("state", "st")
        .extend_pairs(more);
    url
}

/// Returns a parameter of a callback.
pub fn parameter(callback: &str, name: &str) -> Option<String> {
    let url = Url::parse(callback).unwrap();
    let found = url.query_pairs().find(|(key, _)| key == name);
    found.map(|(_, value)| value.into_owned())
}

/// Logs anne in without a page, and returns the code.
pub async fn code(server: &FiefTestServer, more: &[(&str, &str)]) -> String {
    let callback = server.log_in(EMAIL, authorize_url(server, more)).await;
    parameter(&callback, "code").unwrap()
}

/// Sends a request to the token endpoint as the first client.
pub async fn token(server: &FiefTestServer, form: &[(&str, &str)]) -> (u16, Value) {
    let response = http()
        .post(format!("{}/api/token", server.url()))
        .basic_auth(server.client_id(), Some(server.client_secret()))
        .form(form)
        .send()
        .await
        .unwrap();
    (response.status().as_u16(), response.json().await.unwrap())
}

/// Exchanges a code of [`code`].
pub async fn exchange(server: &FiefTestServer, code: &str) -> (u16, Value) {
    let form = [
        ("grant_type", "authorization_code"),
        ("code", code),
        ("redirect_uri", CALLBACK),
    ];
    token(server, &form).await
}

/// Returns status and body of `/api/userinfo`.
pub async fn userinfo(server: &FiefTestServer, token: &str) -> (u16, Value) {
    let response = http()
        .get(format!("{}/api/userinfo", server.url()))
        .bearer_auth(token)
        .send()
        .await
        .unwrap();
    let status = response.status().as_u16();
    (status, response.json().await.unwrap_or_default())
}
