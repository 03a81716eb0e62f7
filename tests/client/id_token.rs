use std::time::Duration;

use fief_client::{AuthCallbackParams, Fief, FiefAcr, FiefError, FiefUserInfo};
use fief_test_server::{Algorithm, Endpoint, Fault, FiefTestServer, IdTokenBuilder};
use serde_json::{Value, json};

use super::{CALLBACK, fief};
use crate::web::metrics::Counts;

pub(super) type Verified = Result<FiefUserInfo, FiefError>;

/// C60
#[tokio::test]
async fn a_signed_id_token_gives_its_claims() {
    let (server, good) = (FiefTestServer::start().await, |token| token);
    let user = verified(&server, &fief(&server), good).await.unwrap();
    assert_eq!(user.email.as_deref(), Some("anne@example.com"));
    assert_eq!(user.email_verified, Some(true));
    assert_eq!(user.fields["first_name"], "Anne");
}

/// C60, IT-1: with any key and algorithm.
#[tokio::test]
async fn signatures_that_are_not_fiefs_are_rejected() {
    let server = FiefTestServer::start().await;
    let fief = fief(&server);
    let algorithms = [
        Algorithm::None,
        Algorithm::Hs256(b"secret".to_vec()),
        Algorithm::Hs256(server.client_secret().into()),
        Algorithm::Rs384,
        Algorithm::Rs512,
        Algorithm::Ps256,
    ];
    for algorithm in algorithms {
        invalid(verified(&server, &fief, |token| token.algorithm(algorithm.clone())).await);
    }
    invalid(verified(&server, &fief, IdTokenBuilder::unpublished_key).await);
}

/// C60: the public example of jwt.io.
#[tokio::test]
async fn junk_is_refused() {
    let server = FiefTestServer::start().await;
    let fief = fief(&server);
    for junk in [JWT_IO, "INVALID_TOKEN", "..", "a.b.c", "{}"] {
        invalid(exchanged(&server, &fief, junk.into()).await);
    }
}

/// C63, IT-4
#[tokio::test]
async fn hashes_must_be_of_the_code_and_the_access_token() {
    let server = FiefTestServer::start().await;
    let fief = fief(&server);
    let wrong = json!("w6uP8Tcg6K2QR905Rms8iQ");
    for claim in ["c_hash", "at_hash"] {
        for value in [wrong.clone(), json!(null), json!(1), json!([]), json!("")] {
            invalid(verified(&server, &fief, |token| token.claim(claim, value.clone())).await);
        }
    }
    invalid(
        verified(&server, &fief, |token| {
            token.code("OTHER").access_token("OTHER")
        })
        .await,
    );
}

/// Q15, CB-5: the server sends `at_hash` with every access token, and `c_hash` with every code's.
#[tokio::test]
async fn hashes_must_be_there() {
    let server = FiefTestServer::start().await;
    let fief = fief(&server);
    for claim in ["at_hash", "c_hash"] {
        invalid(verified(&server, &fief, |token| token.without_claim(claim)).await);
    }
}

/// C64: a refresh has no code that it could be of.
#[tokio::test]
async fn a_code_hash_without_a_code_is_rejected() {
    let server = FiefTestServer::start().await;
    let fief = fief(&server);
    let token = server.access_token().mint();
    let id_token = server.id_token().access_token(&token).code("CODE").mint();
    server.fault(Endpoint::Token, Fault::json(response(&token, &id_token)));
    let refreshed = fief
        .auth_refresh_token("TOKEN", &fief_client::RefreshParams::new())
        .await;
    invalid(refreshed.map(|(_, user)| user));
}

/// IT-2, Q14: also if none was requested.
#[tokio::test]
async fn the_nonce_must_be_the_one_of_the_login() {
    let server = FiefTestServer::start().await;
    let fief = fief(&server);
    let params = AuthCallbackParams::new().nonce("NONCE");
    let cases = [
        (json!("NONCE"), true),
        (json!("nonce"), false),
        (json!("NONCE "), false),
        (json!(null), false),
        (json!(["NONCE"]), false),
    ];
    for (nonce, is_good) in cases {
        let token = token(&server).claim("nonce", nonce.clone()).mint();
        let result = exchanged_with(&server, &fief, &params, &token).await;
        assert_eq!(result.is_ok(), is_good, "{nonce}");
    }
    let without = token(&server).mint();
    invalid(exchanged_with(&server, &fief, &params, &without).await);
    invalid(verified(&server, &fief, |token| token.nonce("NONCE")).await);
}

/// IT-1, IT-3, Q15
#[tokio::test]
async fn claims_of_another_or_no_kind_are_rejected() {
    let server = FiefTestServer::start().await;
    let fief = fief(&server);
    let us = server.client_id();
    let issuer = server.issuer();
    let far = 253_402_300_800_u64;
    let bad = [
        ("iss", json!("https://evil.example")),
        ("iss", json!(format!("{issuer}/"))),
        ("iss", json!([issuer])),
        ("iss", json!(null)),
        ("aud", json!("other")),
        ("aud", json!([us, "other"])),
        ("aud", json!([])),
        ("aud", json!(null)),
        ("aud", json!({us: true})),
        ("azp", json!("other")),
        ("azp", json!(null)),
        ("azp", json!([us])),
        ("sub", json!("anne")),
        ("sub", json!("")),
        ("sub", json!(null)),
        ("sub", json!("ca19f041618e417aa68a3840a568fb8f")),
        ("exp", json!("9999999999")),
        ("exp", json!(null)),
        ("exp", json!(0)),
        ("exp", json!(far)),
        ("iat", json!(null)),
        ("iat", json!("now")),
        ("nbf", json!(null)),
        ("acr", json!("2")),
        ("acr", json!(1)),
        ("acr", json!(null)),
        ("auth_time", json!("now")),
        ("auth_time", json!(null)),
    ];
    for (name, value) in bad {
        let result = verified(&server, &fief, |token| token.claim(name, value.clone())).await;
        assert!(
            matches!(result, Err(FiefError::IdTokenInvalid(_))),
            "{name}: {value}"
        );
    }
    // From the future: the clocks differ.
    for name in ["iat", "nbf"] {
        let result = verified(&server, &fief, |token| token.claim(name, json!(far - 1))).await;
        assert!(
            matches!(result, Err(FiefError::TokensPending { .. })),
            "{name}"
        );
    }
}

/// FD-74, TV-28: the claim is named.
#[tokio::test]
async fn the_claim_of_a_bad_id_token_is_named() {
    let server = FiefTestServer::start().await;
    let fief = fief(&server);
    server.set_time(std::time::SystemTime::now());
    let wrong = json!("w6uP8Tcg6K2QR905Rms8iQ");
    for (name, value, says) in [
        ("iss", json!("https://evil.example"), "has a wrong value"),
        ("aud", json!(["other"]), "has a wrong value"),
        ("azp", json!("other"), "has a wrong value"),
        ("azp", json!(null), "is of a wrong type"),
        ("sub", json!("anne"), "has a wrong value"),
        ("exp", json!("9999999999"), "is of a wrong type"),
        ("acr", json!("2"), "has a wrong value"),
        ("at_hash", wrong.clone(), "has a wrong value"),
        ("c_hash", wrong.clone(), "has a wrong value"),
        ("nonce", wrong, "must not be present"),
        ("email", json!(1), "is of a wrong type"),
        ("email_verified", json!("true"), "is of a wrong type"),
        ("is_active", json!(1), "is of a wrong type"),
        ("tenant_id", json!("x"), "has a wrong value"),
        ("fields", json!(null), "is of a wrong type"),
    ] {
        let result = verified(&server, &fief, |token| token.claim(name, value)).await;
        assert_eq!(why(result), format!("its {name} {says}"));
    }
    for name in [
        "iss", "aud", "sub", "exp", "iat", "acr", "at_hash", "c_hash",
    ] {
        let result = verified(&server, &fief, |token| token.without_claim(name)).await;
        assert_eq!(why(result), format!("its {name} is missing"));
    }
    let expired = verified(&server, &fief, IdTokenBuilder::expired).await;
    assert_eq!(why(expired), "its exp was 3600 s ago");
    let typed = verified(&server, &fief, |token| token.header("typ", "at+jwt")).await;
    assert_eq!(why(typed), "its typ has a wrong value");
    let old = |token: IdTokenBuilder| token.authenticated_ago(Duration::from_secs(400));
    let recent = AuthCallbackParams::new().max_age(Duration::from_secs(300));
    let old = exchanged_with(&server, &fief, &recent, &old(token(&server)).mint()).await;
    assert_eq!(why(old), "its auth_time is 100 s older than accepted");
}

/// FD-74, TV-28: and counted.
#[tokio::test]
async fn rejected_id_tokens_are_counted_by_reason() {
    let counts = Counts::default();
    let _recorder = metrics::set_default_local_recorder(&counts);
    let server = FiefTestServer::start().await;
    let fief = fief(&server);
    invalid(verified(&server, &fief, |token| token.claim("aud", "x")).await);
    invalid(exchanged(&server, &fief, "junk".into()).await);
    server.fault(Endpoint::Discovery, Fault::json(json!({})));
    super::discover(&super::fief(&server)).await.unwrap_err();
    for label in [
        "id_token wrong_value",
        "id_token malformed",
        "discovery missing",
    ] {
        let name = format!("fief_client_rejections_total {label}");
        assert_eq!(counts.of(&name), 1, "{name}");
    }
}

/// FD-72, TV-26
#[tokio::test]
async fn an_id_token_that_is_bound_to_its_sender_is_rejected() {
    let server = FiefTestServer::start().await;
    let fief = fief(&server);
    for cnf in [json!({"jkt": "x"}), json!({}), json!(null)] {
        let result = verified(&server, &fief, |token| token.claim("cnf", cnf)).await;
        assert_eq!(why(result), "it is bound to its sender (cnf)");
    }
}

/// FD-93, FD-71, TV-27: the tokens are kept, since a clock may be set right.
#[tokio::test]
async fn an_id_token_says_that_the_clocks_differ() {
    let server = FiefTestServer::start().await;
    let fief = fief(&server);
    let now = std::time::SystemTime::now();
    server.set_time(now);
    let since = now.duration_since(std::time::UNIX_EPOCH).unwrap();
    let ahead = since.as_secs() + 300;
    let recent = AuthCallbackParams::new().max_age(Duration::from_secs(300));
    for name in ["iat", "nbf", "auth_time"] {
        let token = token(&server).claim(name, ahead).mint();
        let result = exchanged_with(&server, &fief, &recent, &token).await;
        let Err(FiefError::TokensPending { source, .. }) = result else {
            panic!("{name}: {result:?}");
        };
        assert_eq!(
            source.to_string(),
            format!(
                "the ID token is invalid: its {name} is 300 s in the future: the clocks of Fief and of this machine differ"
            )
        );
    }
}

fn why(result: Verified) -> String {
    let text = result.unwrap_err().to_string();
    let why = text.strip_prefix("the ID token is invalid: ");
    why.unwrap_or(&text).to_owned()
}

/// IT-1, IT-3: and as a plain string.
#[tokio::test]
async fn required_claims_may_not_be_missing() {
    let server = FiefTestServer::start().await;
    let fief = fief(&server);
    for name in ["iss", "aud", "sub", "exp", "iat", "acr"] {
        let result = verified(&server, &fief, |token| token.without_claim(name)).await;
        assert!(
            matches!(result, Err(FiefError::IdTokenInvalid(_))),
            "{name}"
        );
    }
    let us = server.client_id().to_owned();
    assert!(
        verified(&server, &fief, |token| token.claim("aud", us))
            .await
            .is_ok()
    );
    assert!(
        verified(&server, &fief, |token| token.without_claim("azp"))
            .await
            .is_ok()
    );
}

/// IT-1: `crit` is not understood, `kid` must be a string.
#[tokio::test]
async fn headers_that_are_not_understood_are_rejected() {
    let server = FiefTestServer::start().await;
    let fief = fief(&server);
    invalid(verified(&server, &fief, |token| token.header("crit", json!(["exp"]))).await);
    invalid(verified(&server, &fief, |token| token.header("kid", 1)).await);
}

/// IT-1: the leeway is the access token's.
#[tokio::test]
async fn an_id_token_expires_with_a_leeway() {
    let server = FiefTestServer::start().await;
    let fief = fief(&server);
    server.set_time(std::time::SystemTime::now());
    assert!(
        verified(&server, &fief, |token| token
            .expired_ago(Duration::from_secs(59)))
        .await
        .is_ok()
    );
    invalid(
        verified(&server, &fief, |token| {
            token.expired_ago(Duration::from_secs(60))
        })
        .await,
    );
}

/// IT-11: a login that has not happened yet is no fresh one.
#[tokio::test]
async fn the_login_must_be_as_strong_and_fresh_as_requested() {
    let server = FiefTestServer::start().await;
    let fief = fief(&server);
    server.set_time(std::time::SystemTime::now());
    let fresh = AuthCallbackParams::new().max_age(Duration::from_secs(100));
    let strong = AuthCallbackParams::new().acr(FiefAcr::LevelOne);
    let new = || token(&server);
    let old = |seconds| new().authenticated_ago(Duration::from_secs(seconds));
    let future = || new().claim("auth_time", 253_402_300_799_u64);
    let cases = [
        (&fresh, old(160), true),
        (&fresh, old(161), false),
        (&fresh, new().without_claim("auth_time"), false),
        (&fresh, future(), false),
        (&strong, new().acr("1"), true),
        (&strong, new().acr("0"), false),
    ];
    for (params, token, is_good) in cases {
        let result = exchanged_with(&server, &fief, params, &token.mint()).await;
        assert_eq!(result.is_ok(), is_good, "{result:?}");
    }
}

/// IT-13
#[tokio::test]
async fn both_tokens_must_be_of_one_user() {
    let server = FiefTestServer::start().await;
    let fief = fief(&server);
    let other = "ca19f041-618e-417a-a68a-3840a568fb8f";
    invalid(verified(&server, &fief, |token| token.claim("sub", other)).await);
}

/// TV-22: nor is the other way round.
#[tokio::test]
async fn an_access_token_is_no_id_token() {
    let server = FiefTestServer::start().await;
    let access_token = server.access_token().mint();
    invalid(exchanged(&server, &fief(&server), access_token).await);
}

/// RB-3
#[tokio::test]
async fn an_id_token_that_is_too_long_is_rejected() {
    let server = FiefTestServer::start().await;
    let long = |token: IdTokenBuilder| token.claim("fields", json!({"x": "y".repeat(60_000)}));
    let rejected = verified(&server, &fief(&server), long).await;
    assert_eq!(
        rejected.unwrap_err().to_string(),
        "the ID token is invalid: it is too long"
    );
}

/// Exchanges a code for an ID token that is valid except for the change.
pub(super) async fn verified(
    server: &FiefTestServer,
    fief: &Fief,
    change: impl FnOnce(IdTokenBuilder) -> IdTokenBuilder,
) -> Verified {
    exchanged(server, fief, change(token(server)).mint()).await
}

/// A valid ID token for the code and the access token of these tests.
fn token(server: &FiefTestServer) -> IdTokenBuilder {
    server
        .id_token()
        .code("CODE")
        .access_token(access_token(server))
}

pub(super) async fn exchanged(server: &FiefTestServer, fief: &Fief, id_token: String) -> Verified {
    exchanged_with(server, fief, &AuthCallbackParams::new(), &id_token).await
}

async fn exchanged_with(
    server: &FiefTestServer,
    fief: &Fief,
    params: &AuthCallbackParams,
    id_token: &str,
) -> Verified {
    server.fault(
        Endpoint::Token,
        Fault::json(response(&access_token(server), id_token)),
    );
    let exchanged = fief.auth_callback("CODE", CALLBACK, params).await;
    exchanged.map(|(_, user)| user)
}

/// The same each time, since no time of now stands in it.
fn access_token(server: &FiefTestServer) -> String {
    let token = server.access_token().claim("exp", 253_402_300_000_u64);
    token
        .claim("iat", 1_600_000_000)
        .claim("auth_time", 1_600_000_000)
        .mint()
}

fn response(access_token: &str, id_token: &str) -> Value {
    json!({"access_token": access_token, "id_token": id_token, "token_type": "bearer"})
}

pub(super) fn invalid(result: Verified) {
    assert!(
        matches!(result, Err(FiefError::IdTokenInvalid(_))),
        "{result:?}"
    );
}

pub(super) const JWT_IO: &str = "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJzdWIiOiIxMjM0NTY3ODkwIiwibmFtZSI6IkpvaG4gRG9lIiwiaWF0IjoxNTE2MjM5MDIyfQ.SflKxwRJSMeKKF2QT4fwpMeJf36POk6yJV_adQssw5c";
