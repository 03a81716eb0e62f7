//! Layer, guards and extractors share what they know about a request.

use axum::routing::get;
use fief_axum::{Authenticated, CurrentSession};
use fief_test_server::FiefTestServer;

use super::{api, metrics::Counts, one, status};

/// D8
#[tokio::test]
async fn a_token_is_verified_once_however_many_ask() {
    let server = FiefTestServer::start().await;
    let counts = Counts::default();
    let _guard = metrics::set_default_local_recorder(&counts);
    let auth = api(&server);
    let twice = get(async |_: Authenticated, _: Option<CurrentSession>| "inside");
    let app = one(twice.route_layer(auth.require().scope("openid")))
        .layer(auth.require())
        .layer(auth.layer());

    assert_eq!(status(&app, &server.access_token().mint()).await, 200);

    assert_eq!(counts.of("fief_axum_requests_total authenticated"), 1);
    assert_eq!(counts.of("fief_client_access_tokens_total verified"), 1);
    assert_eq!(counts.of("fief_client_access_tokens_total seen"), 0);
}
