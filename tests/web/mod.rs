//! fief-axum, met as an application's callers meet it.

mod authorized;
mod bearer;
mod cached_rejections;
mod caching;
mod challenges;
mod fail_closed;
mod fallbacks;
mod guards;
pub(crate) mod metrics;
mod navigation;
mod odd_requests;
mod on_rejection;
mod openapi;
mod optional;
mod over_tcp;
mod paths;
mod plain_cookie;
mod predicates;
mod rejections;
mod requirements;
mod resource;
mod responses;
mod secrets;
mod services;
mod user_cache;
mod user_freshness;
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
/// Where [`cookie_api`] finds the token.
pub const COOKIE: &str = "user_session";

/// What came back.
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

    /// A header, empty when it is not there.
    pub fn header(&self, name: impl header::AsHeaderName) -> &str {
        self.headers
            .get(name)
            .map_or("", |value| value.to_str().unwrap())
    }

    /// The challenge, empty when it is not there.
    pub fn challenge(&self) -> &str {
        self.header(header::WWW_AUTHENTICATE)
    }

    pub fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap()
    }

    /// The `error` of a JSON response.
    pub fn error(&self) -> String {
        self.json()["error"].as_str().unwrap().to_owned()
    }
}

/// A client of the test server, by its clock.
pub fn fief(server: &FiefTestServer) -> Fief {
    Fief::builder(server.url(), server.client_id())
        .client_secret(server.client_secret())
        .clock(server.clock())
        .build()
        .unwrap()
}

/// An API's.
pub fn api(server: &FiefTestServer) -> FiefAuth {
    FiefAuth::new(fief(server))
}

/// An API's that also takes the token from a cookie.
pub fn cookie_api(server: &FiefTestServer) -> FiefAuth {
    let builder = FiefAuth::builder(fief(server));
    builder.access_token_cookie(COOKIE).build().unwrap()
}

/// A web application's.
pub fn site(server: &FiefTestServer) -> FiefAuth {
    let key = SessionKey::generate().unwrap();
    FiefAuth::builder(fief(server))
        .login(APP, key)
        .build()
        .unwrap()
}

/// An application of one route, `/`, which says whose token it is.
pub fn one(route: MethodRouter) -> Router {
    Router::new().route("/", route)
}

/// Handler of [`one`], which responds with the id of the user.
pub async fn whoami(Authenticated(token): Authenticated) -> String {
    token.id().to_string()
}

/// A route that only a guard protects.
pub fn unchecked() -> MethodRouter {
    get(async || "inside").post(async || "inside")
}

/// An application of one route that only this guard protects.
pub fn guarded(guard: RequireLayer) -> Router {
    one(unchecked().route_layer(guard))
}

pub fn call(token: &str) -> Builder {
    Request::get("/").header(header::AUTHORIZATION, format!("Bearer {token}"))
}

/// What a browser sends for a page that it is going to show.
pub fn page(path: &str) -> Builder {
    Request::get(path)
        .header("sec-fetch-mode", "navigate")
        .header(header::ACCEPT, "text/html")
}

pub async fn send(app: &Router, request: Builder) -> TestResponse {
    let request = request.body(Body::empty()).unwrap();
    TestResponse::of(app.clone().oneshot(request).await.unwrap()).await
}

/// The status that a token gets.
pub async fn status(app: &Router, token: &str) -> u16 {
    send(app, call(token)).await.status.as_u16()
}
