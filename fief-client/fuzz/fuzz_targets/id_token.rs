//! The claims of accepted ID tokens are also right as parsed by serde_json alone.
#![no_main]

use std::sync::LazyLock;

use fief_client::{Fief, FiefUserInfo, crypto, fuzzing};
use libfuzzer_sys::fuzz_target;
use serde_json::{Map, Value, json};

const ISSUER: &str = "https://fief.example.com";
const CLIENT: &str = "client";
const ACCESS_TOKEN: &str = "access";
const CODE: &str = "code";
const NONCE: &str = "nonce";

static FIEF: LazyLock<Fief> = LazyLock::new(|| {
    let settings = Fief::builder(ISSUER, CLIENT).issuer(ISSUER);
    settings.build().unwrap()
});

static GOOD: LazyLock<Map<String, Value>> = LazyLock::new(|| {
    let claims = json!({
        "iss": ISSUER, "aud": [CLIENT], "azp": CLIENT, "sub": "ca19f041-618e-417a-a68a-3840a568fb8f",
        "iat": 0, "exp": 200_000_000_000_u64, "auth_time": 0, "acr": "1", "nonce": NONCE,
        "at_hash": crypto::get_validation_hash(ACCESS_TOKEN), "c_hash": crypto::get_validation_hash(CODE),
        "email": "anne@example.com", "email_verified": true, "is_active": true,
        "tenant_id": "79120f0c-7abd-4c37-95c4-da5a1adec749", "fields": {"first_name": "Anne"},
    });
    let Value::Object(claims) = claims else {
        unreachable!()
    };
    assert!(accepted(&Value::Object(claims.clone()).to_string()));
    claims
});

fuzz_target!(|data: &[u8]| {
    let Ok(text) = str::from_utf8(data) else {
        return;
    };
    check(text);
    // Valid claims, of which some were replaced.
    if let Ok(Value::Object(changes)) = serde_json::from_str(text) {
        let mut claims = GOOD.clone();
        claims.extend(changes);
        check(&Value::Object(claims).to_string());
    }
});

fn accepted(claims: &str) -> bool {
    user(claims).is_some()
}

fn user(claims: &str) -> Option<FiefUserInfo> {
    fuzzing::id_token(&FIEF, claims, ACCESS_TOKEN, CODE, NONCE)
}

fn check(claims: &str) {
    let Some(user) = user(claims) else {
        return;
    };
    let claims: Value = serde_json::from_str(claims).unwrap();
    assert_eq!(claims["iss"], ISSUER);
    assert!(claims["aud"] == json!(CLIENT) || claims["aud"] == json!([CLIENT]));
    assert!(claims.get("azp").is_none_or(|azp| azp == CLIENT));
    assert!(claims["exp"].as_f64().unwrap() > 1_700_000_000.0);
    assert!(claims["iat"].is_number());
    assert_eq!(claims["nonce"], NONCE);
    assert_eq!(claims["at_hash"], crypto::get_validation_hash(ACCESS_TOKEN));
    let c_hash = claims.get("c_hash");
    assert!(c_hash.is_none_or(|hash| *hash == json!(crypto::get_validation_hash(CODE))));
    assert_eq!(claims["sub"].as_str().unwrap().len(), 36);
    assert!(["0", "1"].iter().any(|acr| claims["acr"] == *acr));
    assert!(claims.get("cnf").is_none());
    // Every claim that is not read is kept.
    let known = [
        "iss",
        "aud",
        "azp",
        "exp",
        "iat",
        "nbf",
        "nonce",
        "at_hash",
        "c_hash",
        "acr",
        "auth_time",
        "sub",
        "email",
        "email_verified",
        "is_active",
        "tenant_id",
        "fields",
    ];
    let mut others = claims.as_object().unwrap().clone();
    others.retain(|name, _| !known.contains(&name.as_str()));
    assert_eq!(user.extra, others);
}
