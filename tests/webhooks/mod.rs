//! fief-axum with the webhooks of Fief: what is accepted, and what it changes on all machines.

mod delivered;
mod denials;
mod machines;
mod order;
mod outlasted;
mod permissions;
mod real;
mod route;

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use aws_lc_rs::hmac::{HMAC_SHA256, Key, sign};
use axum::{
    Router,
    body::Body,
    http::{Request, header},
    routing::get,
};
use fief_axum::{
    Authenticated, CurrentUser, FiefAuth, FiefAuthBuilder, fief_client::webhook::WebhookVerifier,
};
use fief_test_server::{Client, FiefTestServer, User};
use serde_json::{Value, json};
use tower::ServiceExt;
use tower_sessions_core::SessionStore;
use uuid::Uuid;

use crate::{
    login::{self, Memory, Visitor},
    web::{self, EMAIL, TestResponse},
};

const SECRET: &str = "Mj3moMev93UYxQhumtsHoE82dCK1ShXQtVsQjSkaNjY";
const OTHER: &str = "louis@example.com";
const SECOND: Duration = Duration::from_secs(1);
const HOUR: Duration = Duration::from_secs(3600);

/// Starts a server with two users, whose clock stands still.
async fn server() -> FiefTestServer {
    let server = FiefTestServer::builder()
        .client(Client::new("castles").token_lifetime(24 * HOUR))
        .user(User::new(EMAIL, "herminetincture"))
        .user(User::new(OTHER, "porcupine-and-crown"))
        .start()
        .await
        .unwrap();
    server.set_time(SystemTime::now());
    server
}

fn verifier(server: &FiefTestServer) -> WebhookVerifier {
    WebhookVerifier::new(SECRET).unwrap().clock(server.clock())
}

/// Returns the builder of a machine that receives webhooks, and shares this store.
fn machine(server: &FiefTestServer, store: &(impl SessionStore + Clone)) -> FiefAuthBuilder {
    refreshing(server)
        .session_store(store.clone())
        .webhooks("/webhooks", verifier(server))
}

fn refreshing(server: &FiefTestServer) -> FiefAuthBuilder {
    login::builder(server)
        .offline_access()
        .idle_timeout(24 * HOUR)
}

fn app(auth: &FiefAuth) -> Router {
    let create = auth.require().permission("castles:create");
    Router::new()
        .route("/create", get(async || "created").route_layer(create))
        .route("/castles", get(whoami))
        .route("/name", get(name))
        .route_layer(auth.require())
        .route("/", get(home))
        .merge(auth.routes())
        .layer(auth.layer())
}

fn build(builder: FiefAuthBuilder) -> Router {
    app(&builder.build().unwrap())
}

/// Returns two machines that share a store, and the store.
fn machines(server: &FiefTestServer) -> (Router, Router, Memory) {
    let store = Memory::default();
    let [one, other] = [(); 2].map(|()| build(machine(server, &store)));
    (one, other, store)
}

async fn whoami(Authenticated(token): Authenticated) -> String {
    token.id().to_string()
}

async fn name(CurrentUser(user): CurrentUser) -> String {
    user.fields["first_name"].to_string()
}

async fn home(token: Option<Authenticated>) -> &'static str {
    token.map_or("anonymous", |_| "known")
}

/// Returns a browser that is logged in at a machine.
async fn logged_in(server: &FiefTestServer, app: &Router) -> Visitor {
    let mut visitor = Visitor::new(app.clone());
    visitor.log_in(server, "/login").await;
    visitor
}

/// Returns the status of a page at a machine, for the same browser.
async fn status_at(app: &Router, visitor: &Visitor, path: &str) -> u16 {
    let mut visitor = visitor.at(app.clone());
    visitor.open(path).await.status.as_u16()
}

/// Returns the status for a bearer token.
async fn bearer(app: &Router, token: &str) -> u16 {
    let request = Request::get("/castles").header(header::AUTHORIZATION, format!("Bearer {token}"));
    web::send(app, request).await.status.as_u16()
}

/// Returns a time as Fief writes it.
fn rfc3339(time: SystemTime) -> String {
    let since = time.duration_since(UNIX_EPOCH).unwrap();
    let (days, second) = (since.as_secs() / 86_400, since.as_secs() % 86_400);
    // Days since the 1st of March of the year 0, in eras of 400 years.
    let days = days + 719_468;
    let (era, day) = (days / 146_097, days % 146_097);
    let year = (day - day / 1460 + day / 36_524 - day / 146_096) / 365;
    let day = day - (365 * year + year / 4 - year / 100);
    let month = (5 * day + 2) / 153;
    let day = day - (153 * month + 2) / 5 + 1;
    let month = if month < 10 { month + 3 } else { month - 9 };
    let year = era * 400 + year + u64::from(month <= 2);
    let (hour, minute, second) = (second / 3600, second / 60 % 60, second % 60);
    let micros = since.subsec_micros();
    format!("{year}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.{micros:06}Z")
}

/// Returns the data of an event about a user, who was changed so long ago.
fn data(server: &FiefTestServer, email: &str, is_active: bool, ago: Duration) -> Value {
    let updated_at = rfc3339(server.clock()() - ago);
    json!({
        "id": server.user_id(email),
        "created_at": "2026-11-23T15:40:07.138806Z",
        "updated_at": updated_at,
        "email": email,
        "is_active": is_active,
        "fields": {},
    })
}

/// Returns the data of an event about a role of a user.
fn role_data(server: &FiefTestServer, email: &str) -> Value {
    json!({
        "user_id": server.user_id(email),
        "role_id": Uuid::from_u128(1),
        "updated_at": rfc3339(server.clock()()),
    })
}

fn signed(server: &FiefTestServer, body: &str) -> Request<Body> {
    let now = server.clock()().duration_since(UNIX_EPOCH).unwrap();
    signed_at(now.as_secs(), body)
}

fn signed_at(seconds: u64, body: &str) -> Request<Body> {
    let key = Key::new(HMAC_SHA256, SECRET.as_bytes());
    let tag = sign(&key, format!("{seconds}.{body}").as_bytes());
    let digits: String = tag.as_ref().iter().map(|b| format!("{b:02x}")).collect();
    Request::post("/webhooks")
        .header("x-fief-webhook-timestamp", seconds)
        .header("x-fief-webhook-signature", digits)
        .header(header::CONTENT_TYPE, "application/json")
        .body(Body::from(body.to_owned()))
        .unwrap()
}

/// Delivers an event to a machine.
async fn try_deliver(
    app: &Router,
    server: &FiefTestServer,
    kind: &str,
    data: Value,
) -> TestResponse {
    let body = json!({"type": kind, "data": data}).to_string();
    let response = app.clone().oneshot(signed(server, &body)).await.unwrap();
    TestResponse::of(response).await
}

async fn deliver(app: &Router, server: &FiefTestServer, kind: &str, data: Value) {
    let response = try_deliver(app, server, kind, data).await;
    assert_eq!(response.status, 204, "{kind}: {}", response.body);
}
