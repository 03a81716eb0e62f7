use fief_client::{AuthorizationRequest, AuthorizationResponse, Fief, FiefError};
use fief_test_server::{Client, Endpoint, FiefTestServer};

use super::{begin, builder, fief, finish};

/// LF-12, LF-14
#[test]
fn a_callback_with_strange_parameters_is_rejected() {
    let long = |name: &str, length| format!("state=s&code=c&{name}={}", "x".repeat(length));
    let bad = [
        "",
        "state=s",
        "code=c",
        "state=s&code=",
        "state=&code=c",
        "state=s&code=c&error=access_denied",
        "state=s&state=s&code=c",
        "state=s&code=c&code=c",
        "state=s&error=a&error=b",
        "state=s&code=c&iss=a&iss=b",
        "state=s&code=c%0d%0aSet-Cookie:%20x",
        "state=s%00&code=c",
        "state=%c3%a9&code=c",
        "state=s&code=%ff",
        &long("iss", 2049),
        &format!("state={}&code=c", "x".repeat(257)),
        &format!("state=s&code={}", "x".repeat(513)),
    ];
    for query in bad {
        let rejected = AuthorizationResponse::parse(query);
        assert!(
            matches!(rejected, Err(FiefError::CallbackInvalid(_))),
            "{query}"
        );
    }
}

/// LF-12: what Fief adds is ignored, and what others add.
#[test]
fn unknown_parameters_are_ignored() {
    let response = AuthorizationResponse::parse("a=1&a=2&state=s&code=c&session_state=x").unwrap();
    assert_eq!(response.state(), "s");
}

/// CB-1: Fief sends the description one character at a time.
#[tokio::test]
async fn the_characters_of_a_description_are_joined() {
    let error = authorization_error("error=login_required&error_description=U&error_description=s&error_description=e&error_description=r&error_description=+&error_description=n&error_description=o").await;
    assert_eq!(error, ("login_required".into(), Some("User no".into())));
}

/// CB-1, CB-2: hostile text is cut, and cannot break a line.
#[tokio::test]
async fn a_hostile_description_is_cut_and_has_no_control_characters() {
    let hostile = format!(
        "error=x&error_description=a%0d%0ab%1b[31m%00{}",
        "y".repeat(1000)
    );
    let (_, description) = authorization_error(&hostile).await;
    let description = description.unwrap();
    assert!(description.starts_with("ab[31my"));
    assert_eq!(description.chars().count(), 256);
}

/// CB-2
#[test]
fn an_error_code_of_strange_characters_is_rejected() {
    for code in ["a%0ab".to_owned(), "%f0%9f%92%a9".into(), "x".repeat(65)] {
        let rejected = AuthorizationResponse::parse(&format!("state=s&error={code}"));
        assert!(
            matches!(rejected, Err(FiefError::CallbackInvalid(_))),
            "{code}"
        );
    }
}

/// CB-3, LF-2: nothing is sent.
#[tokio::test]
async fn another_logins_callback_is_rejected() {
    let server = FiefTestServer::start().await;
    let fief = fief(&server);
    let (attempt, _) = begin(&server, &fief, AuthorizationRequest::new()).await;
    let (_, others) = begin(&server, &fief, AuthorizationRequest::new()).await;
    let error = format!("state=x{}&error=access_denied", attempt.state());
    for query in [others, error, "state=x&code=c".into()] {
        let rejected = finish(&fief, &attempt, &query).await;
        assert!(
            matches!(rejected, Err(FiefError::CallbackInvalid(_))),
            "{query}"
        );
    }
    assert_eq!(server.requests(Endpoint::Token), 0);
}

/// Q37, B01: and no code "null" is exchanged.
#[tokio::test]
async fn a_denied_login_is_an_error_of_its_own() {
    let server = FiefTestServer::start().await;
    let fief = fief(&server);
    let (attempt, _) = begin(&server, &fief, AuthorizationRequest::new()).await;
    let query = format!("error=access_denied&state={}", attempt.state());
    let rejected = finish(&fief, &attempt, &query).await;
    assert!(
        matches!(rejected, Err(FiefError::Authorization { error, .. }) if error == "access_denied")
    );
    assert_eq!(server.requests(Endpoint::Token), 0);
}

/// LF-9
#[tokio::test]
async fn an_attempt_of_another_client_is_rejected() {
    let clients = ["one", "two"].map(|id| Client::new(id).secret("SECRET"));
    let mut server = FiefTestServer::builder();
    for client in clients {
        server = server.client(client);
    }
    let server = server.start().await.unwrap();
    let two = Fief::builder(server.url(), "two")
        .client_secret("SECRET")
        .build()
        .unwrap();
    let (attempt, query) = begin(&server, &fief(&server), AuthorizationRequest::new()).await;
    let rejected = finish(&two, &attempt, &query).await;
    assert!(matches!(rejected, Err(FiefError::CallbackInvalid(_))));
    assert_eq!(server.requests(Endpoint::Token), 0);
}

/// LF-9: `iss` of RFC 9207, which Fief does not send.
#[tokio::test]
async fn an_issuer_in_the_callback_must_be_ours() {
    let server = FiefTestServer::start().await;
    let fief = builder(&server).build().unwrap();
    let (attempt, query) = begin(&server, &fief, AuthorizationRequest::new()).await;
    let evil = finish(
        &fief,
        &attempt,
        &format!("{query}&iss=https://evil.example"),
    )
    .await;
    assert!(matches!(evil, Err(FiefError::CallbackInvalid(_))));
    assert_eq!(server.requests(Endpoint::Token), 0);
    let ours = finish(&fief, &attempt, &format!("{query}&iss={}", server.issuer())).await;
    assert!(ours.is_ok());
}

/// What finishing a login with this error gives.
async fn authorization_error(query: &str) -> (String, Option<String>) {
    let server = FiefTestServer::start().await;
    let fief = fief(&server);
    let (attempt, _) = begin(&server, &fief, AuthorizationRequest::new()).await;
    let query = format!("{query}&state={}", attempt.state());
    match finish(&fief, &attempt, &query).await {
        Err(FiefError::Authorization {
            error, description, ..
        }) => (error, description),
        other => panic!("{other:?}"),
    }
}
