//! With any key set there is no panic, and no accepted key is weak or not for signatures.
#![no_main]

use libfuzzer_sys::fuzz_target;
use serde_json::Value;

fuzz_target!(|body: &[u8]| {
    let Some(kids) = fief_client::fuzzing::jwks(body) else {
        return;
    };
    let body: Value = serde_json::from_slice(body).unwrap();
    let keys = body["keys"].as_array().unwrap();
    assert!((1..=64).contains(&kids.len()) && kids.len() <= keys.len());
    for kid in kids {
        let is_sound = |key: &&Value| {
            key["kty"] == "RSA"
                && key["kid"].as_str() == kid.as_deref()
                && key["n"].as_str().is_some_and(|n| n.len() >= 342)
                && (key["use"].is_null() || key["use"] == "sig")
                && (key["alg"].is_null() || key["alg"] == "RS256")
        };
        assert!(keys.iter().any(|key| is_sound(&key)), "{kid:?}");
    }
});
