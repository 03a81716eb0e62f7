//! Login, sessions and logout with fief-axum, through a browser.

mod account;
mod address;
mod any_fief;
mod at_fief;
mod attempt;
mod begin;
mod bytes;
mod callback;
mod clocks;
mod cookies;
mod ended;
mod exchange;
mod hooks;
mod kept;
mod late;
mod lifetime;
mod logout;
mod loops;
mod names;
mod opened;
mod origins;
mod panics;
mod processes;
mod refresh;
mod return_to;
mod session;
mod settings;
pub(crate) mod store;
mod streams;
mod unavailable;
mod unverified;
mod verified_late;
mod visitor;

use std::{collections::HashMap, time::Duration};

use axum::{
    Router,
    routing::{get, post},
};
use fief_axum::{Authenticated, CurrentUser, FiefAuth, FiefAuthBuilder, SessionKey};
use fief_client::{Fief, FiefAcr};
use fief_test_server::FiefTestServer;
use url::Url;

pub use self::{
    store::Memory,
    visitor::{Visitor, page, path as visitor_path},
};
use crate::web::{self, APP};

pub fn key() -> SessionKey {
    SessionKey::from_bytes(b"a key of thirty-two random bytes").unwrap()
}

/// Returns the builder of a web application.
pub fn builder(server: &FiefTestServer) -> FiefAuthBuilder {
    builder_with(server, web::fief(server), key())
}

/// Returns the builder of a process with another clock or key. Sessions are in its cookies, or in the store that the
/// suites run with.
pub fn builder_with(server: &FiefTestServer, fief: Fief, key: SessionKey) -> FiefAuthBuilder {
    let builder = FiefAuth::builder(fief).login(APP, key).cookie_name("fief");
    match store::chosen(server) {
        Some(store) => builder.session_store(store),
        None => builder,
    }
}

/// Returns the client of a process whose clock is ahead by some seconds.
pub fn ahead(server: &FiefTestServer, seconds: u64) -> Fief {
    let clock = server.clock();
    Fief::builder(server.url(), server.client_id())
        .client_secret(server.client_secret())
        .clock(move || clock() + Duration::from_secs(seconds))
        .build()
        .unwrap()
}

/// Returns an application with a page for each kind of requirement.
pub fn app(auth: &FiefAuth) -> Router {
    let admin = auth.require().acr(FiefAcr::LevelOne);
    let recent = auth.require().max_age(Duration::from_secs(300));
    Router::new()
        .route("/castles", get(whoami).post(whoami))
        .route("/admin", get(whoami).route_layer(admin))
        .route("/recent", get(whoami).route_layer(recent))
        .route("/email", get(email))
        .route("/write", post(whoami))
        .route_layer(auth.require())
        .route("/", get(home))
        .merge(auth.routes())
        .layer(auth.layer())
}

async fn whoami(Authenticated(token): Authenticated) -> String {
    token.id().to_string()
}

async fn email(CurrentUser(user): CurrentUser) -> String {
    user.email.clone().unwrap_or_default()
}

async fn home(token: Option<Authenticated>) -> String {
    match token {
        Some(Authenticated(token)) => token.id().to_string(),
        None => "anonymous".into(),
    }
}

/// Returns an application, and a browser that is logged in to it.
pub async fn logged_in(server: &FiefTestServer, builder: FiefAuthBuilder) -> (FiefAuth, Visitor) {
    let auth = builder.build().unwrap();
    let mut visitor = Visitor::new(app(&auth));
    visitor.log_in(server, "/login").await;
    (auth, visitor)
}

/// Returns a browser that is not logged in.
pub async fn visitor(server: &FiefTestServer) -> Visitor {
    Visitor::new(app(&builder(server).build().unwrap()))
}

pub fn query(url: &str) -> HashMap<String, String> {
    Url::parse(url)
        .unwrap()
        .query_pairs()
        .into_owned()
        .collect()
}
