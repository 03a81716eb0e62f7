//! What was found out about a request does not authenticate another one.

use std::future;

use axum::{
    Router,
    body::Body,
    extract::{FromRequestParts, Request},
    http::{HeaderValue, Method, header, request::Parts},
    middleware::map_request,
    response::{IntoResponse, Response},
    routing::get,
};
use fief_axum::{Authenticated, FiefAuth};
use fief_test_server::{FiefTestServer, User};
use tower::ServiceExt;

use super::{EMAIL, call, metrics::Counts, one, send, whoami};
use crate::login::{self, builder, logged_in};

const LOUIS: &str = "louis@example.com";

async fn server() -> FiefTestServer {
    let users = [
        User::new(EMAIL, "herminetincture"),
        User::new(LOUIS, "porcupine"),
    ];
    let builder = users
        .into_iter()
        .fold(FiefTestServer::builder(), |builder, user| {
            builder.user(user)
        });
    builder.start().await.unwrap()
}

/// Returns a part of a batch, with the extensions of the batch and the `Authorization` that its own header names.
fn part(batch: &Parts) -> Request {
    let mut part = Request::get("/").body(Body::empty()).unwrap();
    if let Some(value) = batch.headers.get("x-part") {
        part.headers_mut()
            .insert(header::AUTHORIZATION, value.clone());
    }
    *part.extensions_mut() = batch.extensions.clone();
    part
}

/// Handles a batch of one part with an extractor.
async fn extract(batch: Request) -> Response {
    let (mut part, _) = part(&batch.into_parts().0).into_parts();
    let who = Authenticated::from_request_parts(&mut part, &()).await;
    who.map(|who| who.id().to_string()).into_response()
}

/// Returns applications whose only route handles batches: the part has no guard, or one.
fn batches(auth: &FiefAuth) -> [Router; 2] {
    let router = one(get(whoami).route_layer(auth.require()));
    let route = async |batch: Request| router.oneshot(part(&batch.into_parts().0)).await;
    [one(get(extract)), one(get(route))].map(|app| app.layer(auth.require()))
}

/// FD-76
#[tokio::test]
async fn a_part_of_a_batch_has_the_user_of_its_own_header() {
    let server = server().await;
    let auth = super::api(&server);
    let (anne, louis) = (server.access_token(), server.access_token().user(LOUIS));
    let (anne, louis) = (anne.mint(), format!("Bearer {}", louis.mint()));

    for app in batches(&auth) {
        let response = send(&app, call(&anne).header("x-part", &louis)).await;
        assert_eq!(response.body, server.user_id(LOUIS).to_string());
    }
}

/// FD-76
#[tokio::test]
async fn a_part_of_a_batch_without_a_valid_token_is_rejected() {
    let server = server().await;
    let auth = super::api(&server);
    let anne = server.access_token().mint();
    let expired = format!("Bearer {}", server.access_token().expired().mint());

    for app in batches(&auth) {
        let part = |value: &str| call(&anne).header("x-part", value);
        assert_eq!(send(&app, part(&expired)).await.status, 401);
        assert_eq!(send(&app, part("Bearer")).await.status, 400);
        assert_eq!(send(&app, call(&anne)).await.status, 401);
    }
}

/// FD-76, D8
#[tokio::test]
async fn a_copy_with_the_same_header_is_not_verified_again() {
    let server = server().await;
    let counts = Counts::default();
    let _guard = metrics::set_default_local_recorder(&counts);
    let anne = server.access_token().mint();
    let same = format!("Bearer {anne}");

    for app in batches(&super::api(&server)) {
        let response = send(&app, call(&anne).header("x-part", &same)).await;
        assert_eq!(response.body, server.user_id(EMAIL).to_string());
    }

    assert_eq!(counts.of("fief_axum_requests_total authenticated"), 2);
}

/// FD-76
#[tokio::test]
async fn a_part_of_a_batch_does_not_have_the_session_of_the_batch() {
    let server = server().await;
    let (auth, visitor) = logged_in(&server, builder(&server)).await;
    let louis = format!("Bearer {}", server.access_token().user(LOUIS).mint());

    for app in batches(&auth) {
        let mut visitor = visitor.at(app);
        let mut part = login::page("/", "none");
        part.headers_mut().insert("x-part", louis.parse().unwrap());
        assert_eq!(
            visitor.send(part).await.body,
            server.user_id(LOUIS).to_string()
        );
        assert_eq!(visitor.send(login::page("/", "none")).await.status, 401);
    }
}

/// FD-76: a guard believes no outcome of other headers, however the request got it.
#[tokio::test]
async fn a_guard_reads_a_header_that_was_replaced() {
    let server = server().await;
    let auth = super::api(&server);
    let louis = format!("Bearer {}", server.access_token().user(LOUIS).mint());
    let louis = louis.parse::<HeaderValue>().unwrap();
    let replace = map_request(move |mut request: Request| {
        let headers = request.headers_mut();
        headers.insert(header::AUTHORIZATION, louis.clone());
        future::ready(request)
    });
    let app = one(get(whoami).layer(auth.require()));
    let app = app.layer(replace).layer(auth.require());

    let response = send(&app, call(&server.access_token().mint())).await;

    assert_eq!(response.body, server.user_id(LOUIS).to_string());
}

/// FD-76, CS-1: another site may cause a batch by GET, but no part of it that changes something.
#[tokio::test]
async fn a_part_that_changes_something_is_checked_for_its_site() {
    fn post(batch: Request) -> Parts {
        let (mut part, _) = batch.into_parts();
        part.method = Method::POST;
        part.extensions = part.extensions.clone();
        part
    }
    let server = server().await;
    let (auth, mut visitor) = logged_in(&server, builder(&server)).await;
    let inner = one(axum::routing::post(whoami).route_layer(auth.require()));
    let guarded = async |batch: Request| {
        let part = Request::from_parts(post(batch), Body::empty());
        inner.oneshot(part).await
    };
    let extracted = async |batch: Request| {
        let who = Authenticated::from_request_parts(&mut post(batch), &()).await;
        who.map(|who| who.id().to_string()).into_response()
    };
    // The first one opens the cookies, the second one finds them opened.
    for _ in 0..2 {
        visitor.open("/castles").await;
    }
    for app in [one(get(guarded)), one(get(extracted))] {
        let visitor = visitor.at(app.layer(auth.require()));
        for (site, status) in [("cross-site", 403), ("same-origin", 200)] {
            let (response, _) = visitor.send_once(login::page("/", site)).await;
            assert_eq!(response.status, status, "{site}: {}", response.body);
        }
    }
}

/// LF-5: a copy of a request that changes something comes from another site than the one that was checked.
#[tokio::test]
async fn a_part_of_another_site_is_checked_for_it() {
    fn of_another_site(batch: Request) -> Parts {
        let (mut part, _) = batch.into_parts();
        part.extensions = part.extensions.clone();
        let site = HeaderValue::from_static("cross-site");
        part.headers.insert("sec-fetch-site", site);
        part
    }
    let server = server().await;
    let (auth, visitor) = logged_in(&server, builder(&server)).await;
    let inner = one(axum::routing::post(whoami).route_layer(auth.require()));
    let guarded = async |batch: Request| {
        let part = Request::from_parts(of_another_site(batch), Body::empty());
        inner.oneshot(part).await
    };
    let extracted = async |batch: Request| {
        let who = Authenticated::from_request_parts(&mut of_another_site(batch), &()).await;
        who.map(|who| who.id().to_string()).into_response()
    };
    for app in [
        one(axum::routing::post(guarded)),
        one(axum::routing::post(extracted)),
    ] {
        let mut visitor = visitor.at(app.layer(auth.require()));
        let response = visitor.fetch(Method::POST, "/").await;
        assert_eq!(response.status, 403, "{}", response.body);
    }
}
