use std::time::{Duration, SystemTime};

use fief_client::{FiefAccessTokenInfo, FiefAcr, FiefError, Requirements};
use fief_test_server::{AccessTokenBuilder, Algorithm, Endpoint, FiefTestServer};
use serde_json::json;
use tracing::Level;

use super::{builder, fief, log::Log};

type Validated = Result<FiefAccessTokenInfo, FiefError>;

/// C30, C31, Q13: the token of the jwt.io example among them.
#[tokio::test]
async fn what_fief_did_not_sign_is_invalid() {
    let server = FiefTestServer::start().await;
    for junk in ["INVALID_TOKEN", "", "..", "a.b.c", JWT_IO] {
        invalid(
            fief(&server)
                .validate_access_token(junk, &Requirements::new())
                .await,
        );
    }
    let secret = server.client_secret().as_bytes().to_vec();
    for algorithm in [
        Algorithm::None,
        Algorithm::Rs512,
        Algorithm::Ps256,
        Algorithm::Hs256(secret),
    ] {
        invalid(validated(&server, |token| token.algorithm(algorithm.clone())).await);
    }
    invalid(validated(&server, AccessTokenBuilder::unpublished_key).await);
}

/// C32, Q03
#[tokio::test]
async fn a_token_without_its_claims_is_invalid() {
    let server = FiefTestServer::start().await;
    for claim in [
        "iss",
        "aud",
        "exp",
        "iat",
        "sub",
        "scope",
        "acr",
        "permissions",
    ] {
        invalid(validated(&server, |token| token.without_claim(claim)).await);
    }
}

/// C33, Q06, Q07, Q08, Q09, Q10, Q11: wrong kinds, of which one bad token brings no 500.
#[tokio::test]
async fn claims_of_a_wrong_kind_are_invalid() {
    let server = FiefTestServer::start().await;
    let bad = [
        ("acr", json!("INVALID_ACR")),
        ("acr", json!("2")),
        ("acr", json!(1)),
        ("acr", json!(null)),
        ("scope", json!(null)),
        ("scope", json!(["openid"])),
        ("permissions", json!(null)),
        ("permissions", json!("castles:create:all")),
        ("permissions", json!({"castles:create": true})),
        ("permissions", json!([1])),
        ("sub", json!("anne")),
        ("sub", json!(null)),
        ("exp", json!("9999999999")),
        ("exp", json!(null)),
    ];
    for (claim, value) in bad {
        let result = validated(&server, |token| token.claim(claim, value.clone())).await;
        assert!(
            matches!(result, Err(FiefError::AccessTokenInvalid(_))),
            "{claim}: {value}"
        );
    }
}

/// Names, D19: what a token says in addition is read from the token itself.
#[tokio::test]
async fn all_claims_of_a_token_can_be_read() {
    #[derive(Debug, PartialEq, serde::Deserialize)]
    struct Claims {
        azp: String,
        roles: Vec<String>,
    }
    let server = FiefTestServer::start().await;
    server.set_time(SystemTime::UNIX_EPOCH + Duration::from_secs(2_000_000_000));
    let spa = |token: AccessTokenBuilder| token.claim("azp", "spa").claim("roles", json!(["x"]));
    let info = validated(&server, spa).await.unwrap();
    assert_eq!(info.client_id(), Some("spa"));
    assert_eq!(info.issued_at(), (server.clock())());
    let claims: Claims = info.claims_as().unwrap();
    let (azp, roles) = ("spa".to_owned(), vec!["x".to_owned()]);
    assert_eq!(claims, Claims { azp, roles });
    assert!(info.claims_as::<Vec<u8>>().is_err());
    let none = validated(&server, |token| token.without_claim("azp")).await;
    assert_eq!(none.unwrap().client_id(), None);
}

/// I02, D19: what is serialized is documented.
#[tokio::test]
async fn a_token_is_serialized_without_itself() {
    let server = FiefTestServer::start().await;
    server.set_time(SystemTime::UNIX_EPOCH + Duration::from_secs(2_000_000_000));
    let info = validated(&server, |token| token.permissions(["a"]))
        .await
        .unwrap();
    let expected = json!({
        "id": info.id(), "scope": info.scope(), "acr": "0", "permissions": ["a"],
        "auth_time": 2_000_000_000_u64, "issued_at": 2_000_000_000_u64, "expires_at": 2_000_086_400_u64,
        "client_id": server.client_id(),
    });
    assert_eq!(serde_json::to_value(&info).unwrap(), expected);
}

/// C34
#[tokio::test]
async fn an_expired_token_is_distinguished_from_an_invalid_one() {
    let server = FiefTestServer::start().await;
    let result = validated(&server, |token| token.claim("exp", 0)).await;
    assert!(matches!(result, Err(FiefError::AccessTokenExpired { .. })));
}

/// C35, C36, TV-23
#[tokio::test]
async fn a_required_scope_must_be_granted() {
    let server = FiefTestServer::start().await;
    let granted = |required: &str| {
        let required = Requirements::new().scope(required);
        checked(&server, required, |token| {
            token.scope("openid offline_access")
        })
    };
    let rejected = granted("REQUIRED").await;
    assert!(matches!(
        rejected,
        Err(FiefError::AccessTokenMissingScope { .. })
    ));
    let info = granted("openid").await.unwrap();
    assert!(
        ["openid", "offline_access"]
            .iter()
            .all(|scope| info.has_scope(scope))
    );
}

/// C37, C38, TV-20
#[tokio::test]
async fn a_required_acr_must_be_reached() {
    let server = FiefTestServer::start().await;
    let required = || Requirements::new().acr(FiefAcr::LevelOne);
    let low = checked(&server, required(), |token| token.acr("0")).await;
    assert!(matches!(low, Err(FiefError::AccessTokenAcrTooLow { .. })));
    let high = checked(&server, required(), |token| token.acr("1")).await;
    assert_eq!(high.unwrap().acr(), FiefAcr::LevelOne);
}

/// C39, C3A, Q08, TV-21
#[tokio::test]
async fn a_required_permission_must_be_granted() {
    let server = FiefTestServer::start().await;
    let required = || Requirements::new().permission("castles:create");
    for other in [
        "castles:read",
        "castles:create:all",
        "castles",
        "CASTLES:CREATE",
    ] {
        let rejected = checked(&server, required(), |token| token.permissions([other])).await;
        assert!(
            matches!(
                rejected,
                Err(FiefError::AccessTokenMissingPermission { .. })
            ),
            "{other}"
        );
    }
    let both = ["castles:read", "castles:create"];
    let info = checked(&server, required(), |token| token.permissions(both))
        .await
        .unwrap();
    assert!(
        both.iter()
            .all(|permission| info.has_permission(permission))
    );
}

/// C3B, TV-23: expiry, scope, ACR, permissions.
#[tokio::test]
async fn of_several_failures_the_first_in_order_is_reported() {
    let server = FiefTestServer::start().await;
    let required = || {
        Requirements::new()
            .scope("x")
            .acr(FiefAcr::LevelOne)
            .permission("x")
    };
    let expired = checked(&server, required(), |token| token.claim("exp", 0)).await;
    assert!(matches!(expired, Err(FiefError::AccessTokenExpired { .. })));
    let invalid = checked(&server, required(), |token| token.claim("acr", "2")).await;
    assert!(matches!(invalid, Err(FiefError::AccessTokenInvalid(_))));
    let scope = checked(&server, required(), |token| token).await;
    assert!(matches!(
        scope,
        Err(FiefError::AccessTokenMissingScope { .. })
    ));
    let acr = checked(&server, required(), |token| token.scope("x")).await;
    assert!(matches!(acr, Err(FiefError::AccessTokenAcrTooLow { .. })));
    let permission = checked(&server, required(), |token| token.scope("x").acr("1")).await;
    assert!(matches!(
        permission,
        Err(FiefError::AccessTokenMissingPermission { .. })
    ));
}

/// C3C
#[tokio::test]
async fn no_requirements_are_met_and_an_empty_scope_is_none() {
    let server = FiefTestServer::start().await;
    let info = validated(&server, |token| token.claim("scope", ""))
        .await
        .unwrap();
    assert!(info.scope().is_empty());
}

/// Q01
#[tokio::test]
async fn another_issuer_is_rejected() {
    let server = FiefTestServer::start().await;
    for issuer in [
        json!("https://evil.example"),
        json!([server.issuer()]),
        json!(null),
    ] {
        invalid(validated(&server, |token| token.claim("iss", issuer.clone())).await);
    }
}

/// Q02
#[tokio::test]
async fn tokens_of_other_clients_are_accepted_where_that_is_set() {
    let (log, _guard) = Log::of(Level::DEBUG);
    let server = FiefTestServer::start().await;
    let token = server.access_token().client("spa").mint();
    let settings = [
        (builder(&server), false),
        (builder(&server).audiences(["other"]), false),
        (builder(&server).audiences(["spa"]), true),
        (builder(&server).any_audience(), true),
    ];
    for (settings, is_good) in settings {
        let fief = settings.build().unwrap();
        let result = fief
            .validate_access_token(&token, &Requirements::new())
            .await;
        assert_eq!(result.is_ok(), is_good, "{result:?}");
    }
    assert!(log.text().contains(r#"clients=["spa"]"#), "{}", log.text());
}

/// Q04, Q05, TV-17: 60 seconds, or what is set.
#[tokio::test]
async fn times_have_a_leeway() {
    let server = FiefTestServer::start().await;
    server.set_time(SystemTime::now());
    let now = SystemTime::now()
        .duration_since(SystemTime::UNIX_EPOCH)
        .unwrap()
        .as_secs();
    for (leeway, edge) in [(None, 60), (Some(0), 0), (Some(300), 300)] {
        let mut settings = builder(&server);
        if let Some(leeway) = leeway {
            settings = settings.leeway(Duration::from_secs(leeway));
        }
        let fief = settings.build().unwrap();
        let cases = [
            ("exp", now - edge + 5, true),
            ("exp", now - edge - 5, false),
            ("iat", now + edge - 5, true),
            ("iat", now + edge + 5, false),
            ("nbf", now + edge + 5, false),
        ];
        for (claim, value, is_good) in cases {
            // At no leeway the edge itself moves past the second.
            let token = server.access_token().claim(claim, value).mint();
            let result = fief
                .validate_access_token(&token, &Requirements::new())
                .await;
            assert_eq!(result.is_ok(), is_good, "{claim} {leeway:?} {result:?}");
        }
    }
}

/// Q12
#[tokio::test]
async fn a_new_key_is_fetched_once() {
    let server = FiefTestServer::start().await;
    let fief = fief(&server);
    let any = Requirements::new();
    fief.validate_access_token(&server.access_token().mint(), &any)
        .await
        .unwrap();
    server.rotate_key();
    fief.validate_access_token(&server.access_token().mint(), &any)
        .await
        .unwrap();
    assert_eq!(server.requests(Endpoint::Jwks), 2);
    for kid in ["a", "b", "c"] {
        let unknown = server.access_token().header("kid", kid).mint();
        invalid(fief.validate_access_token(&unknown, &any).await);
    }
    assert_eq!(server.requests(Endpoint::Jwks), 2);
}

async fn validated(
    server: &FiefTestServer,
    change: impl FnOnce(AccessTokenBuilder) -> AccessTokenBuilder,
) -> Validated {
    checked(server, Requirements::new(), change).await
}

/// Validates a token that is valid except for the change.
async fn checked(
    server: &FiefTestServer,
    required: Requirements,
    change: impl FnOnce(AccessTokenBuilder) -> AccessTokenBuilder,
) -> Validated {
    let token = change(server.access_token()).mint();
    fief(server).validate_access_token(&token, &required).await
}

fn invalid(result: Validated) {
    assert!(
        matches!(result, Err(FiefError::AccessTokenInvalid(_))),
        "{result:?}"
    );
}

const JWT_IO: &str = "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJzdWIiOiIxMjM0NTY3ODkwIiwibmFtZSI6IkpvaG4gRG9lIiwiaWF0IjoxNTE2MjM5MDIyfQ.SflKxwRJSMeKKF2QT4fwpMeJf36POk6yJV_adQssw5c";
