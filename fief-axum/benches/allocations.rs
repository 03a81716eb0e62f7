//! How many allocations protecting a route costs. A program of its own, since counting them takes time too.
#![allow(missing_docs, clippy::unwrap_used, reason = "a program for developers")]

use std::{alloc::System, hint::black_box};

use axum::{
    Router,
    body::Body,
    http::{Request, StatusCode, header},
    routing::get,
};
use fief_axum::{Authenticated, FiefAuth};
use fief_client::Fief;
use fief_test_server::FiefTestServer;
use stats_alloc::{INSTRUMENTED_SYSTEM, Region, StatsAlloc};
use tower::{ServiceExt, layer::util::Identity};

#[global_allocator]
static ALLOCATOR: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

#[tokio::main]
async fn main() {
    let server = FiefTestServer::start().await;
    let fief = Fief::builder(server.url(), server.client_id());
    let auth = FiefAuth::new(fief.build().unwrap());
    let token = server.access_token().permission("castles:create").mint();
    let guard = auth.require().permission("castles:create");
    let protected = Router::new()
        .route("/castles", get(protected_castles).route_layer(guard))
        .layer(auth.layer())
        .with_state(());
    let bare = Router::new()
        .route("/castles", get(castles).route_layer(Identity::new()))
        .layer(Identity::new())
        .with_state(());
    let most = 2;
    let added = allocations(&protected, &token).await - allocations(&bare, &token).await;
    let verdict = if added <= most {
        "target"
    } else {
        "MISSED, target"
    };
    println!("seen token: adds {added} allocations ({verdict} {most})");
}

async fn protected_castles(Authenticated(token): Authenticated) -> &'static str {
    black_box(token.id());
    castles().await
}

async fn castles() -> &'static str {
    "Chambord"
}

/// Of one request: the least of several, since other threads allocate as well.
async fn allocations(app: &Router, token: &str) -> isize {
    let mut least = isize::MAX;
    for _ in 0..100 {
        let request =
            Request::get("/castles").header(header::AUTHORIZATION, format!("Bearer {token}"));
        let request = request.body(Body::empty()).unwrap();
        let app = app.clone();
        let region = Region::new(ALLOCATOR);
        let answer = app.oneshot(request).await.unwrap();
        let change = region.change();
        assert_eq!(answer.status(), StatusCode::OK);
        least = least.min((change.allocations + change.reallocations).cast_signed());
    }
    least
}
