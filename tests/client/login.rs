use std::time::Duration;

use fief_client::{AuthorizationRequest, FiefAcr, FiefError, LoginAttempt, Requirements};
use fief_test_server::{Client, Endpoint, FiefTestServer};
use url::Url;

use super::{ANNE, CALLBACK, begin, builder, fief, finish, log_in};

/// C21, IT-13: both tokens of one user, verified.
#[tokio::test]
async fn a_login_gives_tokens_and_the_user() {
    let server = FiefTestServer::start().await;
    let fief = fief(&server);
    let (tokens, user) = log_in(&server, &fief, AuthorizationRequest::new())
        .await
        .unwrap();
    let info = fief
        .validate_access_token(tokens.access_token(), &Requirements::new())
        .await
        .unwrap();
    assert_eq!(info.id(), user.sub);
    assert_eq!(user.email.as_deref(), Some(ANNE));
    assert_eq!(tokens.refresh_token(), None);
}

/// CB-5, Q36: the code of a login is worth nothing in another.
#[tokio::test]
async fn an_injected_code_is_rejected() {
    let server = FiefTestServer::start().await;
    let fief = fief(&server);
    let (attempt, _) = begin(&server, &fief, AuthorizationRequest::new()).await;
    let (_, stolen) = begin(&server, &fief, AuthorizationRequest::new()).await;
    let code = url::form_urlencoded::parse(stolen.as_bytes()).find(|(name, _)| name == "code");
    let query = format!("state={}&code={}", attempt.state(), code.unwrap().1);
    let rejected = finish(&fief, &attempt, &query).await;
    assert!(
        matches!(rejected, Err(FiefError::Request { .. })),
        "{rejected:?}"
    );
}

/// IT-11
#[tokio::test]
async fn the_requested_acr_must_be_reached() {
    let server = FiefTestServer::start().await;
    let fief = fief(&server);
    let request = AuthorizationRequest::new().acr(FiefAcr::LevelOne);
    assert!(log_in(&server, &fief, request.clone()).await.is_ok());

    // The same attempt, but the browser took `acr_values` out of the URL while a session was there.
    let (url, attempt) = fief.begin_login(CALLBACK, request).await.unwrap();
    let pairs = super::query(&url)
        .into_iter()
        .filter(|(name, _)| name != "acr_values");
    let mut without = url.clone();
    without
        .query_pairs_mut()
        .clear()
        .extend_pairs(pairs)
        .append_pair("prompt", "none");
    let callback = Url::parse(&server.log_in(ANNE, without).await).unwrap();
    let rejected = finish(&fief, &attempt, callback.query().unwrap()).await;
    assert!(rejected.is_err(), "{rejected:?}");
}

/// D10: it is kept in a cookie between the two requests.
#[tokio::test]
async fn an_attempt_survives_serialisation() {
    let server = FiefTestServer::start().await;
    let fief = fief(&server);
    let (attempt, query) = begin(
        &server,
        &fief,
        AuthorizationRequest::new().max_age(Duration::from_secs(60)),
    )
    .await;
    let stored = serde_json::to_string(&attempt).unwrap();
    let attempt: LoginAttempt = serde_json::from_str(&stored).unwrap();
    assert!(finish(&fief, &attempt, &query).await.is_ok());
}

/// LF-4: the server forgets the code, and the second exchange is rejected.
#[tokio::test]
async fn a_code_is_valid_once() {
    let server = FiefTestServer::start().await;
    let fief = fief(&server);
    let (attempt, query) = begin(&server, &fief, AuthorizationRequest::new()).await;
    finish(&fief, &attempt, &query).await.unwrap();
    let FiefError::Request { detail, .. } = finish(&fief, &attempt, &query).await.unwrap_err()
    else {
        panic!("another error");
    };
    assert_eq!(detail.code(), Some("invalid_grant"));
}

/// C23: a public client proves itself with PKCE alone.
#[tokio::test]
async fn a_public_client_logs_in_without_a_secret() {
    let server = FiefTestServer::builder()
        .client(Client::public("spa"))
        .start()
        .await
        .unwrap();
    let fief = fief_client::Fief::builder(server.url(), "spa")
        .build()
        .unwrap();
    assert!(
        log_in(&server, &fief, AuthorizationRequest::new())
            .await
            .is_ok()
    );
}

/// C24: with both ways of proving itself.
#[tokio::test]
async fn basic_credentials_are_sent_raw() {
    let client = Client::new("a client%3A").secret("s%20 ecret+/");
    let server = FiefTestServer::builder()
        .client(client)
        .start()
        .await
        .unwrap();
    let fief = builder(&server)
        .client_auth(fief_client::ClientAuth::Basic)
        .build()
        .unwrap();
    assert!(
        log_in(&server, &fief, AuthorizationRequest::new())
            .await
            .is_ok()
    );
}

/// IT-14: an account that was closed while its session was open.
#[tokio::test]
async fn an_inactive_user_is_rejected() {
    let server = FiefTestServer::start().await;
    let fief = fief(&server);
    let (attempt, query) = begin(&server, &fief, AuthorizationRequest::new()).await;
    server.set_active(ANNE, false);
    let rejected = finish(&fief, &attempt, &query).await;
    assert!(
        matches!(rejected, Err(FiefError::UserInactive)),
        "{rejected:?}"
    );
}

/// DJ-14, RF-4: the code is not spent while it could not be verified.
#[tokio::test]
async fn the_keys_are_there_before_the_code_is_spent() {
    let server = FiefTestServer::start().await;
    let fief = fief(&server);
    let (attempt, query) = begin(&server, &fief, AuthorizationRequest::new()).await;
    server.fault(Endpoint::Jwks, fief_test_server::Fault::status(500));
    assert!(finish(&fief, &attempt, &query).await.is_err());
    assert_eq!(server.requests(Endpoint::Token), 0);
}
