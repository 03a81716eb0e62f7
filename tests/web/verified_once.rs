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
use crate::login::{self, builder, logged_in};

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
