//! Whatever a login is asked to return to: a browser stays on the application's own site.
#![no_main]

use std::fmt::Write;

use fief_axum_fuzz::{APP, WORLD, cookies, query};
use libfuzzer_sys::fuzz_target;
use url::Url;

fuzz_target!(|data: &[u8]| {
    let world = &*WORLD;
    // Some bytes as they are, and all of them percent-encoded.
    let raw = data
        .iter()
        .filter(|byte| matches!(byte, b'!'..=b'~') && !b"#&\"<>".contains(byte));
    let raw = String::from_utf8(raw.copied().collect()).unwrap();
    let mut encoded = String::new();
    for byte in data {
        write!(encoded, "%{byte:02x}").unwrap();
    }
    for page in [raw, encoded] {
        let begun = world.get(&format!("/login?prompt=none&return_to={page}"), &[]);
        if begun.status != 303 {
            assert!(begun.status.is_client_error(), "{}", begun.status);
            continue;
        }
        let state = query(&begun, "state");
        let path = format!("/auth-callback?error=login_required&state={state}");
        let reply = world.get(&path, &cookies(&begun));
        assert_eq!(reply.status, 303);
        let location = reply.location();
        assert!(location.starts_with('/') && !location[1..].starts_with(['/', '\\']));
        assert!(location.bytes().all(|byte| byte.is_ascii_graphic()));
        let site = Url::parse(APP).unwrap();
        let resolved = site.join(location).unwrap();
        assert_eq!(resolved.origin(), site.origin(), "{location}");
    }
});
