//! Requests as browsers and API clients send them.

use std::{
    collections::BTreeMap,
    time::{Duration, Instant},
};

use reqwest::{
    Client, Method, RequestBuilder,
    header::{ACCEPT, COOKIE, HeaderMap, LOCATION, SET_COOKIE},
    redirect::Policy,
};

/// The cookies of a browser.
pub type Jar = BTreeMap<String, String>;

/// A response, and when its request was sent and it had arrived.
#[derive(Clone, Debug)]
pub struct Reply {
    pub status: u16,
    pub headers: HeaderMap,
    pub body: String,
    pub sent: Instant,
    pub received: Instant,
}

impl Reply {
    pub fn location(&self) -> &str {
        self.headers
            .get(LOCATION)
            .map_or("", |value| value.to_str().unwrap())
    }

    /// Stores the cookies of the response.
    pub fn store_cookies(&self, jar: &mut Jar) {
        for cookie in self.headers.get_all(SET_COOKIE) {
            let cookie = cookie.to_str().unwrap();
            let (pair, attributes) = cookie.split_once(';').unwrap();
            let (name, value) = pair.split_once('=').unwrap();
            if attributes.contains("Max-Age=0") {
                jar.remove(name);
            } else {
                jar.insert(name.to_owned(), value.to_owned());
            }
        }
    }
}

/// Sends requests to the application.
#[derive(Clone)]
pub struct Wire(Client);

impl Wire {
    pub fn new() -> Self {
        let client = Client::builder()
            .redirect(Policy::none())
            .no_proxy()
            .timeout(Duration::from_secs(60))
            .tls_certs_only([])
            .build();
        Self(client.unwrap())
    }

    /// Opens a page.
    pub async fn open(&self, url: &str, jar: &Jar) -> Option<Reply> {
        let request = self
            .0
            .get(url)
            .header("sec-fetch-dest", "document")
            .header("sec-fetch-mode", "navigate")
            .header("sec-fetch-site", "none")
            .header(ACCEPT, "text/html");
        send(with_cookies(request, jar)).await
    }

    /// Sends a request as a script of a page does.
    pub async fn fetch(&self, method: Method, url: &str, jar: &Jar) -> Option<Reply> {
        let request = self
            .0
            .request(method, url)
            .header("sec-fetch-mode", "cors")
            .header("sec-fetch-site", "same-origin");
        send(with_cookies(request, jar)).await
    }

    /// Sends a request of an API client.
    pub async fn bearer(&self, url: &str, token: &str) -> Option<Reply> {
        send(self.0.get(url).bearer_auth(token)).await
    }

    /// Sends a request without credentials.
    pub async fn get(&self, url: &str) -> Option<Reply> {
        send(self.0.get(url)).await
    }
}

fn with_cookies(request: RequestBuilder, jar: &Jar) -> RequestBuilder {
    if jar.is_empty() {
        return request;
    }
    let pairs: Vec<_> = jar.iter().map(|(k, v)| format!("{k}={v}")).collect();
    request.header(COOKIE, pairs.join("; "))
}

/// Returns `None` if there is no complete response.
async fn send(request: RequestBuilder) -> Option<Reply> {
    let sent = Instant::now();
    let response = request.send().await.ok()?;
    let (status, headers) = (response.status().as_u16(), response.headers().clone());
    let body = response.text().await.ok()?;
    Some(Reply {
        status,
        headers,
        body,
        sent,
        received: Instant::now(),
    })
}
