//! A single-page application at an origin of its own, beside the application that it calls with the session.

use axum::{
    Router,
    http::{HeaderValue, Method, header},
    routing::get,
};
use fief_axum::{CurrentUser, FiefAuth, SessionKey};
use fief_test_server::FiefTestServer;
use fief_tests::Chromium;
use tokio::net::TcpListener;
use tower_http::cors::CorsLayer;

use super::{ANNE, place::other_site};
use crate::web;

/// FD-84, D14, CS-1: another port is another origin on the same site, and a header makes the browser send a preflight.
#[tokio::test]
#[ignore = "needs Chromium"]
async fn a_page_of_a_trusted_origin_logs_in_and_builds_a_castle() {
    let spa = other_site("127.0.0.1", "The single-page application".into()).await;
    let evil = other_site("127.0.0.1", "Another application".into()).await;
    let server = FiefTestServer::start().await;
    let app = start(&server, spa.trim_end_matches('/')).await;
    let chromium = Chromium::start().await;

    chromium.open(&format!("{app}/login?return_to={spa}")).await;
    chromium.wait_for_page(server.url(), "").await;
    chromium.log_in(ANNE.0, ANNE.1).await;
    chromium
        .wait_for_page(&spa, "The single-page application")
        .await;

    for method in ["GET", "POST"] {
        let text = fetch(&chromium, &app, method).await;
        assert_eq!(text, format!("200 The castles of {}", ANNE.0), "{method}");
    }
    chromium.open(&evil).await;
    chromium.wait_for_page(&evil, "").await;
    let text = fetch(&chromium, &app, "POST").await;
    assert_eq!(text, "TypeError: Failed to fetch");
}

/// Sends a request with cookies from the page shown. Returns the status and the text.
async fn fetch(chromium: &Chromium, app: &str, method: &str) -> String {
    let script = format!(
        "return fetch('{app}/castles', {{ method: '{method}', credentials: 'include', \
         headers: {{ 'content-type': 'application/json' }} }})\
         .then(async response => response.status + ' ' + await response.text(), String)"
    );
    let text = chromium.run(&script).await.unwrap();
    text.as_str().unwrap().to_owned()
}

/// Starts the application. Returns its URL.
async fn start(server: &FiefTestServer, spa: &str) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let key = SessionKey::generate().unwrap();
    let auth = FiefAuth::builder(web::fief(server))
        .login(url.as_str(), key)
        .trusted_origin(spa)
        .return_origin(spa)
        .build()
        .unwrap();
    let cors = CorsLayer::new()
        .allow_origin(HeaderValue::from_str(spa).unwrap())
        .allow_credentials(true)
        .allow_headers([header::CONTENT_TYPE])
        .allow_methods([Method::GET, Method::POST]);
    let app = Router::new()
        .route("/castles", get(castles).post(castles))
        .route_layer(auth.require())
        .merge(auth.routes())
        .layer(auth.layer())
        .layer(cors);
    tokio::spawn(async { axum::serve(listener, app).await });
    url
}

async fn castles(CurrentUser(user): CurrentUser) -> String {
    format!(
        "The castles of {}",
        user.email.as_deref().unwrap_or_default()
    )
}
