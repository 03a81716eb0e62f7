use fief_client::{
    AuthCallbackParams, AuthorizationRequest, ClientAuth, Fief, FiefError, FiefTokenResponse,
    RefreshParams,
};
use fief_test_server::{Endpoint, Fault, FiefTestServer};
use serde_json::{Value, json};

use super::{CALLBACK, fief, log_in, recorder::Recorder};

/// C01
#[test]
fn a_token_response_serialises_in_full_and_in_order() {
    let response = r#"{"access_token":"A","id_token":"I","token_type":"bearer","expires_in":3600,"refresh_token":null}"#;
    let tokens: FiefTokenResponse = serde_json::from_str(response).unwrap();
    assert_eq!(serde_json::to_string(&tokens).unwrap(), response);
}

/// C20
#[tokio::test]
async fn an_error_of_the_token_endpoint_has_status_and_body() {
    let server = FiefTestServer::start().await;
    let fief = fief(&server);
    server.fault(
        Endpoint::Token,
        Fault::status(400).body(r#"{"detail":"error"}"#),
    );
    let exchanged = fief
        .auth_callback("CODE", CALLBACK, &AuthCallbackParams::new())
        .await;
    let refreshed = fief
        .auth_refresh_token("TOKEN", &RefreshParams::new())
        .await;
    for rejected in [exchanged, refreshed] {
        let FiefError::Request { status, detail, .. } = rejected.unwrap_err() else {
            panic!("another error");
        };
        assert_eq!(
            (status.as_u16(), detail.as_str()),
            (400, r#"{"detail":"error"}"#)
        );
    }
}

/// C21, C23: `client_secret_post`, no empty verifier.
#[tokio::test]
async fn a_code_is_posted_with_the_clients_credentials() {
    let sent = exchange("", &AuthCallbackParams::new(), ClientAuth::Post).await;
    assert_eq!(
        sent.form(),
        pairs(&[
            ("grant_type", "authorization_code"),
            ("code", "CODE"),
            ("redirect_uri", CALLBACK),
            ("client_id", "CLIENT_ID"),
            ("client_secret", "SECRET"),
        ])
    );
    assert_eq!((&*sent.method, &*sent.path), ("POST", "/api/token"));
    assert_eq!(sent.header("authorization"), None);
}

/// C22
#[tokio::test]
async fn a_tenants_path_is_there_once() {
    for path in ["/secondary", "/secondary/"] {
        let sent = exchange(path, &AuthCallbackParams::new(), ClientAuth::Post).await;
        assert_eq!(sent.path, "/secondary/api/token");
    }
}

/// C23
#[tokio::test]
async fn a_verifier_is_sent_where_there_is_one() {
    let params = AuthCallbackParams::new().code_verifier("VERIFIER");
    let sent = exchange("", &params, ClientAuth::Post).await;
    assert!(
        sent.form()
            .contains(&("code_verifier".into(), "VERIFIER".into()))
    );
}

/// C21
#[tokio::test]
async fn basic_credentials_are_not_repeated_in_the_body() {
    let sent = exchange("", &AuthCallbackParams::new(), ClientAuth::Basic).await;
    // CLIENT_ID:SECRET
    assert_eq!(
        sent.header("authorization"),
        Some("Basic Q0xJRU5UX0lEOlNFQ1JFVA==")
    );
    assert!(!sent.body.contains("SECRET") && !sent.body.contains("client_id"));
}

/// C24
#[tokio::test]
async fn a_refresh_sends_scope_and_secret() {
    let recorder = Recorder::start().await;
    let fief = Fief::builder(recorder.url(), "CLIENT_ID")
        .client_secret("SECRET")
        .build()
        .unwrap();
    let params = RefreshParams::new().scope("openid").scope("offline_access");
    fief.auth_refresh_token("TOKEN", &params).await.unwrap_err();
    assert_eq!(
        recorder.last().form(),
        pairs(&[
            ("grant_type", "refresh_token"),
            ("refresh_token", "TOKEN"),
            ("scope", "openid offline_access"),
            ("client_id", "CLIENT_ID"),
            ("client_secret", "SECRET"),
        ])
    );
}

/// IT-15
#[tokio::test]
async fn the_token_type_is_bearer_in_any_case() {
    assert!(with_response(|_| ()).await.is_ok());
    assert!(
        with_response(|response| response["token_type"] = json!("BeArEr"))
            .await
            .is_ok()
    );
    for other in [
        json!("DPoP"),
        json!("mac"),
        json!(""),
        json!(null),
        json!(["bearer"]),
    ] {
        let rejected = with_response(|response| response["token_type"] = other.clone()).await;
        assert!(
            matches!(rejected, Err(FiefError::ResponseInvalid(_))),
            "{other}"
        );
    }
}

/// IT-15: `expires_in` and `refresh_token` may be missing.
#[tokio::test]
async fn optional_members_may_be_missing() {
    let tokens = with_response(|response| {
        let members = response.as_object_mut().unwrap();
        members.remove("expires_in");
        members.remove("refresh_token");
    });
    let tokens = tokens.await.unwrap();
    assert_eq!((tokens.expires_in(), tokens.refresh_token()), (None, None));
}

/// Q21: each with its typed error.
#[tokio::test]
async fn token_responses_of_another_shape_are_rejected() {
    let bad = [
        ("access_token", json!(null)),
        ("access_token", json!("")),
        ("access_token", json!(["x"])),
        ("access_token", json!("a\u{0}b")),
        ("id_token", json!(null)),
        ("id_token", json!("a\r\nSet-Cookie: b")),
        ("refresh_token", json!(1)),
        ("refresh_token", json!("a b")),
        ("expires_in", json!("3600")),
        ("expires_in", json!(-1)),
        ("expires_in", json!(18_446_744_073_709_551_616.0)),
    ];
    for (name, value) in bad {
        let rejected = with_response(|response| response[name] = value.clone()).await;
        assert!(
            matches!(rejected, Err(FiefError::ResponseInvalid(_))),
            "{name}: {value}"
        );
    }
}

/// Q21
#[tokio::test]
async fn token_responses_without_a_token_are_rejected() {
    for missing in ["access_token", "id_token", "token_type"] {
        let rejected = with_response(|response| {
            response.as_object_mut().unwrap().remove(missing);
        });
        assert!(
            matches!(rejected.await, Err(FiefError::ResponseInvalid(_))),
            "{missing}"
        );
    }
}

/// DJ-16: a code and a refresh token are valid for one use.
#[tokio::test]
async fn token_requests_are_sent_once() {
    let server = FiefTestServer::start().await;
    let fief = fief(&server);
    for fault in [
        Fault::reset(),
        Fault::cut(),
        Fault::garbage(),
        Fault::status(503),
        Fault::status(500),
    ] {
        server.reset_requests();
        server.fault(Endpoint::Token, fault.clone());
        fief.auth_callback("CODE", CALLBACK, &AuthCallbackParams::new())
            .await
            .unwrap_err();
        fief.auth_refresh_token("TOKEN", &RefreshParams::new())
            .await
            .unwrap_err();
        assert_eq!(server.requests(Endpoint::Token), 2, "{fault:?}");
    }
}

/// DJ-2, Q21: a code and a secret are not sent elsewhere.
#[tokio::test]
async fn a_redirect_of_the_token_request_is_an_error() {
    let (server, elsewhere) = (FiefTestServer::start().await, FiefTestServer::start().await);
    let fief = fief(&server);
    for status in [301, 302, 303, 307, 308] {
        let target = format!("{}/api/token", elsewhere.url());
        server.fault(
            Endpoint::Token,
            Fault::status(status).header("location", target),
        );
        let rejected = fief
            .auth_callback("CODE", CALLBACK, &AuthCallbackParams::new())
            .await;
        assert_eq!(rejected.unwrap_err().status().unwrap(), status);
    }
    assert_eq!(elsewhere.requests(Endpoint::Token), 0);
}

/// DJ-5: 200 with an error in it is no success.
#[tokio::test]
async fn an_error_with_a_success_status_is_rejected() {
    let server = FiefTestServer::start().await;
    server.fault(
        Endpoint::Token,
        Fault::json(json!({"error": "invalid_grant"})),
    );
    let rejected = fief(&server)
        .auth_callback("CODE", CALLBACK, &AuthCallbackParams::new())
        .await;
    assert!(matches!(rejected, Err(FiefError::ResponseInvalid(_))));
}

/// Returns the tokens of a token response with this change.
async fn with_response(change: impl FnOnce(&mut Value)) -> Result<FiefTokenResponse, FiefError> {
    let server = FiefTestServer::start().await;
    let fief = fief(&server);
    let request = AuthorizationRequest::new().scope("offline_access");
    let (tokens, _) = log_in(&server, &fief, request).await.unwrap();
    // Refreshed, since the ID token of a refresh is bound to no code.
    let token = tokens.access_token();
    let id_token = server.id_token().access_token(token).mint();
    let mut response = serde_json::to_value(&tokens).unwrap();
    response["id_token"] = json!(id_token);
    change(&mut response);
    server.fault(Endpoint::Token, Fault::json(response));
    let refreshed = fief
        .auth_refresh_token("TOKEN", &RefreshParams::new())
        .await;
    refreshed.map(|(tokens, _)| tokens)
}

/// What a code exchange sends.
async fn exchange(
    path: &str,
    params: &AuthCallbackParams,
    auth: ClientAuth,
) -> super::recorder::Recorded {
    let recorder = Recorder::start().await;
    let fief = Fief::builder(format!("{}{path}", recorder.url()), "CLIENT_ID")
        .client_secret("SECRET")
        .client_auth(auth)
        .build()
        .unwrap();
    // What comes back are no tokens.
    fief.auth_callback("CODE", CALLBACK, params)
        .await
        .unwrap_err();
    recorder.last()
}

fn pairs(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
    pairs
        .iter()
        .map(|(name, value)| ((*name).into(), (*value).into()))
        .collect()
}
