//! Whatever Fief answers as its keys: no panic, and no key that is weak or not for signatures.
#![no_main]

use libfuzzer_sys::fuzz_target;
use serde_json::Value;

fuzz_target!(|answer: &[u8]| {
    let Some(kids) = fief_client::fuzzing::jwks(answer) else {
        return;
    };
    let answer: Value = serde_json::from_slice(answer).unwrap();
    let keys = answer["keys"].as_array().unwrap();
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
