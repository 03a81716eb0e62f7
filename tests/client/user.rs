use fief_client::{AuthorizationRequest, Fief, FiefAcr, FiefError, FiefUserInfo, RequestDetail};
use fief_test_server::{Endpoint, Fault, FiefTestServer, IdTokenBuilder};
use serde_json::{Value, json};

use super::{ANNE, fief, id_token::verified, log_in, recorder::Recorder};

/// C41: all but `sub` may be missing.
#[test]
fn a_minimal_user_is_read() {
    let user: FiefUserInfo = serde_json::from_str(MINIMAL).unwrap();
    assert_eq!(user.sub.to_string(), "ca19f041-618e-417a-a68a-3840a568fb8f");
    assert_eq!(
        (user.email, user.is_active, user.fields.len()),
        (None, None, 0)
    );
}

/// C41: what is unknown is kept, from user info, from an ID token and in JSON.
#[tokio::test]
async fn what_else_fief_says_of_a_user_is_kept() {
    let (server, fief, token) = anne().await;
    let received = json!({
        "sub": server.user_id(ANNE), "email": ANNE, "email_verified": null, "is_active": true, "tenant_id": null,
        "fields": {"first_name": "Anne"}, "roles": ["duchess"], "locale": null, "deep": {"a": [1, 2.5]},
    });
    server.fault(Endpoint::Userinfo, Fault::json(received.clone()));
    let user = fief.userinfo(&token).await.unwrap();
    assert_eq!(user.extra.len(), 3);
    assert_eq!(user.extra["roles"], json!(["duchess"]));
    assert_eq!(serde_json::to_value(&user).unwrap(), received);

    let more = |token: IdTokenBuilder| token.claim("roles", json!(["duchess"]));
    let user = verified(&server, &fief, more).await.unwrap();
    assert_eq!(Value::from(user.extra), json!({"roles": ["duchess"]}));
}

/// TV-18
#[test]
fn a_user_without_a_hyphenated_id_is_rejected() {
    for bad in [
        "{}",
        r#"{"sub": "anne"}"#,
        r#"{"sub": "ca19f041618e417aa68a3840a568fb8f"}"#,
        r#"{"sub": null}"#,
        "[]",
        "null",
    ] {
        assert!(serde_json::from_str::<FiefUserInfo>(bad).is_err(), "{bad}");
    }
}

/// C41: in the application's own type.
#[tokio::test]
async fn fields_are_read_into_a_type() {
    #[derive(serde::Deserialize)]
    struct Fields {
        first_name: String,
    }
    let (_server, fief, token) = anne().await;
    let user = fief.userinfo(&token).await.unwrap();
    assert_eq!(user.fields_as::<Fields>().unwrap().first_name, "Anne");
    assert!(user.fields_as::<Vec<u8>>().is_err());
}

/// C40, Q32
#[tokio::test]
async fn userinfo_of_a_bad_token_or_account_is_unauthorized() {
    let (server, fief, token) = anne().await;
    assert_eq!(status(fief.userinfo("INVALID_TOKEN").await), 401);
    server.set_active(ANNE, false);
    assert_eq!(status(fief.userinfo(&token).await), 401);
}

/// C40, DJ-5, Q32
#[tokio::test]
async fn errors_of_the_user_api_have_their_status() {
    let (server, fief, token) = anne().await;
    for wanted in [400, 403, 500, 503, 418, 204, 301] {
        let fault = Fault::status(wanted).body(r#"{"detail":"error"}"#);
        for endpoint in [
            Endpoint::Userinfo,
            Endpoint::Profile,
            Endpoint::Password,
            Endpoint::EmailChange,
            Endpoint::EmailVerify,
        ] {
            server.fault(endpoint, fault.clone());
        }
        assert_eq!(status(fief.userinfo(&token).await), wanted);
        assert_eq!(
            status(fief.update_profile(&token, &json!({})).await),
            wanted
        );
        assert_eq!(status(fief.change_password(&token, "x").await), wanted);
        assert_eq!(status(fief.email_change(&token, "x").await), wanted);
        assert_eq!(status(fief.email_verify(&token, "x").await), wanted);
    }
}

/// DJ-16: whether Fief did it or not.
#[tokio::test]
async fn changes_of_the_user_are_sent_once() {
    let server = FiefTestServer::start().await;
    let fief = fief(&server);
    let changes = [
        Endpoint::Profile,
        Endpoint::Password,
        Endpoint::EmailChange,
        Endpoint::EmailVerify,
    ];
    for endpoint in changes {
        server.fault(endpoint, Fault::reset());
    }
    fief.update_profile("TOKEN", &json!({})).await.unwrap_err();
    fief.change_password("TOKEN", "x").await.unwrap_err();
    fief.email_change("TOKEN", "x").await.unwrap_err();
    fief.email_verify("TOKEN", "x").await.unwrap_err();
    assert_eq!(changes.map(|endpoint| server.requests(endpoint)), [1; 4]);
}

/// C42: methods, paths and bodies, under the tenant's path.
#[tokio::test]
async fn the_user_api_is_called_as_fief_wants_it() {
    let recorder = Recorder::start().await;
    let base = format!("{}/tenant/", recorder.url());
    let fief = Fief::builder(base, "CLIENT_ID").build().unwrap();
    let sent = |method: &str, path: &str, body| {
        let request = recorder.last();
        assert_eq!((&*request.method, &*request.path), (method, path));
        assert_eq!(request.header("authorization"), Some("Bearer TOKEN"));
        assert_eq!(request.header("content-type"), Some("application/json"));
        assert_eq!(request.json(), body);
    };
    let fields = json!({"first_name": "Anne"});
    fief.update_profile("TOKEN", &fields).await.unwrap();
    sent("PATCH", "/tenant/api/profile", json!({"fields": fields}));
    fief.change_password("TOKEN", "hermine\"tincture")
        .await
        .unwrap();
    sent(
        "PATCH",
        "/tenant/api/password",
        json!({"password": "hermine\"tincture"}),
    );
    fief.email_change("TOKEN", "anne@example.com")
        .await
        .unwrap();
    sent(
        "PATCH",
        "/tenant/api/email/change",
        json!({"email": "anne@example.com"}),
    );
    fief.email_verify("TOKEN", "X252CS").await.unwrap();
    sent(
        "POST",
        "/tenant/api/email/verify",
        json!({"code": "X252CS"}),
    );
}

/// C42, DJ-5: 202 is the response to a PATCH, and to nothing else.
#[tokio::test]
async fn accepted_is_success_of_a_patch_only() {
    let (server, fief, token) = anne().await;
    let accepted = Fault::status(202).body(MINIMAL);
    server.fault(Endpoint::EmailChange, accepted.clone());
    server.fault(Endpoint::Userinfo, accepted);
    assert!(fief.email_change(&token, "x@example.com").await.is_ok());
    assert_eq!(status(fief.userinfo(&token).await), 202);
}

/// C42: a value that cannot be JSON is an error before it is sent.
#[tokio::test]
async fn fields_that_are_no_json_are_rejected() {
    let (server, fief, token) = anne().await;
    let no_json = std::collections::HashMap::from([([1, 2], "x")]);
    let rejected = fief.update_profile(&token, &no_json).await;
    assert!(matches!(rejected, Err(FiefError::Configuration(_))));
    assert_eq!(server.requests(Endpoint::Profile), 0);
}

/// C42: `detail` as text with `reason`, and as a list.
#[tokio::test]
async fn the_details_of_an_error_can_be_read() {
    let weak = r#"{"detail":"USER_UPDATE_INVALID_PASSWORD","reason":["Too short.","Too weak."]}"#;
    let detail = detail(weak).await;
    assert_eq!(detail.code(), Some("USER_UPDATE_INVALID_PASSWORD"));
    assert_eq!(detail.reason(), ["Too short.", "Too weak."]);
    assert!(detail.fields().is_empty());
}

/// C42
#[tokio::test]
async fn the_fields_of_an_unprocessable_profile_can_be_read() {
    let fields =
        r#"{"detail":[{"type":"string_too_short","loc":["body",1],"msg":"m","input":{}}]}"#;
    let detail = detail(fields).await;
    assert_eq!(detail.fields()[0]["type"], "string_too_short");
    assert_eq!((detail.code(), detail.reason().len()), (None, 0));
}

/// Q21: with any value.
#[tokio::test]
async fn details_of_another_shape_are_only_text() {
    for odd in [
        "",
        "null",
        "[]",
        "<html>",
        r#"{"detail":1}"#,
        r#"{"detail":"a\nb"}"#,
        r#"{"reason":"x"}"#,
    ] {
        let detail = detail(odd).await;
        assert_eq!((detail.as_str(), detail.code()), (odd, None));
        assert!(detail.fields().is_empty() && detail.reason().is_empty());
    }
}

async fn detail(body: &str) -> RequestDetail {
    let (server, fief, token) = anne().await;
    server.fault(Endpoint::Userinfo, Fault::status(400).body(body));
    match fief.userinfo(&token).await {
        Err(FiefError::Request { detail, .. }) => detail,
        other => panic!("{other:?}"),
    }
}

async fn anne() -> (FiefTestServer, Fief, String) {
    let server = FiefTestServer::start().await;
    let fief = fief(&server);
    let request = AuthorizationRequest::new().acr(FiefAcr::LevelOne);
    let (tokens, _) = log_in(&server, &fief, request).await.unwrap();
    let token = tokens.access_token().to_owned();
    (server, fief, token)
}

fn status<T: std::fmt::Debug>(result: Result<T, FiefError>) -> u16 {
    result.unwrap_err().status().unwrap().as_u16()
}

const MINIMAL: &str = r#"{"sub": "ca19f041-618e-417a-a68a-3840a568fb8f"}"#;
