use fief_client::{AuthorizationRequest, Fief, FiefError, Requirements};
use fief_test_server::{Endpoint, Fault, FiefTestServer};
use serde_json::{Value, json};

use super::{CALLBACK, builder, fief, log_in, recorder::Recorder};

/// The discovery document of a server, as it should be.
pub(crate) fn document(server: &FiefTestServer) -> Value {
    described(server.issuer(), server.url())
}

/// DJ-6, Q22: Fief builds them from `X-Forwarded-Host`, which any client can send.
#[tokio::test]
async fn only_the_paths_of_discovery_are_used() {
    let server = FiefTestServer::start().await;
    let poisoned = described(server.issuer(), "https://evil.example:8443");
    server.fault(Endpoint::Discovery, Fault::json(poisoned));
    let fief = fief(&server);
    let url = fief
        .auth_url(CALLBACK, &AuthorizationRequest::new())
        .await
        .unwrap();
    assert_eq!(url.origin().ascii_serialization(), server.url());
    log_in(&server, &fief, AuthorizationRequest::new())
        .await
        .unwrap();
}

/// Q22, Q23: Docker, and a proxy that ends TLS.
#[tokio::test]
async fn browsers_go_to_the_public_url() {
    let server = FiefTestServer::start().await;
    let fief = builder(&server)
        .public_url("https://auth.example.com/sso/")
        .build()
        .unwrap();
    let url = fief
        .auth_url(CALLBACK, &AuthorizationRequest::new())
        .await
        .unwrap();
    assert!(
        url.as_str()
            .starts_with("https://auth.example.com/sso/authorize?"),
        "{url}"
    );
    let logout = fief.logout_url(CALLBACK);
    assert!(
        logout
            .as_str()
            .starts_with("https://auth.example.com/sso/logout?"),
        "{logout}"
    );
    assert_eq!(server.requests(Endpoint::Discovery), 1);
}

/// DJ-6: each with the tenant's path in front.
#[tokio::test]
async fn endpoints_outside_of_the_base_are_rejected() {
    let server = FiefTestServer::start().await;
    let bad = [
        json!("https://x/authorize"),
        json!("https://x/secondary/authorize"),
        json!("https://x/second/../authorize"),
        json!("https://x/second/%2e%2e/authorize"),
        json!("https://x/second"),
        json!("/second/authorize"),
        json!("file:///second/authorize"),
        json!("data:text/plain,/second/authorize"),
        json!("https://user@x/second/authorize"),
        json!("https://user:secret@x/second/authorize"),
        json!("https://:secret@x/second/authorize"),
        json!("https://x/second/authorize#fragment"),
        json!(""),
        json!(null),
        json!(7),
        json!(["https://x/second/authorize"]),
    ];
    for endpoint in [
        "authorization_endpoint",
        "token_endpoint",
        "userinfo_endpoint",
        "jwks_uri",
    ] {
        for url in &bad {
            let mut document = described(server.issuer(), "https://x/second");
            document[endpoint] = url.clone();
            server.fault(Endpoint::Discovery, Fault::json(document));
            let fief = Fief::builder(format!("{}/second", server.url()), "CLIENT_ID")
                .build()
                .unwrap();
            let rejected = fief.auth_url(CALLBACK, &AuthorizationRequest::new()).await;
            assert!(
                matches!(rejected, Err(FiefError::DiscoveryInvalid(_))),
                "{endpoint}: {url}"
            );
        }
    }
}

/// DJ-6: no request goes to a metadata service of a cloud, regardless of the discovery document.
#[tokio::test]
async fn no_request_goes_to_another_host() {
    let evil = FiefTestServer::start().await;
    let server = FiefTestServer::start().await;
    server.fault(
        Endpoint::Discovery,
        Fault::json(described(server.issuer(), evil.url())),
    );
    let token = server.access_token().mint();
    fief(&server)
        .validate_access_token(&token, &Requirements::new())
        .await
        .unwrap();
    assert_eq!(
        (
            evil.requests(Endpoint::Jwks),
            server.requests(Endpoint::Jwks)
        ),
        (0, 1)
    );
}

/// DJ-6: `https` although it is served on `http`, and no slash at its end.
#[tokio::test]
async fn the_issuer_is_the_string_that_discovery_gave() {
    let server = FiefTestServer::builder()
        .domain("fief.example.com")
        .start()
        .await
        .unwrap();
    let fief = fief(&server);
    let token = server.access_token().mint();
    assert!(
        fief.validate_access_token(&token, &Requirements::new())
            .await
            .is_ok()
    );
    for other in [
        server.url(),
        "https://fief.example.com/",
        "https://FIEF.example.com",
        "http://fief.example.com",
    ] {
        let token = server.access_token().claim("iss", other).mint();
        let rejected = fief
            .validate_access_token(&token, &Requirements::new())
            .await;
        assert!(
            matches!(rejected, Err(FiefError::AccessTokenInvalid(_))),
            "{other}"
        );
    }
}

/// DJ-6
#[tokio::test]
async fn an_issuer_that_was_set_is_pinned() {
    let server = FiefTestServer::start().await;
    let good = builder(&server).issuer(server.issuer()).build().unwrap();
    assert!(
        good.auth_url(CALLBACK, &AuthorizationRequest::new())
            .await
            .is_ok()
    );
    let bad = builder(&server)
        .issuer("https://other.example")
        .build()
        .unwrap();
    let rejected = bad.auth_url(CALLBACK, &AuthorizationRequest::new()).await;
    assert!(matches!(rejected, Err(FiefError::DiscoveryInvalid(_))));
}

/// DJ-6
#[tokio::test]
async fn a_missing_or_strange_issuer_is_rejected() {
    let server = FiefTestServer::start().await;
    for issuer in [json!(null), json!(""), json!([server.issuer()]), json!(1)] {
        let mut document = document(&server);
        document["issuer"] = issuer.clone();
        server.fault(Endpoint::Discovery, Fault::json(document));
        let rejected = fief(&server)
            .auth_url(CALLBACK, &AuthorizationRequest::new())
            .await;
        assert!(
            matches!(rejected, Err(FiefError::DiscoveryInvalid(_))),
            "{issuer}"
        );
    }
}

/// FD-74, TV-28: the text names it, and shows nothing of the document.
#[tokio::test]
async fn the_member_of_a_bad_discovery_document_is_named() {
    let server = FiefTestServer::start().await;
    let cases = [
        ("issuer", json!(null), "its issuer is of a wrong type"),
        ("issuer", json!(""), "its issuer has a wrong value"),
        (
            "token_endpoint",
            json!(7),
            "its token_endpoint is of a wrong type",
        ),
        (
            "jwks_uri",
            json!("mailto:secret@evil.example"),
            "its jwks_uri has a wrong value",
        ),
    ];
    for (name, value, why) in cases {
        let mut bad = document(&server);
        bad[name] = value;
        assert_eq!(why_invalid(&server, Fault::json(bad)).await, why);
    }
    let mut lacking = document(&server);
    lacking.as_object_mut().unwrap().remove("userinfo_endpoint");
    let why = why_invalid(&server, Fault::json(lacking)).await;
    assert_eq!(why, "its userinfo_endpoint is missing");
    let twice = document(&server)
        .to_string()
        .replacen('{', r#"{"issuer":"x","#, 1);
    let why = why_invalid(&server, Fault::status(200).body(twice)).await;
    assert_eq!(why, "its document cannot be parsed");
}

async fn why_invalid(server: &FiefTestServer, response: Fault) -> String {
    server.fault(Endpoint::Discovery, response);
    let error = super::discover(&fief(server)).await.unwrap_err();
    let text = error.to_string();
    let why = text.strip_prefix("the discovery document is invalid: ");
    why.unwrap_or(&text).to_owned()
}

/// C17
#[tokio::test]
async fn requests_go_to_the_host_of_the_base_url() {
    let recorder = Recorder::start().await;
    let fief = Fief::builder(recorder.url(), "CLIENT_ID").build().unwrap();
    fief.auth_url(CALLBACK, &AuthorizationRequest::new())
        .await
        .unwrap();
    let request = recorder.last();
    assert_eq!(request.path, "/.well-known/openid-configuration");
    assert_eq!(
        request.header("host"),
        recorder.url().strip_prefix("http://")
    );
}

/// C18
#[tokio::test]
async fn the_host_header_can_be_another() {
    let recorder = Recorder::start().await;
    let fief = Fief::builder(recorder.url(), "CLIENT_ID")
        .host("www.bretagne.duchy")
        .build()
        .unwrap();
    fief.auth_url(CALLBACK, &AuthorizationRequest::new())
        .await
        .unwrap();
    assert_eq!(recorder.last().header("host"), Some("www.bretagne.duchy"));
}

/// A discovery document with its endpoints under a URL.
pub(crate) fn described(issuer: &str, url: &str) -> Value {
    json!({
        "issuer": issuer,
        "authorization_endpoint": format!("{url}/authorize"),
        "token_endpoint": format!("{url}/api/token"),
        "userinfo_endpoint": format!("{url}/api/userinfo"),
        "jwks_uri": format!("{url}/.well-known/jwks.json"),
    })
}
