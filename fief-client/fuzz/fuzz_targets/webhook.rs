//! Signed deliveries: no body may panic, and `Debug` shows no data of an event.
#![no_main]

use std::time::{Duration, UNIX_EPOCH};

use aws_lc_rs::hmac;
use fief_client::{
    http::HeaderMap,
    webhook::{EventData, WebhookVerifier},
};
use libfuzzer_sys::fuzz_target;

const SECRET: &str = "Mj3moMev93UYxQhumtsHoE82dCK1ShXQtVsQjSkaNjY";

fuzz_target!(|body: &[u8]| {
    let key = hmac::Key::new(hmac::HMAC_SHA256, SECRET.as_bytes());
    let tag = hmac::sign(&key, &[b"1795448407.", body].concat());
    let digits: String = tag
        .as_ref()
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect();
    let mut headers = HeaderMap::new();
    headers.insert("x-fief-webhook-timestamp", "1795448407".parse().unwrap());
    headers.insert("x-fief-webhook-signature", digits.parse().unwrap());
    let verifier = WebhookVerifier::new(SECRET).unwrap();
    let verifier = verifier.clock(|| UNIX_EPOCH + Duration::from_secs(1_795_448_407));
    if let Ok(event) = verifier.verify(&headers, body) {
        assert!(event.user_id().is_some() || *event.data() == EventData::Other);
        let _ = format!("{event:?}");
    }
});
