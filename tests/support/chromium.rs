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
            "acceptInsecureCerts": true,
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

    /// Presses the button of a form with this name, whatever its text.
    pub async fn press(&self, name: &str) {
        let button = format!("[name='{name}']");
        let element = self.element("css selector", &button).await;
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

    /// Returns the handles of all tabs.
    pub async fn tabs(&self) -> Vec<String> {
        let handles = self.call(Method::GET, "/window/handles", Value::Null).await;
        serde_json::from_value(handles.unwrap()).unwrap()
    }

    /// Opens these URLs at once, each in a tab of its own. Returns the tabs' handles.
    pub async fn open_tabs(&self, urls: &[String]) -> Vec<String> {
        let here = self.tab().await;
        let mut tabs = Vec::new();
        for _ in urls {
            tabs.push(self.open_tab().await);
        }
        let start = self.run("return Date.now() + 1000").await.unwrap();
        for (tab, url) in tabs.iter().zip(urls) {
            self.show_tab(tab).await;
            let script = format!("setTimeout(() => location.href = '{url}', {start} - Date.now())");
            self.run(&script).await.unwrap();
        }
        self.show_tab(&here).await;
        tabs
    }

    /// Closes a tab, and shows another one.
    pub async fn close_tab(&self, tab: &str, next: &str) {
        self.show_tab(tab).await;
        self.call(Method::DELETE, "/window", Value::Null)
            .await
            .unwrap();
        self.show_tab(next).await;
    }

    /// Moves the pointer to the link or button with this text.
    pub async fn hover(&self, name: &str) {
        let path = format!("//*[self::a or self::button][normalize-space()='{name}']");
        let found = json!({"using": "xpath", "value": path});
        let element = self.post("/element", found).await.unwrap();
        let go = json!({"type": "pointerMove", "origin": element, "x": 0, "y": 0, "duration": 0});
        let mouse = json!({"type": "pointer", "id": "mouse", "actions": [go]});
        self.post("/actions", json!({"actions": [mouse]}))
            .await
            .unwrap();
    }

    /// Returns the text of each frame of the page shown, which may be of another site.
    pub async fn frames(&self) -> Vec<String> {
        let found = json!({"using": "css selector", "value": "iframe"});
        let frames = self.post("/elements", found).await.unwrap();
        let mut texts = Vec::new();
        for frame in frames.as_array().unwrap() {
            self.post("/frame", json!({"id": frame})).await.unwrap();
            let text = self.run("return document.body.innerText").await.unwrap();
            texts.push(text.as_str().unwrap().to_owned());
            self.post("/frame", json!({"id": null})).await.unwrap();
        }
        texts
    }

    /// Removes the cookies of the page shown whose names contain this.
    pub async fn delete_cookies(&self, part: &str) {
        let cookies = self.call(Method::GET, "/cookie", Value::Null).await;
        for cookie in cookies.unwrap().as_array().unwrap() {
            let name = cookie["name"].as_str().unwrap();
            if name.contains(part) {
                let path = format!("/cookie/{name}");
                self.call(Method::DELETE, &path, Value::Null).await.unwrap();
            }
        }
    }

    /// Prefers a language from now on.
    pub async fn prefer(&self, language: &str) {
        let params = json!({"headers": {"accept-language": language}});
        let command = json!({"cmd": "Network.setExtraHTTPHeaders", "params": params});
        self.post("/goog/cdp/execute", command).await.unwrap();
    }

    /// Shows pages as a screen of this size does; under 600 pixels it is a phone.
    pub async fn resize(&self, width: u32, height: u32) {
        let params = json!({"width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 600});
        let command = json!({"cmd": "Emulation.setDeviceMetricsOverride", "params": params});
        self.post("/goog/cdp/execute", command).await.unwrap();
    }

    /// Returns a picture of the page shown, as PNG in Base64.
    pub async fn picture(&self) -> String {
        let picture = self.call(Method::GET, "/screenshot", Value::Null).await;
        picture.unwrap().as_str().unwrap().to_owned()
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

    /// Runs a script in the page shown. Returns what it returns.
    ///
    /// # Errors
    ///
    /// What chromedriver says, for example while a page is loaded.
    pub async fn run(&self, script: &str) -> Result<Value, Value> {
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
