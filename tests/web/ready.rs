//! What load balancers are told, and nothing else.

use std::time::Duration;

use axum::{Router, http::Request};
use fief_axum::{FiefAuth, FiefAuthBuilder, SessionKey};
use fief_client::{FailureKind, Fief};
use fief_test_server::{Endpoint, Fault, FiefTestServer};

use super::{APP, TestResponse, fief, send};

fn api(server: &FiefTestServer) -> (FiefAuth, Router) {
    let builder = FiefAuth::builder(fief(server)).ready_route("/ready");
    let auth = builder.build().unwrap();
    let app = auth.routes().layer(auth.layer());
    (auth, app)
}

async fn ready(app: &Router) -> TestResponse {
    send(app, Request::get("/ready")).await
}

fn assert_says(response: &TestResponse, status: u16, text: &str) {
    assert_eq!((response.status.as_u16(), &*response.body), (status, text));
    assert_eq!(response.header("cache-control"), "no-store");
    let names = response.headers.keys().map(|name| name.as_str());
    let mut names: Vec<_> = names.collect();
    names.sort_unstable();
    let usual = [
        "cache-control",
        "content-length",
        "content-type",
        "referrer-policy",
        "x-content-type-options",
    ];
    assert_eq!(names, usual);
}

/// D5: a process without keys fetches them, or a load balancer would never send it a request that does.
#[tokio::test]
async fn a_new_process_becomes_ready_on_its_own() {
    let server = FiefTestServer::start().await;
    let (auth, app) = api(&server);
    server.fault(Endpoint::Jwks, Fault::status(500));

    assert_says(&ready(&app).await, 503, "not ready");
    let failure = auth.health().await.fief().last_failure().unwrap();
    assert!(matches!(failure.kind(), FailureKind::Status(status) if status == 500));
    server.clear_faults();
    server.advance(Duration::from_secs(60));

    assert_says(&ready(&app).await, 200, "ready");
    assert!(auth.health().await.is_ready());
    assert_eq!(auth.health().await.session_store(), None);
    let head = send(&app, Request::head("/ready")).await;
    assert_eq!((head.status.as_u16(), &*head.body), (200, ""));
}

/// DJ-10: tokens are verified for a day without Fief.
#[tokio::test]
async fn an_outage_of_fief_takes_no_process_out_of_service() {
    let server = FiefTestServer::start().await;
    let (_, app) = api(&server);
    assert_eq!(ready(&app).await.status, 200);
    for endpoint in [Endpoint::Discovery, Endpoint::Jwks] {
        server.fault(endpoint, Fault::reset());
    }

    server.advance(Duration::from_secs(23 * 3600));
    assert_eq!(ready(&app).await.status, 200);
    server.advance(Duration::from_secs(3600));
    assert_says(&ready(&app).await, 503, "not ready");
}

/// RB: what hangs is waited for once, and for two seconds.
#[tokio::test]
async fn a_fief_that_hangs_makes_a_new_process_wait_two_seconds() {
    let server = FiefTestServer::start().await;
    let (_, app) = api(&server);
    server.fault(Endpoint::Discovery, Fault::hang());
    let (one, two) = tokio::join!(ready(&app), ready(&app));

    assert_eq!((one.status.as_u16(), two.status.as_u16()), (503, 503));
    assert_eq!(server.requests(Endpoint::Discovery), 1);
}

fn error(builder: impl FnOnce(FiefAuthBuilder) -> FiefAuthBuilder) -> String {
    let fief = Fief::builder("https://fief.example.com", "ID").build();
    let built = builder(FiefAuth::builder(fief.unwrap())).build();
    built.map(|_| ()).unwrap_err().to_string()
}

#[test]
fn a_ready_route_that_cannot_be_routed_is_rejected() {
    for path in ["", "/", "ready", "/{ready}", "/ready?x", "//ready"] {
        let error = error(|builder| builder.ready_route(path));
        assert!(error.contains("ready_route must be"), "{path}: {error}");
    }
    let key = SessionKey::generate().unwrap();
    let error = error(|builder| builder.login(APP, key).ready_route("/login"));
    assert!(error.contains("must differ"), "{error}");
}
