//! fief-axum in an API, through requests to its router.

mod authorized;
mod bearer;
mod cached_rejections;
mod caching;
mod callers;
mod challenges;
mod fail_closed;
mod fallbacks;
mod forms;
mod grpc;
mod guards;
mod htmx;
pub(crate) mod metrics;
mod navigation;
mod odd_headers;
mod odd_requests;
mod on_rejection;
mod openapi;
mod optional;
mod other_requests;
mod over_tcp;
mod own_pages;
mod paths;
mod plain_cookie;
mod predicates;
mod ready;
pub(crate) mod rejections;
mod requirements;
mod resource;
mod responses;
mod secrets;
mod services;
mod token_sources;
mod trusted_origins;
mod user_cache;
mod user_failures;
mod user_freshness;
mod user_races;
pub(crate) mod user_runtimes;
mod users;
mod verified_once;

use axum::{
    Router,
    body::{Body, to_bytes},
    http::{HeaderMap, Request, Response, StatusCode, header, request::Builder},
    routing::{MethodRouter, get},
};
use fief_axum::{Authenticated, FiefAuth, RequireLayer, SessionKey};
use fief_client::Fief;
use fief_test_server::FiefTestServer;
use serde_json::Value;
use tower::ServiceExt;

pub const APP: &str = "https://app.example.com";
pub const EMAIL: &str = "anne@example.com";
/// The cookie of [`cookie_api`].
pub const COOKIE: &str = "user_session";

/// A response with its whole body.
pub struct TestResponse {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub body: String,
}

impl TestResponse {
    pub async fn of<B>(response: Response<B>) -> Self
    where
        B: axum::body::HttpBody<Data = axum::body::Bytes, Error: Into<axum::BoxError>>
            + Send
            + 'static,
    {
        let (parts, body) = response.into_parts();
        let body = to_bytes(Body::new(body), usize::MAX).await.unwrap();
        Self {
            status: parts.status,
            headers: parts.headers,
            body: String::from_utf8(body.to_vec()).unwrap(),
        }
    }

    /// Returns a header, or an empty string.
    pub fn header(&self, name: impl header::AsHeaderName) -> &str {
        self.headers
            .get(name)
            .map_or("", |value| value.to_str().unwrap())
    }

    /// Returns where it redirects to, by a header or a page, or an empty string.
    pub fn leads_to(&self) -> String {
        let page = self.body.split_once("content=\"0;url=");
        let url = page.and_then(|(_, rest)| rest.split_once('"'));
        match url {
            Some((url, _)) => url.replace("&amp;", "&"),
            None => self.header(header::LOCATION).to_owned(),
        }
    }

    /// Returns the length of the status line and the headers, without those that a server adds.
    pub fn head_len(&self) -> usize {
        let headers = self.headers.iter();
        let len: usize = headers
            .map(|(name, value)| name.as_str().len() + value.len() + 4)
            .sum();
        len + "HTTP/1.1 303 See Other\r\n\r\n".len()
    }

    /// Returns the challenge, or an empty string.
    pub fn challenge(&self) -> &str {
        self.header(header::WWW_AUTHENTICATE)
    }

    pub fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap()
    }

    /// Returns the `error` of a JSON response.
    pub fn error(&self) -> String {
        self.json()["error"].as_str().unwrap().to_owned()
    }
}

/// Returns a client of the test server, with its clock.
pub fn fief(server: &FiefTestServer) -> Fief {
    Fief::builder(server.url(), server.client_id())
        .client_secret(server.client_secret())
        .clock(server.clock())
        .build()
        .unwrap()
}

/// Returns the `FiefAuth` of an API.
pub fn api(server: &FiefTestServer) -> FiefAuth {
    FiefAuth::new(fief(server))
}

/// Returns the `FiefAuth` of an API that also accepts the token in a cookie.
pub fn cookie_api(server: &FiefTestServer) -> FiefAuth {
    let builder = FiefAuth::builder(fief(server));
    builder.access_token_cookie(COOKIE).build().unwrap()
}

/// Returns the `FiefAuth` of a web application.
pub fn site(server: &FiefTestServer) -> FiefAuth {
    let key = SessionKey::generate().unwrap();
    FiefAuth::builder(fief(server))
        .login(APP, key)
        .build()
        .unwrap()
}

/// Returns an application with one route, `/`.
pub fn one(route: MethodRouter) -> Router {
    Router::new().route("/", route)
}

/// Handler of [`one`], which responds with the id of the user.
pub async fn whoami(Authenticated(token): Authenticated) -> String {
    token.id().to_string()
}

/// Returns a route that only a guard protects.
pub fn unchecked() -> MethodRouter {
    get(async || "inside").post(async || "inside")
}

/// Returns an application with one route that only this guard protects.
pub fn guarded(guard: RequireLayer) -> Router {
    one(unchecked().route_layer(guard))
}

pub fn call(token: &str) -> Builder {
    Request::get("/").header(header::AUTHORIZATION, format!("Bearer {token}"))
}

/// Returns the request of a browser for a page.
pub fn page(path: &str) -> Builder {
    Request::get(path)
        .header("sec-fetch-mode", "navigate")
        .header(header::ACCEPT, "text/html")
}

pub async fn send(app: &Router, request: Builder) -> TestResponse {
    let request = request.body(Body::empty()).unwrap();
    TestResponse::of(app.clone().oneshot(request).await.unwrap()).await
}

/// Returns the status of the response to a token.
pub async fn status(app: &Router, token: &str) -> u16 {
    send(app, call(token)).await.status.as_u16()
}
