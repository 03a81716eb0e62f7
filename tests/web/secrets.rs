//! What is neither shown nor logged.

use axum::{Router, http::Request, routing::get};
use fief_axum::{Account, CurrentSession};
use fief_test_server::FiefTestServer;
use tracing::Level;

use super::{api, call, guarded, one, send, status, unchecked};
use crate::{
    client::log::Log,
    login::{self, builder, logged_in},
};

fn shown() -> Router {
    one(get(async |session: CurrentSession, account: Account| {
        format!("{session:?} {account:?}")
    }))
}

/// LG-1, D19
#[tokio::test]
async fn debug_of_a_session_and_an_account_shows_no_token() {
    let server = FiefTestServer::start().await;
    let token = server.access_token().mint();

    let shown = send(&shown().layer(api(&server).layer()), call(&token)).await;

    assert_eq!(shown.status, 200);
    assert!(token.split('.').all(|part| !shown.body.contains(part)));
}

/// LG-1, D19, SE-10
#[tokio::test]
async fn debug_of_a_cookies_session_shows_neither_token_nor_cookie() {
    let server = FiefTestServer::start().await;
    let (auth, visitor) = logged_in(&server, builder(&server)).await;
    let visitor = visitor.at(shown().layer(auth.layer()));

    let (shown, _) = visitor.send_once(login::page("/", "none")).await;

    assert_eq!(shown.status, 200);
    // As text, and as a list of bytes.
    assert!(!shown.body.contains("eyJ") && !shown.body.contains("101, 121, 74"));
    for value in visitor.jar.values() {
        assert!(!shown.body.contains(value));
    }
}

/// LG-1, D19, FD-89
#[tokio::test]
async fn rejections_are_logged_at_debug_and_without_the_token() {
    let server = FiefTestServer::start().await;
    let auth = api(&server);
    let app = guarded(auth.require().permission("castles"));
    let table = Router::new().route("/", unchecked()).layer(auth.paths());
    let bad = server.access_token().unpublished_key().mint();
    let good = server.access_token().mint();
    let (log, guard) = Log::of(Level::TRACE);

    for token in [&bad, &good] {
        status(&app, token).await;
    }
    send(&table, Request::get("/")).await;
    drop(guard);

    let text = log.text();
    for said in [
        "invalid_token",
        "insufficient_permissions",
        "forbidden",
        "has no entry",
    ] {
        let mut lines = text.lines().filter(|line| line.contains("fief_axum"));
        let line = lines.find(|line| line.contains(said));
        assert!(
            line.is_some_and(|line| line.contains("DEBUG")),
            "{said}: {text}"
        );
    }
    for token in [bad, good] {
        assert!(token.split('.').all(|part| !text.contains(part)));
    }
}
