use std::{
    collections::HashMap,
    io::{BufRead as _, BufReader, Read},
    process::{Child, Command, Output, Stdio},
    sync::mpsc::{Receiver, channel},
    thread,
    time::Duration,
};

use reqwest::{Client, Method, RequestBuilder, header::HeaderMap};
use serde_json::Value;

/// The binary, which is killed when the test ends, even if it panics.
pub(crate) struct Running {
    child: Child,
    errors: Receiver<String>,
    pub(crate) settings: HashMap<String, String>,
    pub(crate) http: Client,
}

pub(crate) struct TestResponse {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) body: String,
}

impl TestResponse {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|_| panic!("no JSON: {}", self.body))
    }
}

impl Running {
    /// Starts it at any free port, and reads the settings that it prints.
    pub(crate) fn start(arguments: &[&str]) -> Self {
        let mut child = spawn(["--port", "0"].iter().chain(arguments));
        let errors = lines_of(child.stderr.take().unwrap());
        let mut settings = HashMap::new();
        for line in BufReader::new(child.stdout.take().unwrap()).lines() {
            let line = line.unwrap();
            let (name, value) = line.split_once('=').unwrap();
            settings.insert(name.to_owned(), value.trim_matches('\'').to_owned());
            // The last one that there always is.
            if name == "FIEF_USER_PERMISSIONS" {
                break;
            }
        }
        Self {
            child,
            errors,
            settings,
            http: Client::builder()
                .no_proxy()
                .tls_certs_only([])
                .redirect(reqwest::redirect::Policy::none())
                .build()
                .unwrap(),
        }
    }

    /// Starts it with the control API.
    pub(crate) fn controlled(arguments: &[&str]) -> Self {
        let arguments = ["--control", "0"].iter().chain(arguments);
        Self::start(&arguments.copied().collect::<Vec<_>>())
    }

    pub(crate) fn fief(&self, method: Method, path: &str) -> RequestBuilder {
        let url = format!("{}{path}", self.settings["FIEF_BASE_URL"]);
        self.http.request(method, url)
    }

    pub(crate) fn control(&self, method: Method, path: &str) -> RequestBuilder {
        let url = format!("{}{path}", self.settings["FIEF_CONTROL_URL"]);
        self.http.request(method, url)
    }

    /// Sends a request to the control API, which has to succeed.
    pub(crate) async fn change(&self, method: Method, path: &str, body: Value) -> String {
        let response = send(json(self.control(method, path), &body)).await;
        assert!(
            (200..300).contains(&response.status),
            "{path}: {}",
            response.body
        );
        response.body
    }

    /// Returns a token of the control API.
    pub(crate) async fn token(&self, minted: Value) -> String {
        let body = self.change(Method::POST, "/tokens", minted).await;
        let body: Value = serde_json::from_str(&body).unwrap();
        body["access_token"].as_str().unwrap().to_owned()
    }

    /// Returns the status of `/api/userinfo` of a tenant with this token.
    pub(crate) async fn userinfo(&self, tenant: &str, token: &str) -> u16 {
        let request = self.fief(Method::GET, &format!("{tenant}/api/userinfo"));
        send(request.header("authorization", format!("Bearer {token}")))
            .await
            .status
    }

    /// Waits for the next line of stderr that contains a text.
    pub(crate) fn error(&self, text: &str) -> String {
        let timeout = Duration::from_secs(30);
        loop {
            let line = self.errors.recv_timeout(timeout);
            let line = line.unwrap_or_else(|_| panic!("it did not say {text:?}"));
            if line.contains(text) {
                return line;
            }
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

/// Runs it to its end.
pub(crate) fn output(arguments: &[&str]) -> Output {
    spawn(arguments).wait_with_output().unwrap()
}

pub(crate) fn json(request: RequestBuilder, body: &Value) -> RequestBuilder {
    if body.is_null() {
        return request;
    }
    request
        .header("content-type", "application/json")
        .body(body.to_string())
}

pub(crate) async fn send(request: RequestBuilder) -> TestResponse {
    let response = request.send().await.unwrap();
    TestResponse {
        status: response.status().as_u16(),
        headers: response.headers().clone(),
        body: response.text().await.unwrap(),
    }
}

fn spawn<'a>(arguments: impl IntoIterator<Item = &'a &'a str>) -> Child {
    Command::new(env!("CARGO_BIN_EXE_fief-test-server"))
        .args(arguments)
        .env_remove("FIEF_CONTROL_URL")
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap()
}

fn lines_of(output: impl Read + Send + 'static) -> Receiver<String> {
    let (sender, receiver) = channel();
    thread::spawn(move || {
        for line in BufReader::new(output).lines().map_while(Result::ok) {
            let _ = sender.send(line);
        }
    });
    receiver
}
