//! Tokens that Fief issued while its keys could not be fetched.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use fief_client::{
    AuthCallbackParams, AuthorizationRequest, Fief, FiefAcr, FiefError, FiefTokenResponse,
    FiefUserInfo, PendingTokens, RefreshParams,
    internal::{TokenRequestError, pending_from_json, pending_to_json},
    secrecy::ExposeSecret,
};
use fief_test_server::{Client, Endpoint, Fault, FiefTestServer, IdTokenBuilder};
use serde_json::{Value, json};
use tokio::task::JoinSet;
use uuid::Uuid;

use super::{CALLBACK, begin, builder, fief, finish, log_in};

/// FD-20, RF-9: the tokens of a refresh are not lost while the keys cannot be fetched.
#[tokio::test]
async fn a_refresh_outlives_keys_that_cannot_be_fetched() {
    for fault in outages() {
        let (server, fief, tokens, user) = offline().await;
        let before = server.requests(Endpoint::Token);
        server.rotate_key();
        server.fault(Endpoint::Jwks, fault.clone());
        let pending = pending(refresh(&fief, &tokens).await);
        still_pending(fief.verify(&pending).await);

        server.clear_faults();
        server.advance(RETRY);
        let (refreshed, same) = fief.verify(&pending).await.unwrap();
        assert_eq!(same.sub, user.sub);
        assert_eq!(
            refreshed.refresh_token(),
            pending.unverified_refresh_token()
        );
        assert_eq!(server.requests(Endpoint::Token), before + 1, "{fault:?}");
        refresh(&fief, &refreshed).await.unwrap();
    }
}

/// FD-20, RF-9: nor are those of a login, whose code is used up.
#[tokio::test]
async fn a_login_outlives_keys_that_cannot_be_fetched() {
    for fault in outages() {
        let (server, fief, _, user) = offline().await;
        let (attempt, query) = begin(&server, &fief, AuthorizationRequest::new()).await;
        let before = server.requests(Endpoint::Token);
        server.rotate_key();
        server.fault(Endpoint::Jwks, fault.clone());
        let pending = pending(finish(&fief, &attempt, &query).await);
        assert_eq!(pending.unverified_refresh_token(), None);

        server.clear_faults();
        server.advance(RETRY);
        let (tokens, same) = fief.verify(&pending).await.unwrap();
        assert_eq!(same.sub, user.sub);
        assert_eq!(server.requests(Endpoint::Token), before + 1, "{fault:?}");
        assert!(fief.userinfo(tokens.access_token()).await.is_ok());
    }
}

/// FD-20: a key set that a cache has kept for too long is no reason to lose the tokens.
#[tokio::test]
async fn tokens_of_a_key_that_is_not_published_yet_are_kept() {
    let (server, fief, tokens, _) = offline().await;
    let url = format!("{}/.well-known/jwks.json", server.url());
    let old: Value = reqwest::get(url).await.unwrap().json().await.unwrap();
    server.rotate_key();
    server.fault(Endpoint::Jwks, Fault::json(old));
    let pending = pending(refresh(&fief, &tokens).await);
    for _ in 0..100 {
        server.advance(RETRY);
        still_pending(fief.verify(&pending).await);
    }
    server.clear_faults();
    server.advance(RETRY);
    fief.verify(&pending).await.unwrap();
}

/// FD-20: the access token can have another key than the ID token.
#[tokio::test]
async fn an_access_token_of_an_unknown_key_is_kept() {
    let (server, fief, _, _) = offline().await;
    let id_key = server.kid();
    server.add_key();
    server.fault(Endpoint::Jwks, Fault::status(503));
    let pending = pending(exchange(&server, &fief, &params(), |token| token.key(id_key)).await);
    server.clear_faults();
    server.advance(RETRY);
    fief.verify(&pending).await.unwrap();
}

/// FD-20: without keys nothing is sent, and the same attempt finishes later.
#[tokio::test]
async fn without_keys_no_code_is_sent() {
    let server = FiefTestServer::start().await;
    let (attempt, query) = begin(&server, &fief(&server), AuthorizationRequest::new()).await;
    let cold = fief(&server);
    server.fault(Endpoint::Jwks, Fault::status(503));
    let error = finish(&cold, &attempt, &query).await.unwrap_err();
    assert_eq!(error.status().map(|status| status.as_u16()), Some(503));
    assert_eq!(server.requests(Endpoint::Token), 0);
    server.clear_faults();
    finish(&cold, &attempt, &query).await.unwrap();
}

/// FD-20: an attempt is used up only if a token request was sent, and this says whether one was.
#[tokio::test]
async fn a_failed_token_request_says_whether_it_was_sent() {
    let server = FiefTestServer::start().await;
    let warm = fief(&server);
    let (attempt, query) = begin(&server, &warm, AuthorizationRequest::new()).await;
    let callback = fief_client::AuthorizationResponse::parse(&query).unwrap();
    let forged = fief_client::AuthorizationResponse::parse("code=CODE&state=OTHER").unwrap();
    let refresh = RefreshParams::new();
    warm.prefetch_keys().await.unwrap();
    let rejected = warm.request_login_tokens(&attempt, &forged).await;
    assert!(matches!(rejected, Err(TokenRequestError::NotSent(_))));
    server.fault(Endpoint::Jwks, Fault::status(503));
    let cold = fief(&server);
    let failed = cold.request_login_tokens(&attempt, &callback).await;
    assert!(matches!(failed, Err(TokenRequestError::NotSent(_))));
    let failed = cold.request_refreshed_tokens("TOKEN", &refresh).await;
    assert!(matches!(failed, Err(TokenRequestError::NotSent(_))));
    assert_eq!(server.requests(Endpoint::Token), 0);

    for fault in [Fault::status(503), Fault::reset(), Fault::cut()] {
        server.fault(Endpoint::Token, fault.clone());
        let failed = warm.request_login_tokens(&attempt, &callback).await;
        assert!(
            matches!(failed, Err(TokenRequestError::Sent(_))),
            "{fault:?}"
        );
        let failed = warm.request_refreshed_tokens("TOKEN", &refresh).await;
        assert!(
            matches!(failed, Err(TokenRequestError::Sent(_))),
            "{fault:?}"
        );
    }
    // The last connection was closed, so there is no other one to use.
    drop(server);
    let failed = warm.request_login_tokens(&attempt, &callback).await;
    assert!(
        matches!(&failed, Err(TokenRequestError::NotSent(error)) if error.is_connect()),
        "{failed:?}"
    );
}

/// RF-9: the request and the verification are two steps, which fief-axum stores the tokens between.
#[tokio::test]
async fn tokens_can_be_kept_before_they_are_verified() {
    let (server, fief, tokens, user) = offline().await;
    let (attempt, query) = begin(&server, &fief, AuthorizationRequest::new()).await;
    let callback = fief_client::AuthorizationResponse::parse(&query).unwrap();
    let pending = fief
        .request_login_tokens(&attempt, &callback)
        .await
        .unwrap();
    assert_eq!(fief.verify(&pending).await.unwrap().1.sub, user.sub);
    let pending = fief
        .request_refreshed_tokens(tokens.refresh_token().unwrap(), &RefreshParams::new())
        .await
        .unwrap();
    assert_eq!(fief.verify(&pending).await.unwrap().1.sub, user.sub);
}

/// FD-20, RF-9, IT-2, IT-4, IT-11, IT-12: a verification that is late is not less strict, and its result is final.
#[tokio::test]
async fn what_pending_tokens_must_match_is_kept() {
    let other = Uuid::from_u128(1);
    let login = UNIX_EPOCH + Duration::from_secs(1_700_000_000);
    let with = |params: AuthCallbackParams| Case::Login(params);
    let cases: [(Case, Change, bool); 12] = [
        (with(params()), |token| token, true),
        (with(params()), |token| token.nonce("OTHER"), false),
        (with(params()), |token| token.without_claim("nonce"), false),
        (with(params()), |token| token.code("OTHER"), false),
        (with(params()), |token| token.claim("iss", "OTHER"), false),
        (with(params()), |token| token.claim("aud", "OTHER"), false),
        (with(params()), |token| token.unpublished_key(), false),
        (
            with(params().acr(FiefAcr::LevelOne)),
            |token| token.acr("0"),
            false,
        ),
        (
            with(params().max_age(Duration::from_secs(100))),
            |token| token.authenticated_ago(Duration::from_secs(200)),
            false,
        ),
        (
            Case::Refresh(RefreshParams::new().user(other)),
            |token| token,
            false,
        ),
        (
            Case::Refresh(RefreshParams::new().auth_time(login)),
            |token| token.claim("auth_time", 1_700_000_001),
            false,
        ),
        (
            Case::Refresh(RefreshParams::new().auth_time(login)),
            |token| token.claim("auth_time", 1_700_000_000),
            true,
        ),
    ];
    for (index, (case, change, is_valid)) in cases.into_iter().enumerate() {
        let (server, fief, _, _) = offline().await;
        server.rotate_key();
        server.fault(Endpoint::Jwks, Fault::status(503));
        let pending = pending(case.tokens(&server, &fief, change).await);
        let elsewhere = builder(&server).build().unwrap();
        let json = pending_to_json(&pending).unwrap();
        let sealed = pending_from_json(&elsewhere, json.expose_secret()).unwrap();
        server.clear_faults();
        server.advance(RETRY);
        for (fief, pending) in [(&fief, &pending), (&fief, &pending), (&elsewhere, &sealed)] {
            let verified = fief.verify(pending).await;
            assert_eq!(verified.is_ok(), is_valid, "{index}: {verified:?}");
            assert!(
                is_valid || matches!(verified, Err(FiefError::IdTokenInvalid(_))),
                "{index}: {verified:?}"
            );
        }
    }
}

/// RF-9, IT-14
#[tokio::test]
async fn pending_tokens_of_an_inactive_user_are_rejected() {
    let (server, fief, tokens, _) = offline().await;
    server.set_active(super::ANNE, false);
    server.rotate_key();
    server.fault(Endpoint::Jwks, Fault::status(503));
    let pending = pending(refresh(&fief, &tokens).await);
    server.clear_faults();
    server.advance(RETRY);
    let rejected = fief.verify(&pending).await;
    assert!(
        matches!(rejected, Err(FiefError::UserInactive)),
        "{rejected:?}"
    );
}

/// RF-9, IT-11: the user cannot help that the login grows older while its tokens wait.
#[tokio::test]
async fn the_age_of_a_login_is_that_at_which_its_tokens_arrived() {
    let (server, fief, _, _) = offline().await;
    server.rotate_key();
    server.fault(Endpoint::Jwks, Fault::status(503));
    let fresh = params().max_age(Duration::from_secs(100));
    let recent = |token: IdTokenBuilder| token.authenticated_ago(Duration::from_secs(150));
    let pending = pending(exchange(&server, &fief, &fresh, recent).await);
    server.clear_faults();
    server.advance(Duration::from_secs(600));
    fief.verify(&pending).await.unwrap();
}

/// RF-9: pending tokens expire as all tokens do.
#[tokio::test]
async fn pending_tokens_expire() {
    let (server, fief, _, _) = offline().await;
    server.rotate_key();
    server.fault(Endpoint::Jwks, Fault::status(503));
    let short = |token: IdTokenBuilder| token.expires_in(Duration::from_secs(300));
    let pending = pending(exchange(&server, &fief, &params(), short).await);
    server.clear_faults();
    server.advance(Duration::from_secs(360));
    let expired = fief.verify(&pending).await;
    assert!(
        matches!(expired, Err(FiefError::IdTokenInvalid(_))),
        "{expired:?}"
    );
}

/// FD-20, RF-9: once for all clones, with one request for the keys.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn clones_that_are_verified_at_once_have_the_same_tokens() {
    let (server, fief, tokens, _) = offline().await;
    server.rotate_key();
    server.fault(Endpoint::Jwks, Fault::status(503));
    let pending = pending(refresh(&fief, &tokens).await);
    server.clear_faults();
    server.advance(RETRY);
    server.reset_requests();
    let mut tasks = JoinSet::new();
    for _ in 0..50 {
        let (fief, pending) = (fief.clone(), pending.clone());
        tasks.spawn(async move { fief.verify(&pending).await });
    }
    let verified = tasks.join_all().await;
    let (first, _) = verified[0].as_ref().unwrap();
    for other in &verified {
        let (other, _) = other.as_ref().unwrap();
        assert_eq!(other.access_token(), first.access_token());
        assert_eq!(other.refresh_token(), first.refresh_token());
    }
    assert_eq!(server.requests(Endpoint::Jwks), 1);
    assert_eq!(server.requests(Endpoint::Token), 0);
}

/// RF-9: what was verified once stays so for clones, whatever happens to the keys.
#[tokio::test]
async fn a_clone_has_the_tokens_that_another_one_has_verified() {
    let (server, fief, tokens, _) = offline().await;
    server.rotate_key();
    server.fault(Endpoint::Jwks, Fault::status(503));
    let pending = pending(refresh(&fief, &tokens).await);
    let clone = pending.clone();
    server.clear_faults();
    server.advance(RETRY);
    let (first, _) = fief.verify(&pending).await.unwrap();
    server.rotate_key();
    log_in(&server, &fief, AuthorizationRequest::new())
        .await
        .unwrap_err();
    server.advance(RETRY);
    log_in(&server, &fief, AuthorizationRequest::new())
        .await
        .unwrap();
    let (second, _) = fief.verify(&clone).await.unwrap();
    assert_eq!(first.access_token(), second.access_token());
}

/// RF-9: another client cannot open them, and for the right one nothing changes.
#[tokio::test]
async fn another_client_cannot_verify_pending_tokens() {
    let (server, fief, tokens, _) = offline().await;
    let client = server.client_id();
    let others = || {
        [
            Fief::builder(server.url(), "OTHER").any_audience(),
            Fief::builder(server.url(), client).issuer("https://other.example"),
        ]
    };
    server.rotate_key();
    server.fault(Endpoint::Jwks, Fault::status(503));
    let pending = pending(refresh(&fief, &tokens).await);
    let json = pending_to_json(&pending).unwrap();
    for is_verified in [false, true] {
        for other in others() {
            let other = other.clock(server.clock()).build().unwrap();
            foreign(other.verify(&pending).await.map(drop));
            foreign(pending_from_json(&other, json.expose_secret()).map(drop));
        }
        server.clear_faults();
        server.advance(RETRY);
        assert!(is_verified || fief.verify(&pending).await.is_ok());
    }
    // A server of the same client id is another issuer, which is not known before discovery.
    let second = FiefTestServer::builder()
        .client(Client::new(client))
        .start()
        .await
        .unwrap();
    foreign(super::fief(&second).verify(&pending).await.map(drop));
}

/// RF-9: another machine may not know the issuer yet.
#[tokio::test]
async fn without_discovery_pending_tokens_are_not_verified_yet() {
    let (server, fief, tokens, _) = offline().await;
    let request = RefreshParams::new();
    let pending = fief
        .request_refreshed_tokens(tokens.refresh_token().unwrap(), &request)
        .await
        .unwrap();
    let json = pending_to_json(&pending).unwrap();
    let cold = super::fief(&server);
    let pending = pending_from_json(&cold, json.expose_secret()).unwrap();
    server.fault(Endpoint::Discovery, Fault::status(503));
    still_pending(cold.verify(&pending).await);
    server.clear_faults();
    cold.verify(&pending).await.unwrap();
}

/// RF-9: what is not what was written is not read, and no token is shown.
#[tokio::test]
async fn malformed_pending_tokens_are_rejected() {
    let (server, fief, tokens, _) = offline().await;
    let pending = fief
        .request_refreshed_tokens(tokens.refresh_token().unwrap(), &RefreshParams::new())
        .await
        .unwrap();
    let json = pending_to_json(&pending).unwrap();
    let whole: Value = serde_json::from_str(json.expose_secret()).unwrap();
    assert!(!format!("{json:?}").contains(pending.unverified_refresh_token().unwrap()));
    let mut newer = whole.clone();
    newer["expected"]["amr"] = json!("pwd");
    let mut unusable = whole.clone();
    unusable["tokens"]["access_token"] = json!("two words");
    for bad in [
        json!({}),
        json!("SECRET"),
        json!(["SECRET"]),
        newer,
        unusable,
    ] {
        let error = pending_from_json(&fief, &bad.to_string()).unwrap_err();
        assert!(matches!(error, FiefError::Configuration(_)), "{bad}");
        assert!(
            !format!("{error} {error:?}").contains("SECRET"),
            "{error:?}"
        );
    }
    pending_from_json(&fief, &whole.to_string()).unwrap();
    drop(server);
}

/// RF-9, LG-1, LG-2: neither the error nor what it holds shows a secret.
#[tokio::test]
async fn pending_tokens_show_no_secret() {
    let (server, fief, _, user) = offline().await;
    let request = AuthorizationRequest::new().scope("offline_access");
    let (attempt, query) = begin(&server, &fief, request).await;
    server.rotate_key();
    server.fault(Endpoint::Jwks, Fault::status(503));
    let error = finish(&fief, &attempt, &query).await.unwrap_err();
    let pending = pending(Err(error.clone()));
    let first: &dyn std::error::Error = &error;
    let causes = std::iter::successors(Some(first), |error| (*error).source());
    let mut shown: String = causes.map(|error| format!("{error} {error:?}\n")).collect();
    shown.push_str(&format!("{pending:?} {pending:#?}"));

    server.clear_faults();
    server.advance(RETRY);
    let (tokens, _) = fief.verify(&pending).await.unwrap();
    shown.push_str(&format!("{pending:?}"));
    let attempt = serde_json::to_value(&attempt).unwrap();
    let secrets = [
        tokens.access_token(),
        tokens.id_token(),
        tokens.refresh_token().unwrap(),
        attempt["nonce"].as_str().unwrap(),
        attempt["code_verifier"].as_str().unwrap(),
        user.email.as_deref().unwrap(),
        &user.sub.to_string(),
    ];
    for secret in secrets {
        for part in secret.split('.').filter(|part| part.len() > 4) {
            assert!(!shown.contains(part), "{part} is shown: {shown}");
        }
    }
    assert!(shown.contains("the tokens cannot be verified yet"));
}

/// Section 0
#[test]
fn a_blocking_client_verifies_pending_tokens() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let (server, fief, tokens, user) = runtime.block_on(offline());
    let fief = fief_client::blocking::Fief::new(fief).unwrap();
    server.rotate_key();
    server.fault(Endpoint::Jwks, Fault::status(503));
    let refresh_token = tokens.refresh_token().unwrap();
    let refreshed = fief.auth_refresh_token(refresh_token, &RefreshParams::new());
    let pending = pending(refreshed);
    still_pending(fief.verify(&pending));
    server.clear_faults();
    server.advance(RETRY);
    assert_eq!(fief.verify(&pending).unwrap().1.sub, user.sub);
}

type Verified = Result<(FiefTokenResponse, FiefUserInfo), FiefError>;
type Change = fn(IdTokenBuilder) -> IdTokenBuilder;

/// Longer than the cool-down for keys of the token endpoint's tokens.
const RETRY: Duration = Duration::from_secs(5);

enum Case {
    Login(AuthCallbackParams),
    Refresh(RefreshParams),
}

impl Case {
    /// Requests tokens that are valid except for the change.
    async fn tokens(self, server: &FiefTestServer, fief: &Fief, change: Change) -> Verified {
        match self {
            Self::Login(params) => exchange(server, fief, &params, change).await,
            Self::Refresh(params) => {
                let access_token = server.access_token().mint();
                let id_token = change(server.id_token().access_token(&access_token));
                respond(server, &access_token, id_token);
                fief.auth_refresh_token("TOKEN", &params).await
            }
        }
    }
}

/// The ways in which the keys cannot be fetched.
fn outages() -> [Fault; 6] {
    [
        Fault::status(503),
        Fault::status(429),
        Fault::json(json!({"keys": []})),
        Fault::status(200).body("<html>busy</html>"),
        Fault::status(200).body(""),
        Fault::reset(),
    ]
}

/// A server and a client of it that has its keys, with the tokens of a login.
async fn offline() -> (FiefTestServer, Fief, FiefTokenResponse, FiefUserInfo) {
    let server = FiefTestServer::start().await;
    server.set_time(SystemTime::now());
    let fief = fief(&server);
    let request = AuthorizationRequest::new().scope("offline_access");
    let (tokens, user) = log_in(&server, &fief, request).await.unwrap();
    (server, fief, tokens, user)
}

async fn refresh(fief: &Fief, tokens: &FiefTokenResponse) -> Verified {
    fief.auth_refresh_token(tokens.refresh_token().unwrap(), &RefreshParams::new())
        .await
}

fn params() -> AuthCallbackParams {
    AuthCallbackParams::new().nonce("NONCE")
}

/// Exchanges a code for an ID token that is valid except for the change.
async fn exchange(
    server: &FiefTestServer,
    fief: &Fief,
    params: &AuthCallbackParams,
    change: impl FnOnce(IdTokenBuilder) -> IdTokenBuilder,
) -> Verified {
    let access_token = server.access_token().mint();
    let token = server.id_token().nonce("NONCE").code("CODE");
    respond(
        server,
        &access_token,
        change(token.access_token(&access_token)),
    );
    fief.auth_callback("CODE", CALLBACK, params).await
}

fn respond(server: &FiefTestServer, access_token: &str, id_token: IdTokenBuilder) {
    let response = json!({
        "access_token": access_token,
        "id_token": id_token.mint(),
        "token_type": "bearer",
    });
    server.fault(Endpoint::Token, Fault::json(response));
}

fn pending(result: Verified) -> PendingTokens {
    match result {
        Err(FiefError::TokensPending { pending, .. }) => pending,
        result => panic!("{result:?}"),
    }
}

fn still_pending(result: Verified) {
    pending(result);
}

fn foreign(result: Result<(), FiefError>) {
    let error = result.unwrap_err();
    assert!(
        matches!(&error, FiefError::Configuration(why) if why.contains("another client or issuer")),
        "{error:?}"
    );
}
