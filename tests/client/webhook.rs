//! Webhooks: what is accepted, and what an event says.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use aws_lc_rs::hmac::{HMAC_SHA256, Key, sign};
use fief_client::{
    FiefError, Reason,
    webhook::{EventData, EventKind, WebhookEvent, WebhookVerifier},
};
use http::HeaderMap;
use serde_json::{Value, json};

/// A delivery of the real Fief.
const SECRET: &str = "Mj3moMev93UYxQhumtsHoE82dCK1ShXQtVsQjSkaNjY";
const SIGNED_AT: u64 = 1_795_448_407;
const SIGNATURE: &str = "627fd9f5f4d8a07eb8a05ae31a0b56eb686aed094105b71dc1ae471d33b2271b";
const BODY: &str = r#"{"type":"user_role.created","data":{"created_at":"2026-11-23T15:40:07.138806Z","updated_at":"2026-11-23T15:40:07.138809Z","user_id":"2839ad22-e587-4ce3-bcd2-ed3654e4f012","role_id":"0d2771aa-fa90-4299-8d8c-dee597c2695f","role":{"created_at":"2026-11-23T15:39:56.472116Z","updated_at":"2026-11-23T15:39:57.546603Z","id":"0d2771aa-fa90-4299-8d8c-dee597c2695f","name":"castles","granted_by_default":false}}}"#;

fn at(seconds: u64) -> WebhookVerifier {
    let time = UNIX_EPOCH + Duration::from_secs(seconds);
    WebhookVerifier::new(SECRET).unwrap().clock(move || time)
}

fn headers(timestamp: &str, signature: &str) -> HeaderMap {
    let mut headers = HeaderMap::new();
    headers.insert("x-fief-webhook-timestamp", timestamp.parse().unwrap());
    headers.insert("x-fief-webhook-signature", signature.parse().unwrap());
    headers
}

fn signature(secret: &str, timestamp: &str, body: &str) -> String {
    let key = Key::new(HMAC_SHA256, secret.as_bytes());
    let tag = sign(&key, format!("{timestamp}.{body}").as_bytes());
    tag.as_ref()
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect()
}

fn reason(result: Result<WebhookEvent, FiefError>) -> Reason {
    match result {
        Err(FiefError::WebhookInvalid(reason)) => reason,
        other => panic!("{other:?}"),
    }
}

/// Verifies a body that is signed now.
fn deliver(body: &str) -> Result<WebhookEvent, FiefError> {
    let now = SIGNED_AT.to_string();
    at(SIGNED_AT).verify(
        &headers(&now, &signature(SECRET, &now, body)),
        body.as_bytes(),
    )
}

fn event(kind: &str, data: Value) -> WebhookEvent {
    deliver(&json!({"type": kind, "data": data}).to_string()).unwrap()
}

/// D21
#[test]
fn a_delivery_of_the_real_fief_is_accepted() {
    let headers = headers(&SIGNED_AT.to_string(), SIGNATURE);
    let event = at(SIGNED_AT).verify(&headers, BODY.as_bytes()).unwrap();

    assert_eq!(event.kind(), &EventKind::UserRoleCreated);
    let EventData::UserRole(role) = event.data() else {
        panic!("{event:?}");
    };
    assert_eq!(event.user_id(), Some(role.user_id));
    assert_eq!(role.role.as_ref().unwrap().name, "castles");
    let updated_at = UNIX_EPOCH + Duration::from_micros(SIGNED_AT * 1_000_000 + 138_809);
    assert_eq!(role.updated_at, updated_at);
}

/// D21: five minutes, by this machine's clock, to the second.
#[test]
fn a_delivery_is_accepted_for_five_minutes() {
    let headers = headers(&SIGNED_AT.to_string(), SIGNATURE);
    let verify = |seconds| at(seconds).verify(&headers, BODY.as_bytes());
    for accepted in [SIGNED_AT - 300, SIGNED_AT, SIGNED_AT + 300] {
        verify(accepted).unwrap();
    }
    assert!(matches!(
        reason(verify(SIGNED_AT + 301)),
        Reason::TooOld { name: "timestamp", by, .. } if by.as_secs() == 1
    ));
    assert!(matches!(
        reason(verify(SIGNED_AT - 301)),
        Reason::NotYetValid { name: "timestamp", by, .. } if by.as_secs() == 301
    ));
    // A time before 1970 is no time.
    let verifier = WebhookVerifier::new(SECRET).unwrap();
    let verifier = verifier.clock(|| UNIX_EPOCH - Duration::from_secs(1));
    reason(verifier.verify(&headers, BODY.as_bytes()));
}

/// D21, RB-4: whatever is changed.
#[test]
fn what_fief_has_not_signed_is_rejected() {
    let now = SIGNED_AT.to_string();
    let later = (SIGNED_AT + 1).to_string();
    let upper = SIGNATURE.to_uppercase();
    at(SIGNED_AT)
        .verify(&headers(&now, &upper), BODY.as_bytes())
        .unwrap();
    let forged = [
        (
            &*now,
            signature("another secret", &now, BODY),
            BODY.to_owned(),
        ),
        (&*later, SIGNATURE.to_owned(), BODY.to_owned()),
        (&*now, SIGNATURE.to_owned(), format!("{BODY} ")),
        (
            &*now,
            SIGNATURE.to_owned(),
            BODY.replace("castles", "kingdom"),
        ),
        (&*now, signature("", &now, BODY), BODY.to_owned()),
    ];
    for (timestamp, signature, body) in forged {
        let result = at(SIGNED_AT).verify(&headers(timestamp, &signature), body.as_bytes());
        assert_eq!(reason(result), Reason::WrongSignature);
    }
    for odd in [
        "",
        "0",
        &SIGNATURE[1..],
        &format!("{SIGNATURE}00"),
        &"é".repeat(32),
        &"zz".repeat(32),
    ] {
        let mut headers = headers(&now, SIGNATURE);
        let value = http::HeaderValue::from_bytes(odd.as_bytes()).unwrap();
        headers.insert("x-fief-webhook-signature", value);
        let result = at(SIGNED_AT).verify(&headers, BODY.as_bytes());
        assert!(
            matches!(
                reason(result),
                Reason::Malformed {
                    name: "signature",
                    ..
                }
            ),
            "{odd}"
        );
    }
}

/// D21: a header that is missing, repeated, or no number although it is signed.
#[test]
fn both_headers_are_needed_once() {
    let now = SIGNED_AT.to_string();
    let good = headers(&now, SIGNATURE);
    for (header, name) in [
        ("x-fief-webhook-timestamp", "timestamp"),
        ("x-fief-webhook-signature", "signature"),
    ] {
        let mut missing = good.clone();
        missing.remove(header);
        let result = at(SIGNED_AT).verify(&missing, BODY.as_bytes());
        assert!(matches!(reason(result), Reason::Missing { name: n, .. } if n == name));
        let mut repeated = good.clone();
        repeated.append(header, good[header].clone());
        let result = at(SIGNED_AT).verify(&repeated, BODY.as_bytes());
        assert!(matches!(reason(result), Reason::Malformed { name: n, .. } if n == name));
    }
    for odd in [
        "",
        "now",
        "-1",
        "1795448407.5",
        "99999999999999999999999999",
    ] {
        let headers = headers(odd, &signature(SECRET, odd, BODY));
        let result = at(SIGNED_AT).verify(&headers, BODY.as_bytes());
        assert!(
            matches!(
                reason(result),
                Reason::Malformed {
                    name: "timestamp",
                    ..
                }
            ),
            "{odd}"
        );
    }
}

/// D21: while the secret is being replaced both are good.
#[test]
fn several_secrets_are_accepted() {
    let now = SIGNED_AT.to_string();
    let verifier = at(SIGNED_AT).secret("the next one").unwrap();
    for secret in [SECRET, "the next one"] {
        let headers = headers(&now, &signature(secret, &now, BODY));
        verifier.verify(&headers, BODY.as_bytes()).unwrap();
    }
    for secret in ["", " ", "secret\n", " secret"] {
        let error = WebhookVerifier::new(secret).unwrap_err();
        assert!(matches!(error, FiefError::Configuration(_)), "{error}");
    }
}

/// D21: all 28 kinds, and one that a fork adds.
#[test]
fn each_kind_of_event_is_known_and_another_is_no_error() {
    let objects = [
        "client",
        "oauth_provider",
        "permission",
        "role",
        "tenant",
        "user",
        "user_field",
    ];
    let mut kinds: Vec<_> = objects
        .iter()
        .flat_map(|object| ["created", "updated", "deleted"].map(|what| format!("{object}.{what}")))
        .collect();
    let others = [
        "email_template.updated",
        "user.forgot_password_requested",
        "user.password_reset",
        "user_permission.created",
        "user_permission.deleted",
        "user_role.created",
        "user_role.deleted",
    ];
    kinds.extend(others.map(str::to_owned));
    assert_eq!(kinds.len(), 28);
    for kind in kinds {
        let event = event(&kind, json!({"id": 1}));
        assert!(!matches!(event.kind(), EventKind::Other(_)), "{kind}");
        assert_eq!(event.kind().to_string(), kind);
        assert_eq!(event.data(), &EventData::Other);
    }
    let event = event("castle.burnt", json!({"id": 1}));
    assert_eq!(event.kind(), &EventKind::Other("castle.burnt".into()));
    assert_eq!(event.raw_data()["id"], 1);
}

/// D21
#[test]
fn the_user_of_an_event_has_a_type() {
    let user = json!({
        "created_at": "2026-11-23T15:40:07.138806Z",
        "updated_at": "2026-11-23T17:40:07.138809+02:00",
        "id": "2839ad22-e587-4ce3-bcd2-ed3654e4f012",
        "email": "anne@example.com",
        "email_verified": true,
        "is_active": false,
        "tenant_id": "0d2771aa-fa90-4299-8d8c-dee597c2695f",
        "tenant": {"name": "Default"},
        "fields": {"first_name": "Hélène"},
    });
    let updated = event("user.updated", user.clone());
    let EventData::User(user_data) = updated.data() else {
        panic!("{updated:?}");
    };
    assert_eq!(user_data.is_active, Some(false));
    assert_eq!(user_data.fields["first_name"], "Hélène");
    assert!(user_data.updated_at > user_data.created_at);
    let lag = user_data
        .updated_at
        .duration_since(SystemTime::UNIX_EPOCH)
        .unwrap();
    assert_eq!(lag.as_secs(), SIGNED_AT);

    let mut odd = user;
    odd["updated_at"] = json!("yesterday");
    let odd = event("user.deleted", odd);
    assert_eq!(odd.data(), &EventData::Other);
    assert_eq!(odd.user_id(), Some(user_data.id));
}

/// D21
#[test]
fn the_permission_of_an_event_has_a_type() {
    let permission = json!({
        "updated_at": "2026-11-23T15:40:07.138809Z",
        "user_id": "2839ad22-e587-4ce3-bcd2-ed3654e4f012",
        "permission_id": "0d2771aa-fa90-4299-8d8c-dee597c2695f",
        "permission": {"name": "Create castles", "codename": "castles:create"},
        "from_role": null,
        "from_role_id": null,
    });
    let created = event("user_permission.created", permission);
    let EventData::UserPermission(created) = created.data() else {
        panic!("{created:?}");
    };
    assert_eq!(
        created.permission.as_ref().unwrap().codename,
        "castles:create"
    );
}

/// D21: nothing that is signed can be a panic or be shown.
#[test]
fn a_signed_body_that_is_no_event_is_rejected() {
    for body in ["", "{", "null", "[]", "\u{feff}{}", "{\"type\":1e999}"] {
        assert!(
            matches!(
                reason(deliver(body)),
                Reason::Malformed {
                    name: "document",
                    ..
                }
            ),
            "{body}"
        );
    }
    for (body, name) in [
        ("{}", "type"),
        ("{\"data\":{}}", "type"),
        ("{\"type\":\"user.updated\"}", "data"),
    ] {
        assert!(matches!(reason(deliver(body)), Reason::Missing { name: n, .. } if n == name));
    }
    for (body, name) in [
        ("{\"type\":1,\"data\":{}}", "type"),
        ("{\"type\":\"user.updated\",\"data\":[]}", "data"),
    ] {
        assert!(matches!(reason(deliver(body)), Reason::WrongType { name: n, .. } if n == name));
    }
    reason(deliver(&format!("{{\"type\":{}", "[".repeat(100_000))));
}

/// D19, D21: `client.*` carries the client's secret in clear.
#[test]
fn no_secret_of_an_event_is_shown() {
    let event = event(
        "client.updated",
        json!({"client_secret": "SECRET", "name": "NAME"}),
    );
    let shown = format!("{event:?} {:?} {:?}", event.data(), at(0));
    assert!(
        !shown.contains("SECRET") && !shown.contains("NAME") && !shown.contains(SECRET),
        "{shown}"
    );
    assert_eq!(event.raw_data()["client_secret"], "SECRET");
}
