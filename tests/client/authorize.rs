use std::time::Duration;

use fief_client::{
    AuthorizationRequest, Fief, FiefAcr, FiefError, Prompt, Screen, pkce::CodeChallengeMethod,
};
use fief_test_server::{Client, Endpoint, FiefTestServer};

use super::{CALLBACK, builder, fief, parameter, query};

/// C10: with `scope=openid`, without which Fief responds with `invalid_request`.
#[tokio::test]
async fn a_plain_login_url_has_four_parameters_in_order() {
    let (server, fief) = castle().await;
    let url = fief
        .auth_url(CALLBACK, &AuthorizationRequest::new())
        .await
        .unwrap();
    let expected = "/authorize?response_type=code&client_id=CLIENT_ID\
        &redirect_uri=https%3A%2F%2Fwww.bretagne.duchy%2Fcallback&scope=openid";
    assert_eq!(url.as_str(), format!("{}{expected}", server.url()));
}

/// C11, C12, C13, C14, C15
#[tokio::test]
async fn each_parameter_is_appended_form_encoded() {
    let (_server, fief) = castle().await;
    let new = AuthorizationRequest::new;
    let cases = [
        (new().state("STATE"), "&state=STATE&scope=openid"),
        (
            new().scope("SCOPE_1").scope("SCOPE_2"),
            "&scope=openid+SCOPE_1+SCOPE_2",
        ),
        (new().scope("openid"), "&scope=openid"),
        (new().extra("foo", "bar"), "&scope=openid&foo=bar"),
        (
            new().code_challenge("CHALLENGE", CodeChallengeMethod::S256),
            "&scope=openid&code_challenge=CHALLENGE&code_challenge_method=S256",
        ),
        (
            new().code_challenge("CHALLENGE", CodeChallengeMethod::Plain),
            "&scope=openid&code_challenge=CHALLENGE&code_challenge_method=plain",
        ),
        (new().lang("fr-FR"), "&scope=openid&lang=fr-FR"),
        (new().nonce("NONCE"), "&scope=openid&nonce=NONCE"),
        (new().prompt(Prompt::None), "&scope=openid&prompt=none"),
        (
            new().screen(Screen::Register),
            "&scope=openid&screen=register",
        ),
        (
            new().login_hint("anne@example.com"),
            "&scope=openid&login_hint=anne%40example.com",
        ),
        (new().acr(FiefAcr::LevelOne), "&scope=openid&acr_values=1"),
        (
            new().max_age(Duration::from_millis(60_900)),
            "&scope=openid&max_age=60",
        ),
    ];
    for (request, expected) in cases {
        let url = fief.auth_url(CALLBACK, &request).await.unwrap();
        assert!(
            url.as_str().ends_with(&format!("callback{expected}")),
            "{url}"
        );
    }
}

/// C16
#[tokio::test]
async fn a_tenants_login_url_has_its_path_once() {
    let server = FiefTestServer::builder()
        .tenant("secondary")
        .start()
        .await
        .unwrap();
    for base in ["/secondary", "/secondary/", "/secondary//"] {
        let fief = Fief::builder(format!("{}{base}", server.url()), "CLIENT_ID")
            .build()
            .unwrap();
        let url = fief
            .auth_url(CALLBACK, &AuthorizationRequest::new())
            .await
            .unwrap();
        let expected = format!("{}/secondary/authorize?response_type=code&", server.url());
        assert!(url.as_str().starts_with(&expected), "{url}");
    }
}

/// C1A: a challenge without its method cannot be written.
#[tokio::test]
async fn a_challenge_comes_with_its_method() {
    let (_server, fief) = castle().await;
    let request = AuthorizationRequest::new().code_challenge("C", CodeChallengeMethod::default());
    let url = fief.auth_url(CALLBACK, &request).await.unwrap();
    assert_eq!(
        parameter(&url, "code_challenge_method").as_deref(),
        Some("S256")
    );
}

/// C1B, LF-11
#[tokio::test]
async fn reserved_extras_are_rejected() {
    let (_server, fief) = castle().await;
    let reserved = [
        "client_id",
        "Client_Id",
        "client_secret",
        "redirect_uri",
        "scope",
        "state",
        "nonce",
        "response_type",
        "response_mode",
        "response_x",
        "code",
        "code_challenge",
        "code_verifier",
        "code_challenge_method",
        "request",
        "request_uri",
        "prompt",
        "screen",
        "acr_values",
        "max_age",
        "login_hint",
        "lang",
    ];
    for name in reserved {
        let request = AuthorizationRequest::new().extra(name, "EVIL");
        let rejected = fief.auth_url(CALLBACK, &request).await;
        assert!(
            matches!(rejected, Err(FiefError::Configuration(_))),
            "{name}"
        );
    }
}

/// LF-12
#[tokio::test]
async fn repeated_extras_are_rejected() {
    let (_server, fief) = castle().await;
    let request = AuthorizationRequest::new()
        .extra("foo", "1")
        .extra("foo", "2");
    let rejected = fief.auth_url(CALLBACK, &request).await;
    assert!(matches!(rejected, Err(FiefError::Configuration(_))));
}

/// LF-14: what Fief's columns hold.
#[tokio::test]
async fn values_that_fief_cannot_keep_are_rejected() {
    let (_server, fief) = castle().await;
    let new = AuthorizationRequest::new;
    let long = |length| "x".repeat(length);
    let plain = CodeChallengeMethod::Plain;
    for good in [
        new().state(long(2048)),
        new().nonce(long(255)),
        new().code_challenge(long(255), plain),
    ] {
        assert!(fief.auth_url(CALLBACK, &good).await.is_ok());
    }
    for bad in [
        new().state(long(2049)),
        new().nonce(long(256)),
        new().code_challenge(long(256), plain),
    ] {
        let rejected = fief.auth_url(CALLBACK, &bad).await;
        assert!(matches!(rejected, Err(FiefError::Configuration(_))));
    }
}

/// LF-10
#[tokio::test]
async fn a_redirect_uri_is_absolute_and_without_fragment() {
    let (_server, fief) = castle().await;
    for bad in [
        "",
        "/callback",
        "www.bretagne.duchy/callback",
        "https://www.bretagne.duchy/#x",
    ] {
        let rejected = fief.auth_url(bad, &AuthorizationRequest::new()).await;
        assert!(
            matches!(rejected, Err(FiefError::Configuration(_))),
            "{bad}"
        );
    }
    let url = fief
        .auth_url("myapp://cb?x=1", &AuthorizationRequest::new())
        .await
        .unwrap();
    assert_eq!(
        parameter(&url, "redirect_uri").as_deref(),
        Some("myapp://cb?x=1")
    );
}

/// LF-1, LF-11, Q36: even if the request sets them.
#[tokio::test]
async fn a_login_begins_with_its_own_state_nonce_and_verifier() {
    let (_server, fief) = castle().await;
    let request = AuthorizationRequest::new()
        .state("MINE")
        .nonce("MINE")
        .code_challenge("MINE", CodeChallengeMethod::Plain);
    let (first, attempt) = fief.begin_login(CALLBACK, request.clone()).await.unwrap();
    let (second, _) = fief.begin_login(CALLBACK, request).await.unwrap();
    for name in ["state", "nonce", "code_challenge"] {
        let value = parameter(&first, name).unwrap();
        // 256 bits in base64url.
        assert_eq!(value.len(), 43, "{name}");
        assert_ne!(Some(value), parameter(&second, name), "{name}");
    }
    assert_eq!(
        parameter(&first, "code_challenge_method").as_deref(),
        Some("S256")
    );
    assert_eq!(parameter(&first, "state").as_deref(), Some(attempt.state()));
}

/// DJ-14: no request is sent before it is needed, and the discovery document is fetched once.
#[tokio::test]
async fn discovery_waits_for_the_first_use_and_is_kept() {
    let server = FiefTestServer::start().await;
    let fief = fief(&server);
    assert_eq!(server.requests(Endpoint::Discovery), 0);
    for _ in 0..3 {
        fief.auth_url(CALLBACK, &AuthorizationRequest::new())
            .await
            .unwrap();
    }
    assert_eq!(server.requests(Endpoint::Discovery), 1);
}

/// C50, Q23, Q24
#[tokio::test]
async fn a_logout_url_is_public_and_has_one_slash() {
    let fief = Fief::builder("https://bretagne.fief.dev/", "CLIENT_ID")
        .build()
        .unwrap();
    let url =
        "https://bretagne.fief.dev/logout?redirect_uri=https%3A%2F%2Fwww.bretagne.duchy%2Fcallback";
    assert_eq!(fief.logout_url(CALLBACK).as_str(), url);

    let inside = Fief::builder("http://fief-internal:8000/tenant/", "CLIENT_ID")
        .insecure_http()
        .public_url("https://bretagne.fief.dev/")
        .build()
        .unwrap();
    assert_eq!(inside.logout_url(CALLBACK).as_str(), url);
}

/// LF-11: the endpoint's own query is kept, and ours follows.
#[tokio::test]
async fn a_query_of_the_endpoint_is_kept() {
    let server = FiefTestServer::start().await;
    let mut document = super::deployments::document(&server);
    document["authorization_endpoint"] = format!("{}/authorize?a=b", server.url()).into();
    server.fault(Endpoint::Discovery, fief_test_server::Fault::json(document));
    let url = fief(&server)
        .auth_url(CALLBACK, &AuthorizationRequest::new())
        .await
        .unwrap();
    let pairs = query(&url);
    assert_eq!(pairs[0], ("a".into(), "b".into()));
    assert_eq!(pairs[1], ("response_type".into(), "code".into()));
}

async fn castle() -> (FiefTestServer, Fief) {
    let client = Client::new("CLIENT_ID").secret("SECRET");
    let server = FiefTestServer::builder()
        .client(client)
        .start()
        .await
        .unwrap();
    let fief = builder(&server).build().unwrap();
    (server, fief)
}
