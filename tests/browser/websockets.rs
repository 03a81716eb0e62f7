//! WebSockets that a page opens with its session, or with a token as a sub-protocol, and that end with it.

use std::time::Duration;

use axum::{
    Router,
    extract::ws::{CloseFrame, Message, WebSocketUpgrade},
    response::{Html, Response},
    routing::get,
};
use fief_axum::{CurrentSession, FiefAuth, SessionKey};
use fief_test_server::FiefTestServer;
use fief_tests::Chromium;
use tokio::net::TcpListener;

use super::{ANNE, place::other_site};
use crate::web;

/// D23, CS-5: a page of any origin, since it has the token.
#[tokio::test]
#[ignore = "needs Chromium"]
async fn a_websocket_with_a_token_ends_when_the_token_expires() {
    let page = other_site("127.0.0.1", "The page: ".into()).await;
    let (server, _, app) = start().await;
    let chromium = Chromium::start().await;
    let token = server.access_token().expires_in(Duration::from_secs(3600));
    let token = token.mint();
    chromium.open(&page).await;

    connect(&chromium, &app, &["news", &format!("access-token.{token}")]).await;

    let news = "open news. The news of anne@example.com.";
    let shown = chromium.wait_for_page(&page, news).await;
    assert!(!shown.contains("close"), "{shown}");
    // The leeway is a minute.
    server.advance(Duration::from_secs(3600 + 61));
    chromium.wait_for_page(&page, "close 4001").await;
    // An expired token opens none: the handshake is rejected.
    connect(&chromium, &app, &["news", &format!("access-token.{token}")]).await;
    chromium.wait_for_page(&page, "close 1006").await;
}

/// CS-5, D11: other origins have the cookie, and nothing else.
#[tokio::test]
#[ignore = "needs Chromium"]
async fn a_websocket_with_the_session_ends_with_the_session() {
    let evil = other_site("127.0.0.1", "The other page: ".into()).await;
    let (server, auth, app) = start().await;
    let chromium = Chromium::start().await;
    chromium.open(&format!("{app}/login")).await;
    chromium.wait_for_page(server.url(), "").await;
    chromium.log_in(ANNE.0, ANNE.1).await;
    chromium.wait_for_page(&app, "The page:").await;

    connect(&chromium, &app, &["news"]).await;

    let news = "open news. The news of anne@example.com.";
    chromium.wait_for_page(&app, news).await;
    let user = server.user_id(ANNE.0);
    auth.revoke_user_sessions(user).await.unwrap();
    chromium.wait_for_page(&app, "close 4001").await;

    chromium.open(&format!("{app}/login")).await;
    chromium.wait_for_page(&app, "The page:").await;
    connect(&chromium, &app, &["news"]).await;
    chromium.wait_for_page(&app, news).await;
    chromium.open(&evil).await;
    connect(&chromium, &app, &["news"]).await;
    let shown = chromium.wait_for_page(&evil, "close 1006").await;
    assert!(!shown.contains("open"), "{shown}");
}

/// Opens a WebSocket from the page shown, which adds to its text what happens.
async fn connect(chromium: &Chromium, app: &str, protocols: &[&str]) {
    let url = app.replace("http://", "ws://");
    let protocols = protocols.join("', '");
    let script = format!(
        "const say = text => document.body.append(text + '. ');\
         const socket = new WebSocket('{url}/news', ['{protocols}']);\
         socket.onopen = () => say('open ' + socket.protocol);\
         socket.onmessage = event => say(event.data);\
         socket.onclose = event => say('close ' + event.code);"
    );
    chromium.run(&script).await.unwrap();
}

/// Starts the application.
async fn start() -> (FiefTestServer, FiefAuth, String) {
    let server = FiefTestServer::start().await;
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let key = SessionKey::generate().unwrap();
    let auth = FiefAuth::builder(web::fief(&server))
        .login(url.as_str(), key)
        .websocket_token_prefix("access-token.")
        .build()
        .unwrap();
    let app = Router::new()
        .route("/news", get(news))
        .route_layer(auth.require())
        .route("/", get(async || Html("The page: ")))
        .merge(auth.routes())
        .layer(auth.layer());
    tokio::spawn(async { axum::serve(listener, app).await });
    (server, auth, url)
}

async fn news(
    user: fief_axum::CurrentUser,
    session: CurrentSession,
    upgrade: WebSocketUpgrade,
) -> Response {
    let news = format!("The news of {}", user.email.as_deref().unwrap_or_default());
    upgrade
        .protocols(["news"])
        .on_upgrade(async move |mut socket| {
            socket.send(Message::text(news)).await.unwrap();
            session.ended().await;
            let close = CloseFrame {
                code: 4001,
                reason: "ended".into(),
            };
            // The page may be gone.
            let _ = socket.send(Message::Close(Some(close))).await;
        })
}
