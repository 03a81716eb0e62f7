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

/// DJ-1, D1: and the error says what to change.
#[test]
fn the_error_of_a_url_says_what_to_change() {
    let begin = "must begin with https://, such as https://fief.example.com";
    let plain = format!("{begin}; call insecure_http() to allow plain http");
    let no_url = "must be a URL, such as https://fief.example.com: empty host";
    let shorten = "shorten it to a URL such as https://fief.example.com";
    let user = format!("must not contain a user name or password: {shorten}");
    let query = format!("must not contain a query or fragment: {shorten}");
    for (url, text) in [
        ("", begin),
        ("fief.example.com", begin),
        ("fief.example.com:8000", begin),
        ("//fief.example.com", begin),
        ("ftp://fief.example.com", begin),
        ("http://fief.example.com", plain.as_str()),
        ("https://", no_url),
        ("https://user:secret@fief.example.com", &user),
        ("https://fief.example.com?x=1", &query),
        ("https://fief.example.com#x", &query),
    ] {
        let base = Fief::builder(url, "ID");
        assert_eq!(configuration(base), format!("base_url {text}"), "{url}");
        let public = Fief::builder("https://fief.example.com", "ID").public_url(url);
        assert_eq!(configuration(public), format!("public_url {text}"), "{url}");
    }
}

/// C03: and the error says what to check, and why.
#[test]
fn the_error_of_an_http_client_says_what_to_check() {
    let builder = Fief::builder("https://fief.example.com", "ID")
        .http_client(|http| http.user_agent("not\na header"));
    let text = configuration(builder);
    let (start, reasons) = text.split_once("system's certificates: ").unwrap();
    assert_eq!(
        start,
        "http_client cannot be built: check the headers, certificates and proxies that it sets, and the "
    );
    assert!(reasons.contains("header"), "{reasons}");
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
    let text = configuration(builder);
    assert!(text.starts_with(setting), "{text}");
}

/// Returns what a builder's error says.
fn configuration(builder: FiefBuilder) -> String {
    match builder.build() {
        Err(FiefError::Configuration(text)) => text,
        other => panic!("{other:?}"),
    }
}
