//! A sealed cookie opens only as it was sealed, and only as what it was sealed for.
#![no_main]

use axum::http::StatusCode;
use fief_axum_fuzz::{ANONYMOUS, WORLD};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let world = &*WORLD;
    let [how, which, changes @ ..] = data else {
        return;
    };
    let user = usize::from(how & 1);
    let original = if user == 0 {
        &world.small
    } else {
        &world.large
    };
    let mut cookies = original.clone();
    let index = usize::from(*which) % cookies.len();
    if how & 2 == 0 {
        cookies[index].1 = changed(&cookies[index].1, changes);
    } else {
        // A cookie of another kind, under this one's name.
        let others = world.begun.len();
        let (_, other) = &world.begun[usize::from(*which) % others];
        cookies[index].1 = changed(other, changes);
    }
    let reply = world.get("/", &cookies);
    let expected = if cookies == *original {
        &world.users[user]
    } else {
        ANONYMOUS
    };
    assert_eq!((reply.status, &*reply.body), (StatusCode::OK, expected));

    // The same for the login in progress. Its state is right, and Fief says that it failed.
    let mut begun = world.begun.clone();
    let index = usize::from(*which) % begun.len();
    begun[index].1 = changed(&begun[index].1, changes);
    let path = format!("/auth-callback?error=access_denied&state={}", world.state);
    let reply = world.get(&path, &begun);
    assert!(reply.status.is_client_error(), "{}", reply.status);
});

/// Returns a text in which characters were replaced, inserted or removed. It stays that of a cookie.
fn changed(text: &str, changes: &[u8]) -> String {
    let mut text = text.as_bytes().to_vec();
    for change in changes.chunks_exact(4) {
        let &[high, low, byte, how] = change else {
            continue;
        };
        let at = usize::from(u16::from_be_bytes([high, low])) % text.len().max(1);
        let byte = match byte {
            b'!'..=b'~' if !matches!(byte, b';' | b',' | b'"' | b'\\') => byte,
            _ => b'A' + byte % 26,
        };
        match how % 3 {
            0 if at < text.len() => text[at] = byte,
            1 if at < text.len() => drop(text.remove(at)),
            _ => text.insert(at, byte),
        }
    }
    String::from_utf8(text).unwrap()
}
