//! The description of an API for clients that look for where to get a token (RFC 9728).

use axum::{Router, http::Request};
use fief_axum::FiefAuth;
use fief_test_server::{Endpoint, Fault, FiefTestServer};
use serde_json::json;

use super::{APP, api, fief, send, unchecked};

fn app(server: &FiefTestServer, resource: &str) -> Router {
    let auth = FiefAuth::builder(fief(server))
        .resource(resource)
        .build()
        .unwrap();
    Router::new()
        .route("/", unchecked().route_layer(auth.require()))
        .merge(auth.resource_metadata())
}

/// D9: RFC 9728, sections 3 and 5.1
#[tokio::test]
async fn the_challenge_names_the_description_and_the_description_names_fief() {
    let server = FiefTestServer::start().await;
    let app = app(&server, "https://api.example.com/castles");
    let path = "/.well-known/oauth-protected-resource/castles";

    let rejected = send(&app, Request::get("/")).await;
    let described = send(&app, Request::get(path)).await;

    let challenge = format!(r#"Bearer resource_metadata="https://api.example.com{path}""#);
    assert_eq!(rejected.challenge(), challenge);
    let expected = json!({
        "resource": "https://api.example.com/castles",
        "authorization_servers": [server.issuer()],
        "bearer_methods_supported": ["header"],
    });
    assert_eq!(described.json(), expected);
}

/// An application without a resource has neither.
#[tokio::test]
async fn without_a_resource_there_is_no_route() {
    let server = FiefTestServer::start().await;
    let app = Router::new().merge(api(&server).resource_metadata());

    let response = send(&app, Request::get("/.well-known/oauth-protected-resource")).await;

    assert_eq!(response.status, 404);
}

/// ER-7
#[tokio::test]
async fn before_fief_was_reached_nothing_is_described() {
    let server = FiefTestServer::start().await;
    server.fault(Endpoint::Discovery, Fault::status(500));
    let app = app(&server, "https://api.example.com");

    let response = send(&app, Request::get("/.well-known/oauth-protected-resource")).await;

    assert_eq!(response.status, 503);
}

/// A resource is a place.
#[tokio::test]
async fn a_resource_that_is_no_place_is_rejected() {
    let server = FiefTestServer::start().await;

    for resource in [
        "castles",
        "ftp://a.example",
        "https://a.example/?b",
        "https://a.example/{b}",
    ] {
        let built = FiefAuth::builder(fief(&server)).resource(resource).build();
        assert!(built.is_err(), "{resource}");
    }
}

/// D9: RFC 9728, section 1.2
#[tokio::test]
async fn a_resource_has_neither_credentials_nor_a_fragment() {
    let server = FiefTestServer::start().await;

    for resource in [
        "https://a@a.example",
        "https://:b@a.example",
        "https://a.example/#b",
    ] {
        let built = FiefAuth::builder(fief(&server)).resource(resource).build();
        assert!(built.is_err(), "{resource}");
    }
}

/// D9: RFC 9728, section 3.1
#[tokio::test]
async fn a_resource_is_described_as_it_was_written() {
    let server = FiefTestServer::start().await;
    let path = "/.well-known/oauth-protected-resource/b";

    let described = send(&app(&server, "https://a.example/b/"), Request::get(path)).await;

    assert_eq!(described.json()["resource"], "https://a.example/b/");
}

/// D9: RFC 9728, section 2
#[tokio::test]
async fn the_metadata_says_what_is_configured() {
    let server = FiefTestServer::start().await;
    let auth = FiefAuth::builder(fief(&server))
        .resource("https://a.example")
        .resource_scope("castles")
        .resource_scope("openid")
        .resource_name("Castles")
        .resource_documentation("https://a.example/docs?page=1")
        .build()
        .unwrap();
    let path = "/.well-known/oauth-protected-resource";
    let bare = send(&app(&server, "https://a.example"), Request::get(path)).await;

    let described = send(&auth.resource_metadata(), Request::get(path))
        .await
        .json();

    assert_eq!(described["scopes_supported"], json!(["castles", "openid"]));
    assert_eq!(described["resource_name"], "Castles");
    assert_eq!(
        described["resource_documentation"],
        "https://a.example/docs?page=1"
    );
    assert_eq!(bare.json().as_object().unwrap().len(), 3);
}

/// FD-83
#[tokio::test]
async fn details_of_a_resource_that_is_not_published_are_rejected() {
    let server = FiefTestServer::start().await;
    let builder = || FiefAuth::builder(fief(&server));
    let details = [
        ("resource_scope", builder().resource_scope("castles")),
        ("resource_name", builder().resource_name("Castles")),
        (
            "resource_documentation",
            builder().resource_documentation(APP),
        ),
    ];

    for (name, builder) in details {
        let error = builder.build().unwrap_err().to_string();
        assert!(error.contains(&format!("{name} has no effect")), "{error}");
    }
    for page in ["docs", "ftp://a.example"] {
        let builder = builder().resource("https://a.example");
        assert!(
            builder.resource_documentation(page).build().is_err(),
            "{page}"
        );
    }
}
