//! The query of a callback, and the address of one that was pasted: what is accepted is a response to this login.
#![no_main]

use fief_client::{AuthorizationResponse, fuzzing};
use libfuzzer_sys::fuzz_target;
use url::{Url, form_urlencoded};

const REDIRECT_URI: &str = "http://127.0.0.1:51562/callback";
const STATE: &str = "a-state";

fuzz_target!(|data: &[u8]| {
    let Some((how, data)) = data.split_first() else {
        return;
    };
    let Ok(text) = str::from_utf8(data) else {
        return;
    };
    match how % 3 {
        0 => query(text),
        1 => address(text),
        _ => address(&format!("{REDIRECT_URI}?state={STATE}&{text}")),
    }
});

fn values(query: &str, name: &str) -> Vec<String> {
    form_urlencoded::parse(query.as_bytes())
        .filter(|(key, _)| key == name)
        .map(|(_, value)| value.into_owned())
        .collect()
}

/// Each parameter is there once, and printable.
fn query(query: &str) {
    let Ok(response) = AuthorizationResponse::parse(query) else {
        return;
    };
    assert_eq!(values(query, "state"), [response.state()]);
    let (codes, errors) = (values(query, "code"), values(query, "error"));
    assert_eq!(codes.len() + errors.len(), 1);
    assert!(values(query, "iss").len() <= 1);
    for value in [response.state()]
        .into_iter()
        .chain(codes.iter().map(String::as_str))
    {
        assert!(!value.is_empty() && value.len() <= 512);
        assert!(value.bytes().all(|byte| matches!(byte, b' '..=b'~')));
    }
    let shown = format!("{response:?}");
    let is_word =
        |code: &&String| code.len() > 24 && code.bytes().all(|it| it.is_ascii_alphanumeric());
    assert!(
        codes
            .iter()
            .filter(is_word)
            .all(|code| !shown.contains(code.as_str()))
    );
}

/// It is the redirect URI, with the state of this login once.
fn address(address: &str) {
    let Some(is_successful) = fuzzing::pasted(REDIRECT_URI, STATE, address) else {
        return;
    };
    let url = Url::parse(address.trim()).unwrap();
    let redirect_uri = Url::parse(REDIRECT_URI).unwrap();
    assert_eq!(url.origin(), redirect_uri.origin());
    assert_eq!(url.path(), redirect_uri.path());
    assert!(url.username().is_empty() && url.password().is_none() && url.fragment().is_none());
    let query = url.query().unwrap();
    assert_eq!(values(query, "state"), [STATE]);
    assert_eq!(AuthorizationResponse::parse(query).is_ok(), is_successful);
}
