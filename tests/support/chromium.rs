use std::time::{Duration, Instant};

use reqwest::{Client, Method};
use serde_json::{Value, json};
use url::Url;

use crate::chromedriver::Chromedriver;

const TIMEOUT: Duration = Duration::from_secs(30);

/// Headless Chromium, driven with [WebDriver](https://www.w3.org/TR/webdriver2/). It is closed when it is dropped.
pub struct Chromium {
    http: Client,
    session: String,
    driver: Chromedriver,
}

impl Chromium {
    pub async fn start() -> Self {
        let driver = Chromedriver::start();
        let mut browser = Self {
            http: Client::builder().tls_certs_only([]).build().unwrap(),
            session: format!("{}/session", driver.url()),
            driver,
        };
        let options = json!({
            "goog:chromeOptions": {"args": ARGUMENTS},
            "goog:loggingPrefs": {"performance": "ALL"},
        });
        let capabilities = json!({"capabilities": {"alwaysMatch": options}});
        let response = browser.post("", capabilities).await.unwrap();
        browser.session += "/";
        browser.session += response["sessionId"].as_str().unwrap();
        browser
    }

    /// Opens a URL, as if it was typed.
    pub async fn open(&self, url: &str) {
        self.post("/url", json!({"url": url})).await.unwrap();
    }

    /// Clicks the link or button with this text.
    pub async fn click(&self, name: &str) {
        let path = format!("//*[self::a or self::button][normalize-space()='{name}']");
        let element = self.element("xpath", &path).await;
        self.post(&format!("{element}/click"), json!({}))
            .await
            .unwrap();
    }

    /// Types into the field with this name; `\n` is the enter key.
    pub async fn fill(&self, name: &str, text: &str) {
        let element = self
            .element("css selector", &format!("input[name='{name}']"))
            .await;
        let keys = json!({"text": text.replace('\n', "\u{E007}")});
        self.post(&format!("{element}/value"), keys).await.unwrap();
    }

    /// Fills in Fief's login page, which must be the page shown.
    pub async fn log_in(&self, email: &str, password: &str) {
        let clear = "document.querySelector(\"input[name='email']\").value = ''";
        self.run(clear).await.unwrap();
        self.fill("email", email).await;
        self.fill("password", &format!("{password}\n")).await;
    }

    /// Goes back in the history.
    pub async fn back(&self) {
        self.post("/back", json!({})).await.unwrap();
    }

    /// Returns the handle of the tab shown, for `show_tab`.
    pub async fn tab(&self) -> String {
        let handle = self.call(Method::GET, "/window", Value::Null).await;
        handle.unwrap().as_str().unwrap().to_owned()
    }

    /// Opens another tab and shows it.
    pub async fn open_tab(&self) -> String {
        let tab = self.post("/window/new", json!({"type": "tab"})).await;
        let tab = tab.unwrap()["handle"].as_str().unwrap().to_owned();
        self.show_tab(&tab).await;
        tab
    }

    pub async fn show_tab(&self, tab: &str) {
        self.post("/window", json!({"handle": tab})).await.unwrap();
    }

    /// Waits for a page with this start of its URL and with this text. Returns the whole text.
    pub async fn wait_for_page(&self, url: &str, text: &str) -> String {
        let deadline = Instant::now() + TIMEOUT;
        loop {
            let page = self.run(PAGE).await;
            if let Ok(Value::Array(page)) = &page
                && let [Value::String(address), Value::String(all)] = page.as_slice()
                && address.starts_with(url)
                && all.contains(text)
            {
                return all.clone();
            }
            assert!(
                Instant::now() < deadline,
                "no {text:?} at {url}, but {page:#?}"
            );
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    /// Returns the URLs requested since the last call, with each redirect.
    pub async fn requests(&self) -> Vec<Url> {
        let log = self.post("/se/log", json!({"type": "performance"})).await;
        let events = log.unwrap();
        let events = events.as_array().unwrap().iter();
        let events = events.map(|entry| {
            let event: Value = serde_json::from_str(entry["message"].as_str().unwrap()).unwrap();
            event["message"].clone()
        });
        let requests = events.filter(|event| event["method"] == "Network.requestWillBeSent");
        requests
            .filter_map(|event| event["params"]["request"]["url"].as_str()?.parse().ok())
            .collect()
    }

    async fn run(&self, script: &str) -> Result<Value, Value> {
        self.post("/execute/sync", json!({"script": script, "args": []}))
            .await
    }

    async fn element(&self, using: &str, value: &str) -> String {
        let found = self.post("/element", json!({"using": using, "value": value}));
        let found = found.await.unwrap();
        let id = found.as_object().unwrap().values().next().unwrap();
        format!("/element/{}", id.as_str().unwrap())
    }

    async fn post(&self, path: &str, body: Value) -> Result<Value, Value> {
        self.call(Method::POST, path, body).await
    }

    async fn call(&self, method: Method, path: &str, body: Value) -> Result<Value, Value> {
        let mut request = self
            .http
            .request(method, format!("{}{path}", self.session))
            .timeout(TIMEOUT * 2);
        if !body.is_null() {
            request = request.json(&body);
        }
        let response = request.send().await.unwrap();
        let is_success = response.status().is_success();
        let mut body: Value = response.json().await.unwrap();
        let value = body["value"].take();
        if is_success { Ok(value) } else { Err(value) }
    }
}

impl Drop for Chromium {
    fn drop(&mut self) {
        // Fails if it is already closed.
        let _ = self.driver.close(&self.session);
    }
}

/// Returns URL and text of a page that is loaded completely.
const PAGE: &str =
    "return document.readyState === 'complete' && [location.href, document.body.innerText]";

/// Root has no sandbox. The other arguments keep Chromium off the network.
const ARGUMENTS: [&str; 9] = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
];
