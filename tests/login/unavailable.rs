//! What the pages and the log say while Fief or the store of sessions is unavailable.

use std::net::TcpListener;

use fief_axum::FiefAuth;
use fief_client::Fief;
use fief_test_server::FiefTestServer;
use tracing::Level;

use super::{Visitor, app, builder, key, store::Memory};
use crate::{
    client::log::Log,
    web::{APP, TestResponse},
};

fn assert_says_so(response: &TestResponse) {
    assert_eq!(response.status, 503);
    let body = &response.body;
    assert!(body.contains("is temporarily unavailable"), "{body}");
    assert!(body.contains("Try again</a>"), "{body}");
    assert!(!body.contains("authentication server"), "{body}");
}

/// FD-53: the log names the cause, not only that there is no response.
#[tokio::test]
async fn an_unreachable_fief_is_logged_with_its_cause() {
    let (log, _guard) = Log::of(Level::WARN);
    let closed = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", closed.local_addr().unwrap());
    drop(closed);
    let fief = Fief::builder(url, "CLIENT_ID").build().unwrap();
    let auth = FiefAuth::builder(fief).login(APP, key()).build().unwrap();

    let response = Visitor::new(app(&auth)).open("/login").await;

    assert_says_so(&response);
    let cause = "no response from Fief: ";
    assert!(log.text().contains(cause), "{}", log.text());
    assert!(log.text().contains("Connection refused"), "{}", log.text());
}

/// FD-53: the store's failure is the store's, with its own words in the log.
#[tokio::test]
async fn a_broken_store_is_logged_with_its_cause_and_blamed_on_nothing_else() {
    let server = FiefTestServer::start().await;
    let store = Memory::default();
    let auth = builder(&server)
        .session_store(store.clone())
        .build()
        .unwrap();
    let mut visitor = Visitor::new(app(&auth));
    let callback = visitor.begin(&server, "/login").await;
    let (log, _guard) = Log::of(Level::WARN);
    store.fail(true);

    let response = visitor.open(&callback).await;

    assert_says_so(&response);
    let cause = "the session store failed: broken";
    assert!(log.text().contains(cause), "{}", log.text());
}
