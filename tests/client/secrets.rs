use fief_client::{
    AuthCallbackParams, AuthorizationRequest, AuthorizationResponse, FiefAcr, FiefError,
    RefreshParams, Requirements, Tenants, blocking, pkce::CodeChallengeMethod,
};
use fief_test_server::{Client, Endpoint, Fault, FiefTestServer};
use serde_json::{Value, json};
use tracing::Level;

use super::{ANNE, begin, builder, fief, finish, log::Log, log_in};

/// LG-1: with everything that reqwest and hyper say, of what goes well and what does not.
#[tokio::test]
async fn no_secret_is_logged_at_trace() {
    let (log, guard) = Log::of(Level::TRACE);
    let secrets = use_every_secret().await;
    drop(guard);

    let text = log.text();
    for source in ["reqwest", "hyper_util", "fief_client"] {
        assert!(text.contains(source), "nothing of {source} was captured");
    }
    for secret in secrets {
        assert!(
            !secret.is_empty() && !text.contains(&secret),
            "{secret} was logged"
        );
    }
}

/// LG-1, SE-10: every public type that holds a secret.
#[tokio::test]
async fn debug_shows_no_secret() {
    let server = encrypted_server().await;
    let settings = || builder(&server).encryption_key(server.encryption_key());
    let fief = settings().build().unwrap();
    let request = || AuthorizationRequest::new().scope("offline_access");
    let (attempt, query) = begin(&server, &fief, request()).await;
    let response = AuthorizationResponse::parse(&query).unwrap();
    let (tokens, user) = fief.finish_login(&attempt, &response).await.unwrap();
    let info = fief
        .validate_access_token(tokens.access_token(), &Requirements::new())
        .await
        .unwrap();
    let tenants = Tenants::new(1, |_| None);
    let plain = CodeChallengeMethod::Plain;
    let shown = [
        format!("{:?}", settings()),
        format!(
            "{fief:?} {:?} {tenants:?}",
            blocking::Fief::new(fief.clone())
        ),
        format!(
            "{:?}",
            request()
                .state("STATE")
                .nonce("NONCE")
                .code_challenge("CHALLENGE", plain)
        ),
        format!(
            "{:?}",
            AuthCallbackParams::new()
                .nonce("NONCE")
                .code_verifier("VERIFIER")
        ),
        format!("{:?}", RefreshParams::new().user(user.sub)),
        format!("{attempt:?} {response:?} {tokens:?} {info:?} {user:?}"),
    ]
    .concat();
    let mut secrets = secrets_of(&server, &attempt, &query);
    secrets.extend(parts(tokens.access_token()));
    secrets.extend(parts(tokens.id_token()));
    secrets.push(tokens.refresh_token().unwrap().into());
    secrets.extend(["STATE", "NONCE", "CHALLENGE", "VERIFIER"].map(Into::into));
    for secret in secrets {
        assert!(!shown.contains(&secret), "{secret} is shown");
    }
}

/// LG-1: the one exception is what one stores.
#[tokio::test]
async fn a_validated_token_serialises_without_the_token() {
    let server = FiefTestServer::start().await;
    let token = server.access_token().mint();
    let info = fief(&server)
        .validate_access_token(&token, &Requirements::new())
        .await
        .unwrap();
    assert!(!serde_json::to_string(&info).unwrap().contains(&token));
}

/// LG-2: and neither do errors, even if Fief repeats a secret.
#[tokio::test]
async fn errors_show_no_secret() {
    let server = FiefTestServer::start().await;
    let fief = fief(&server);
    let echo = json!({"error": "invalid_grant", "error_description": "SECRETCODE", "input": "SECRETTOKEN"});
    for fault in [
        Fault::status(400).body(echo.to_string()),
        Fault::json(echo),
        Fault::reset(),
        Fault::cut(),
    ] {
        server.fault(Endpoint::Token, fault.clone());
        server.fault(Endpoint::Password, fault);
        let params = AuthCallbackParams::new();
        let code = fief
            .auth_callback("SECRETCODE", super::CALLBACK, &params)
            .await
            .unwrap_err();
        let refresh = fief
            .auth_refresh_token("SECRETTOKEN", &RefreshParams::new())
            .await
            .unwrap_err();
        let password = fief
            .change_password("SECRETTOKEN", "SECRETCODE")
            .await
            .unwrap_err();
        for error in [code, refresh, password] {
            let shown = causes(&error);
            assert!(!shown.contains("SECRET"), "{shown}");
            assert!(!shown.contains(server.client_secret()), "{shown}");
        }
    }
}

/// Does what an application does with secrets, well and badly, and returns them all.
async fn use_every_secret() -> Vec<String> {
    let server = encrypted_server().await;
    let key = server.encryption_key();
    let fief = builder(&server)
        .encryption_key(key)
        // Would have reqwest log every byte.
        .http_client(|client| client.connection_verbose(true))
        .build()
        .unwrap();
    let request = AuthorizationRequest::new()
        .scope("offline_access")
        .acr(FiefAcr::LevelOne);
    let (attempt, query) = begin(&server, &fief, request).await;
    let (tokens, _) = finish(&fief, &attempt, &query).await.unwrap();
    let access_token = tokens.access_token();
    let refresh_token = tokens.refresh_token().unwrap();
    fief.userinfo(access_token).await.unwrap();
    fief.change_password(access_token, "SECRETPASSWORD-of-brittany")
        .await
        .unwrap();
    fief.email_verify(access_token, "SECRETCODE")
        .await
        .unwrap_err();
    let (again, _) = fief
        .auth_refresh_token(refresh_token, &RefreshParams::new())
        .await
        .unwrap();
    fief.auth_refresh_token(refresh_token, &RefreshParams::new())
        .await
        .unwrap_err();
    let broken = format!("{access_token}x");
    fief.validate_access_token(&broken, &Requirements::new())
        .await
        .unwrap_err();
    server.fault(Endpoint::Token, Fault::reset());
    finish(&fief, &attempt, &query).await.unwrap_err();
    server.fault(Endpoint::Jwks, Fault::status(500));
    let cold = builder(&server).build().unwrap();
    cold.validate_access_token(access_token, &Requirements::new())
        .await
        .unwrap_err();

    let mut secrets = secrets_of(&server, &attempt, &query);
    for tokens in [&tokens, &again] {
        secrets.extend(parts(tokens.access_token()));
        secrets.extend(parts(tokens.id_token()));
        secrets.push(tokens.refresh_token().unwrap().into());
    }
    secrets.extend(["SECRETPASSWORD", "SECRETCODE"].map(Into::into));
    secrets
}

/// What a login and its client keep to themselves.
fn secrets_of(
    server: &FiefTestServer,
    attempt: &fief_client::LoginAttempt,
    query: &str,
) -> Vec<String> {
    let attempt = serde_json::to_value(attempt).unwrap();
    let key: Value = serde_json::from_str(&server.encryption_key()).unwrap();
    let code = url::form_urlencoded::parse(query.as_bytes()).find(|(name, _)| name == "code");
    let mut secrets = vec![
        server.client_secret().to_owned(),
        code.unwrap().1.into_owned(),
    ];
    secrets.extend(
        ["state", "nonce", "code_verifier"].map(|name| attempt[name].as_str().unwrap().to_owned()),
    );
    secrets.extend(["d", "p", "q"].map(|name| key[name].as_str().unwrap().to_owned()));
    secrets
}

/// A token's parts but the header, which says nothing.
fn parts(token: &str) -> Vec<String> {
    token.split('.').skip(1).map(str::to_owned).collect()
}

async fn encrypted_server() -> FiefTestServer {
    let client = Client::new("castles").encrypted_id_tokens();
    FiefTestServer::builder()
        .client(client)
        .start()
        .await
        .unwrap()
}

fn causes(error: &FiefError) -> String {
    let first: &dyn std::error::Error = error;
    let causes = std::iter::successors(Some(first), |error| (*error).source());
    causes.map(|error| format!("{error} {error:?}\n")).collect()
}

/// LG-4: a user's id may be logged, the address may not.
#[tokio::test]
async fn a_users_address_is_not_logged() {
    let (log, guard) = Log::of(Level::TRACE);
    let server = FiefTestServer::start().await;
    log_in(&server, &fief(&server), AuthorizationRequest::new())
        .await
        .unwrap();
    drop(guard);
    assert!(!log.text().contains(ANNE));
}
