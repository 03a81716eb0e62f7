//! Only tokens that Fief signed are accepted, and only if their claims are right.
#![no_main]

use std::{
    pin::pin,
    sync::LazyLock,
    task::{Context, Poll, Waker},
};

use aws_lc_rs::{
    rand::SystemRandom,
    rsa::{KeyPair, KeySize},
    signature::{KeyPair as _, RSA_PKCS1_SHA256},
};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD as BASE64};
use fief_client::{Fief, FiefAccessTokenInfo, FiefError, Reason, Requirements};
use libfuzzer_sys::fuzz_target;
use serde_json::{Value, json};

const ISSUER: &str = "https://fief.example.com";
const CLIENT: &str = "client";

struct World {
    fief: Fief,
    token: String,
}

static WORLD: LazyLock<World> = LazyLock::new(|| {
    let pair = KeyPair::generate(KeySize::Rsa2048).unwrap();
    let public = pair.public_key();
    let n = BASE64.encode(public.modulus().big_endian_without_leading_zero());
    let e = BASE64.encode(public.exponent().big_endian_without_leading_zero());
    let keys = json!({"keys": [{"kty": "RSA", "kid": "k", "n": n, "e": e}]});
    let fief = Fief::builder(ISSUER, CLIENT)
        .issuer(ISSUER)
        .build()
        .unwrap();
    fief_client::fuzzing::trust(&fief, keys.to_string().as_bytes()).unwrap();
    let claims = json!({
        "iss": ISSUER, "aud": CLIENT, "sub": "ca19f041-618e-417a-a68a-3840a568fb8f", "iat": 0,
        "exp": 200_000_000_000_u64, "scope": "openid", "acr": "1", "permissions": ["castles:read"],
    });
    let signed = format!(
        "{}.{}",
        BASE64.encode(r#"{"alg":"RS256","kid":"k"}"#),
        BASE64.encode(claims.to_string())
    );
    let mut signature = vec![0; pair.public_modulus_len()];
    pair.sign(
        &RSA_PKCS1_SHA256,
        &SystemRandom::new(),
        signed.as_bytes(),
        &mut signature,
    )
    .unwrap();
    let token = format!("{signed}.{}", BASE64.encode(signature));
    validate(&fief, &token).unwrap();
    World { fief, token }
});

fuzz_target!(|data: &[u8]| {
    let Some((how, data)) = data.split_first() else {
        return;
    };
    match how % 3 {
        0 => forged(data),
        1 => mutated(data),
        _ => signed_claims(data),
    }
});

/// Any text instead of a token.
fn forged(data: &[u8]) {
    let Ok(token) = str::from_utf8(data) else {
        return;
    };
    validate(&WORLD.fief, token).unwrap_err();
    let [header, payload] =
        [b'#', b'%'].map(|mark| data.split(|byte| *byte == mark).next().unwrap_or_default());
    let token = format!("{}.{}.AAAA", BASE64.encode(header), BASE64.encode(payload));
    validate(&WORLD.fief, &token).unwrap_err();
}

/// A valid token in which bytes were replaced, inserted or removed.
fn mutated(data: &[u8]) {
    let mut token = WORLD.token.clone().into_bytes();
    for change in data.chunks_exact(4) {
        let &[high, low, byte, how] = change else {
            continue;
        };
        let at = usize::from(u16::from_be_bytes([high, low])) % token.len();
        match how % 3 {
            0 => token[at] = byte,
            1 => token.insert(at, byte),
            _ => drop(token.remove(at)),
        }
    }
    let Ok(token) = String::from_utf8(token) else {
        return;
    };
    assert_eq!(validate(&WORLD.fief, &token).is_ok(), token == WORLD.token);
}

/// Signed claims: those that are accepted are also right as parsed by serde_json alone.
fn signed_claims(data: &[u8]) {
    let Ok(claims) = str::from_utf8(data) else {
        return;
    };
    let info = match fief_client::fuzzing::claims(&WORLD.fief, claims) {
        Ok(info) => info,
        Err(reason) => return check_reason(claims, reason),
    };
    let claims: Value = serde_json::from_str(claims).unwrap();
    assert_eq!(claims["iss"], ISSUER);
    let audiences = claims["aud"]
        .as_array()
        .cloned()
        .unwrap_or(vec![claims["aud"].clone()]);
    assert!(audiences.contains(&json!(CLIENT)));
    assert!(claims["exp"].as_f64().unwrap() > 1_700_000_000.0);
    assert!(claims["iat"].is_number());
    assert_eq!(
        claims["sub"].as_str().unwrap().to_lowercase(),
        info.id().to_string()
    );
    assert_eq!(claims["acr"], info.acr().as_str());
    assert_eq!(claims["permissions"], json!(info.permissions()));
    let azp = claims.get("azp");
    assert!(azp.is_none_or(Value::is_string));
    assert_eq!(azp.and_then(Value::as_str), info.client_id());
    let auth_time = claims.get("auth_time");
    assert!(auth_time.is_none_or(Value::is_number));
    let scope = claims["scope"].as_str().unwrap();
    assert!(
        info.scope()
            .iter()
            .eq(scope.split(' ').filter(|scope| !scope.is_empty()))
    );
    assert!(
        ["nonce", "c_hash", "at_hash", "cnf"]
            .iter()
            .all(|name| claims.get(name).is_none())
    );
}

/// A claim that is said to be missing is, and one that is said to be present is.
fn check_reason(claims: &str, reason: Reason) {
    let claims = serde_json::from_str(claims).unwrap_or(Value::Null);
    match reason {
        Reason::Missing { name, .. } => assert!(claims.get(name).is_none(), "{reason}"),
        Reason::NotYetValid { name, .. } => assert!(claims[name].is_number(), "{reason}"),
        Reason::Unexpected { name, .. }
        | Reason::WrongType { name, .. }
        | Reason::WrongValue { name, .. } => assert!(claims.get(name).is_some(), "{reason}"),
        Reason::Bound => assert!(claims.get("cnf").is_some()),
        Reason::Expired { .. } => assert!(claims["exp"].is_number()),
        Reason::Malformed { name, .. } => assert_eq!(name, "claims"),
        _ => panic!("{reason}"),
    }
}

fn validate(fief: &Fief, token: &str) -> Result<FiefAccessTokenInfo, FiefError> {
    let requirements = Requirements::new();
    let validation = pin!(fief.validate_access_token(token, &requirements));
    match validation.poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(result) => result,
        Poll::Pending => panic!("a request was sent"),
    }
}
