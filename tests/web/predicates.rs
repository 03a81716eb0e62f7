//! Conditions of the application's own.

use std::sync::Arc;

use fief_test_server::FiefTestServer;

use super::{EMAIL, api, guarded, status};

/// D8
#[tokio::test]
async fn a_predicate_decides_about_valid_tokens_only() {
    let server = FiefTestServer::start().await;
    let auth = api(&server);
    let anne = server.user_id(EMAIL);
    let hers = guarded(auth.require().predicate(move |token| token.id() == anne));
    let nobodys = guarded(auth.require().predicate(|_| false));
    let anyones = guarded(auth.require().predicate(|_| true));
    let token = server.access_token().mint();

    assert_eq!(status(&hers, &token).await, 200);
    assert_eq!(status(&nobodys, &token).await, 403);
    assert_eq!(status(&anyones, "INVALID").await, 401);
}

/// D8
#[tokio::test]
async fn all_predicates_have_to_hold() {
    let server = FiefTestServer::start().await;
    let guard = |first: bool, second: bool| {
        let guard = api(&server).require().predicate(move |_| first);
        guarded(guard.predicate(move |_| second))
    };
    let token = server.access_token().mint();

    assert_eq!(status(&guard(true, true), &token).await, 200);
    assert_eq!(status(&guard(true, false), &token).await, 403);
    assert_eq!(status(&guard(false, true), &token).await, 403);
}

/// No thread keeps it for later requests.
#[tokio::test]
async fn what_a_predicate_holds_is_dropped_with_its_application() {
    let server = FiefTestServer::start().await;
    let auth = api(&server);
    let held = Arc::new(());
    let weak = Arc::downgrade(&held);
    let app = guarded(
        auth.require()
            .predicate(move |_| Arc::strong_count(&held) > 0),
    );
    assert_eq!(status(&app, &server.access_token().mint()).await, 200);

    drop((app, auth));

    assert_eq!(weak.strong_count(), 0);
}
