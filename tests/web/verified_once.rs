//! Layer, guards and extractors share what they know about a request.

use std::time::Duration;

use axum::{
    extract::{FromRequestParts, Request},
    http::header,
    routing::get,
};
use fief_axum::{Authenticated, CurrentSession};
use fief_test_server::FiefTestServer;

use super::{api, metrics::Counts, one, status};
use crate::login::{self, Memory, builder, logged_in};

/// D8
#[tokio::test]
async fn a_token_is_verified_once_however_often_it_is_used() {
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
    assert_eq!(counts.of("fief_client_access_tokens_total cached"), 0);
}

/// D8: an extractor that has to wait for the store does not begin again.
#[tokio::test]
async fn a_token_is_verified_once_while_its_user_is_looked_up() {
    let server = FiefTestServer::start().await;
    let counts = Counts::default();
    let _guard = metrics::set_default_local_recorder(&counts);
    let auth = builder(&server).session_store(Memory::default());
    let auth = auth.shared_denials().build().unwrap();
    let app = one(get(async |_: Authenticated| "inside")).layer(auth.layer());
    // So that the keys are there, but no look-up counts any more.
    assert_eq!(status(&app, &server.access_token().mint()).await, 200);
    server.advance(Duration::from_secs(6));
    let of = |label: &str| counts.of(&format!("fief_client_access_tokens_total {label}"));
    let before = [of("verified"), of("cached")];

    assert_eq!(status(&app, &server.access_token().mint()).await, 200);

    let after = [of("verified"), of("cached")];
    assert_eq!([after[0] - before[0], after[1] - before[1]], [1, 1]);
}

/// D8, SE-4: the outcome of a request's authentication applies to its response, also if it was determined on a copy.
#[tokio::test]
async fn a_copy_of_a_request_undoes_no_cookies() {
    let server = FiefTestServer::start().await;
    let (auth, visitor) = logged_in(&server, builder(&server)).await;
    let copied = get(async |request: Request| {
        let (mut parts, _) = request.into_parts();
        let mut copy = parts.clone();
        copy.headers.remove(header::COOKIE);
        let result = Authenticated::from_request_parts(&mut parts, &()).await;
        let copy = Option::<Authenticated>::from_request_parts(&mut copy, &()).await?;
        result.map(|_| if copy.is_none() { "inside" } else { "twice" })
    });
    let visitor = visitor.at(one(copied).layer(auth.layer()));
    server.advance(Duration::from_secs(61));

    let (response, cookies) = visitor.send_once(login::page("/", "none")).await;

    assert_eq!(response.body, "inside");
    assert!(!cookies.is_empty());
}
