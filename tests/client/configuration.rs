use std::time::Duration;

use fief_client::{Fief, FiefBuilder, FiefError};
use tracing::Level;

use super::log::Log;

/// DJ-1
#[test]
fn plain_http_is_for_loopback_only() {
    for good in [
        "http://localhost:8000",
        "http://fief.localhost",
        "http://127.0.0.1",
        "http://127.1.2.3",
        "http://[::1]:8000/x",
    ] {
        assert!(Fief::builder(good, "ID").build().is_ok(), "{good}");
    }
    for bad in [
        "http://fief.example.com",
        "http://10.0.0.1",
        "http://localhost.example.com",
        "http://evillocalhost",
        "http://[::2]",
        "http://0.0.0.0",
    ] {
        rejected(Fief::builder(bad, "ID"), "base_url");
        rejected(
            Fief::builder("https://fief.example.com", "ID").public_url(bad),
            "public_url",
        );
        assert!(
            Fief::builder(bad, "ID").insecure_http().build().is_ok(),
            "{bad}"
        );
    }
}

/// DJ-1: and it is warned of.
#[test]
fn plain_http_is_warned_of() {
    let (http, https) = ("http://fief.example.com", "https://fief.example.com");
    let insecure = |base: &str| Fief::builder(base, "ID").insecure_http();
    for (builder, is_warned) in [
        (insecure(http).public_url(https), true),
        (insecure(https).public_url(http), true),
        (insecure(https), false),
        (Fief::builder("http://localhost", "ID"), false),
    ] {
        let (log, _guard) = Log::of(Level::WARN);
        let text = format!("{builder:?}");
        builder.build().unwrap();
        assert_ne!(log.text().is_empty(), is_warned, "{text}");
    }
}

/// DJ-1, D1
#[test]
fn urls_that_are_no_base_are_rejected() {
    let bad = [
        "",
        "fief.example.com",
        "/fief",
        "ftp://fief.example.com",
        "file:///etc/passwd",
        "data:text/plain,x",
        "https://user@fief.example.com",
        "https://user:secret@fief.example.com",
        "https://:secret@fief.example.com",
        "https://fief.example.com?x=1",
        "https://fief.example.com#x",
        "https://",
        "https://exa mple.com",
    ];
    for url in bad {
        rejected(Fief::builder(url, "ID").insecure_http(), "base_url");
        rejected(
            Fief::builder("https://fief.example.com", "ID")
                .insecure_http()
                .public_url(url),
            "public_url",
        );
    }
}

/// TV-17
#[test]
fn a_leeway_over_five_minutes_is_rejected() {
    let builder = || Fief::builder("https://fief.example.com", "ID");
    assert!(builder().leeway(Duration::from_secs(300)).build().is_ok());
    rejected(builder().leeway(Duration::from_secs(301)), "leeway");
}

/// TV-12, C18
#[test]
fn settings_that_cannot_be_meant_are_rejected() {
    let builder = |id: &str| Fief::builder("https://fief.example.com", id);
    rejected(builder(""), "client_id");
    rejected(builder("ID").issuer(""), "issuer");
    rejected(builder("ID").host("not\na host"), "host");
}

/// Q3D: and the key is not shown.
#[test]
fn a_bad_encryption_key_is_rejected() {
    for bad in [
        "",
        "{}",
        "not json SECRETKEY",
        r#"{"kty":"RSA","d":"SECRETKEY"}"#,
        r#"{"kty":"oct","k":"SECRETKEY"}"#,
    ] {
        let result = Fief::builder("https://fief.example.com", "ID")
            .encryption_key(bad)
            .build();
        let text = result.unwrap_err().to_string();
        assert!(
            text.contains("encryption_key") && !text.contains("SECRETKEY"),
            "{text}"
        );
    }
}

fn rejected(builder: FiefBuilder, setting: &str) {
    match builder.build() {
        Err(FiefError::Configuration(text)) => assert!(text.starts_with(setting), "{text}"),
        other => panic!("{other:?}"),
    }
}
