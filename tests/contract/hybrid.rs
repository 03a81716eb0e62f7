use aws_lc_rs::digest::{SHA256, digest};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use serde_json::Value;
use url::form_urlencoded;

use super::{
    Target,
    wire::{claims, members, send, text},
};

contract! {
    tokens_come_in_the_fragment,
    the_code_works_as_well,
    a_nonce_is_needed,
}

const ANNE: &str = "anne@example.com";

async fn tokens_come_in_the_fragment(fief: &Target) {
    let cases = [
        ("code id_token", &["code", "id_token", "state"][..]),
        (
            "code token",
            &["access_token", "code", "state", "token_type"],
        ),
        (
            "code id_token token",
            &["access_token", "code", "id_token", "state", "token_type"],
        ),
    ];
    for (response_type, names) in cases {
        assert_eq!(members(&fragment(fief, response_type).await), names);
    }
}

async fn the_code_works_as_well(fief: &Target) {
    let response = fragment(fief, "code id_token").await;
    let code = text(&response["code"]);
    let id_token = claims(&response["id_token"]);
    let hash = digest(&SHA256, code.as_bytes());
    let half = URL_SAFE_NO_PAD.encode(&hash.as_ref()[..16]);
    assert_eq!(id_token["c_hash"], half);
    assert_eq!(id_token.get("at_hash"), None);
    let exchanged = fief.exchange(fief.client("main"), code).await;
    assert_eq!(exchanged.status, 200);
}

async fn a_nonce_is_needed(fief: &Target) {
    let url = fief.authorize_url("main", &[("response_type", Some("code id_token"))]);
    let response = send(fief.http.get(url)).await;
    let location = response.header("location").unwrap();
    let error = format!("{}#error=invalid_request&", fief.seed.redirect_uri);
    assert!(location.starts_with(&error), "{location}");
}

async fn fragment(fief: &Target, response_type: &str) -> Value {
    let changes = [
        ("response_type", Some(response_type)),
        ("nonce", Some("a nonce")),
    ];
    let url = fief.authorize_url("main", &changes);
    let page = fief.log_in(&mut fief.browser(), ANNE, &url).await;
    let fragment = page.url.fragment().unwrap();
    let pairs = form_urlencoded::parse(fragment.as_bytes()).into_owned();
    pairs
        .map(|(name, value)| (name, Value::String(value)))
        .collect()
}
