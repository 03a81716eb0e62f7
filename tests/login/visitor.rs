use std::collections::BTreeMap;

use axum::{
    Router,
    body::Body,
    http::{Method, Request, header},
};
use fief_test_server::FiefTestServer;
use tower::ServiceExt;

use crate::web::{EMAIL, TestResponse};

/// Browser of an application that runs in this process. A clone starts with the same cookies, in its own jar.
#[derive(Clone)]
pub struct Visitor {
    app: Router,
    pub jar: BTreeMap<String, String>,
}

impl Visitor {
    pub fn new(app: Router) -> Self {
        Self {
            app,
            jar: BTreeMap::new(),
        }
    }

    /// Returns a browser with the same cookies at another process of the application.
    pub fn at(&self, app: Router) -> Self {
        Self {
            app,
            jar: self.jar.clone(),
        }
    }

    /// Returns the application that it visits.
    pub fn app(&self) -> Router {
        self.app.clone()
    }

    /// Opens a page.
    pub async fn open(&mut self, path: &str) -> TestResponse {
        self.send(page(path, "none")).await
    }

    /// Sends a request as a script of the page does.
    pub async fn fetch(&mut self, method: Method, path: &str) -> TestResponse {
        let request = Request::builder()
            .method(method)
            .uri(path)
            .header("sec-fetch-mode", "cors")
            .header("sec-fetch-site", "same-origin");
        self.send(request.body(Body::empty()).unwrap()).await
    }

    /// Opens the login route and logs in at Fief. Returns the callback.
    pub async fn begin(&mut self, server: &FiefTestServer, login: &str) -> String {
        let response = self.open(login).await;
        assert_eq!(response.status, 303, "{}", response.body);
        let callback = server
            .log_in(EMAIL, response.header(header::LOCATION))
            .await;
        path(&callback)
    }

    /// Logs anne in. Returns the response of the callback.
    pub async fn log_in(&mut self, server: &FiefTestServer, login: &str) -> TestResponse {
        let callback = self.begin(server, login).await;
        self.open(&callback).await
    }

    /// Logs a user in. Returns the response of the callback.
    pub async fn log_in_as(&mut self, server: &FiefTestServer, email: &str) -> TestResponse {
        let begun = self.open("/login").await;
        let callback = server.log_in(email, begun.header(header::LOCATION)).await;
        self.open(&path(&callback)).await
    }

    pub async fn send(&mut self, request: Request<Body>) -> TestResponse {
        let (response, cookies) = self.send_once(request).await;
        self.store_cookies(&cookies);
        response
    }

    /// Returns the response, and its cookies, which are not stored.
    pub async fn send_once(&self, mut request: Request<Body>) -> (TestResponse, Vec<String>) {
        if !self.jar.is_empty() {
            let pairs: Vec<_> = self.jar.iter().map(|(k, v)| format!("{k}={v}")).collect();
            let header = pairs.join("; ").parse().unwrap();
            request.headers_mut().insert(header::COOKIE, header);
        }
        let response = TestResponse::of(self.app.clone().oneshot(request).await.unwrap()).await;
        let cookies = response.headers.get_all(header::SET_COOKIE).iter();
        let cookies = cookies.map(|cookie| cookie.to_str().unwrap().to_owned());
        let cookies = cookies.collect();
        (response, cookies)
    }

    pub fn store_cookies(&mut self, cookies: &[String]) {
        for cookie in cookies {
            let (pair, attributes) = cookie.split_once(';').unwrap();
            let (name, value) = pair.split_once('=').unwrap();
            if attributes.contains("Max-Age=0") {
                self.jar.remove(name);
            } else {
                self.jar.insert(name.to_owned(), value.to_owned());
            }
        }
    }

    /// Returns the names of the stored cookies, except for the one that counts logins.
    pub fn cookie_names(&self) -> Vec<&str> {
        let names = self.jar.keys().map(String::as_str);
        names.filter(|name| !name.contains("logins")).collect()
    }
}

/// Returns the request of a browser that opens a page.
pub fn page(path: &str, site: &str) -> Request<Body> {
    Request::get(path)
        .header("sec-fetch-dest", "document")
        .header("sec-fetch-mode", "navigate")
        .header("sec-fetch-site", site)
        .header(header::ACCEPT, "text/html")
        .body(Body::empty())
        .unwrap()
}

/// Returns path and query of a URL.
pub fn path(url: &str) -> String {
    let url = url::Url::parse(url).unwrap();
    url[url::Position::BeforePath..].to_owned()
}
