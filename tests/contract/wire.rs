use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use fief_tests::{Browser, Page};
use reqwest::{Method, RequestBuilder, header::HeaderMap};
use serde_json::Value;
use url::Url;

use super::target::{Client, Target};

/// A response with its whole body.
#[derive(Debug)]
pub(crate) struct TestResponse {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) body: String,
}

impl TestResponse {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|_| panic!("no JSON: {self:?}"))
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(|value| value.to_str().unwrap())
    }
}

impl Target {
    pub(crate) async fn get(&self, path: &str) -> TestResponse {
        send(self.http.get(format!("{}{path}", self.base_url))).await
    }

    pub(crate) fn request(&self, method: Method, path: &str) -> RequestBuilder {
        self.http
            .request(method, format!("{}{path}", self.base_url))
    }

    pub(crate) fn browser(&self) -> Browser {
        Browser::new().stopping_at(&self.seed.redirect_uri)
    }

    /// Returns the URL of `/authorize` with parameters added or replaced; `None` removes one.
    pub(crate) fn authorize_url(&self, client: &str, changes: &[(&str, Option<&str>)]) -> String {
        let client = self.client(client);
        let mut url: Url = format!("{}/authorize", client.base_url).parse().unwrap();
        let usual = [
            ("response_type", "code"),
            ("client_id", &client.id),
            ("redirect_uri", &self.seed.redirect_uri),
            ("scope", "openid"),
            ("state", "a state"),
        ];
        let changed = |name: &str| changes.iter().any(|(changed, _)| *changed == name);
        let kept = usual.into_iter().filter(|(name, _)| !changed(name));
        let set = changes
            .iter()
            .filter_map(|(name, value)| value.map(|value| (*name, value)));
        url.query_pairs_mut().extend_pairs(kept.chain(set));
        url.into()
    }

    /// Requests `/authorize` without a session.
    pub(crate) async fn authorize(&self, changes: &[(&str, Option<&str>)]) -> TestResponse {
        send(self.http.get(self.authorize_url("main", changes))).await
    }

    /// Opens the login page and logs in.
    pub(crate) async fn log_in(&self, browser: &mut Browser, email: &str, url: &str) -> Page {
        browser.open(url).await;
        browser.log_in(email, &self.user(email).password).await
    }

    /// Logs in, and returns the code.
    pub(crate) async fn code(
        &self,
        client: &str,
        email: &str,
        changes: &[(&str, Option<&str>)],
    ) -> String {
        let url = self.authorize_url(client, changes);
        let page = self.log_in(&mut self.browser(), email, &url).await;
        parameter(&page.url, "code").unwrap_or_else(|| panic!("no code: {page:?}"))
    }

    /// Logs in, and returns the tokens.
    pub(crate) async fn tokens(
        &self,
        client: &str,
        email: &str,
        changes: &[(&str, Option<&str>)],
    ) -> Value {
        let code = self.code(client, email, changes).await;
        let response = self.exchange(self.client(client), &code).await;
        assert_eq!(response.status, 200, "{response:?}");
        response.json()
    }

    /// Exchanges a code with all that the client has to send.
    pub(crate) async fn exchange(&self, client: &Client, code: &str) -> TestResponse {
        let form = [
            ("grant_type", "authorization_code"),
            ("client_id", &client.id),
            ("client_secret", &client.secret),
            ("code", code),
            ("redirect_uri", &self.seed.redirect_uri),
        ];
        self.token(client, &form).await
    }

    pub(crate) async fn refresh(
        &self,
        client: &Client,
        token: &str,
        scope: Option<&str>,
    ) -> TestResponse {
        let mut form = vec![
            ("grant_type", "refresh_token"),
            ("client_id", &client.id),
            ("client_secret", &client.secret),
            ("refresh_token", token),
        ];
        form.extend(scope.map(|scope| ("scope", scope)));
        self.token(client, &form).await
    }

    pub(crate) async fn token(&self, client: &Client, form: &[(&str, &str)]) -> TestResponse {
        let url = format!("{}/api/token", client.base_url);
        send(self.http.post(url).form(form)).await
    }

    /// Sends a request to the user API.
    pub(crate) async fn user_api(
        &self,
        method: Method,
        path: &str,
        token: &str,
        body: Option<Value>,
    ) -> TestResponse {
        let mut request = self.request(method, path).bearer_auth(token);
        if let Some(body) = body {
            request = request.json(&body);
        }
        send(request).await
    }
}

pub(crate) async fn send(request: RequestBuilder) -> TestResponse {
    let response = request.send().await.unwrap();
    TestResponse {
        status: response.status().as_u16(),
        headers: response.headers().clone(),
        body: response.text().await.unwrap(),
    }
}

/// Returns the first value of a query parameter.
pub(crate) fn parameter(url: &Url, name: &str) -> Option<String> {
    let mut pairs = url.query_pairs();
    pairs
        .find(|(key, _)| key == name)
        .map(|(_, value)| value.into_owned())
}

/// Returns a part of a JWT as JSON: the first one is its header, the second its claims.
pub(crate) fn part(jwt: &Value, part: usize) -> Value {
    let text = jwt.as_str().unwrap().split('.').nth(part).unwrap();
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(text).unwrap()).unwrap()
}

pub(crate) fn claims(jwt: &Value) -> Value {
    part(jwt, 1)
}

pub(crate) fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_else(|| panic!("no text: {value}"))
}

/// Returns the names of an object's members, sorted.
pub(crate) fn members(value: &Value) -> Vec<&str> {
    let mut names: Vec<&str> = value
        .as_object()
        .unwrap()
        .keys()
        .map(String::as_str)
        .collect();
    names.sort_unstable();
    names
}
