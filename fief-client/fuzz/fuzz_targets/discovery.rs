//! With any discovery document, every endpoint stays below the configured base URL.
#![no_main]

use std::sync::LazyLock;

use fief_client::Fief;
use libfuzzer_sys::fuzz_target;

static FIEF: LazyLock<Fief> = LazyLock::new(|| {
    Fief::builder("https://fief.example.com/tenant/", "client")
        .build()
        .unwrap()
});

fuzz_target!(|body: &[u8]| {
    for endpoint in fief_client::fuzzing::discovery(&FIEF, body).unwrap_or_default() {
        assert_eq!(
            endpoint.origin().ascii_serialization(),
            "https://fief.example.com"
        );
        assert!(endpoint.path().starts_with("/tenant/"), "{endpoint}");
        assert!(
            endpoint.username().is_empty() && endpoint.fragment().is_none(),
            "{endpoint}"
        );
    }
});
