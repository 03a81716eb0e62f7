use aws_lc_rs::signature::{ParsedPublicKey, RSA_PKCS1_2048_8192_SHA256, RsaPublicKeyComponents};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use serde_json::Value;
use tokio::runtime::Runtime;

use crate::{fixture::Fixture, measure::Subject};

/// The signatures of some tokens alone, with nothing but the library.
pub(crate) fn verification(runtime: &Runtime, fixture: &Fixture, tokens: usize) -> Subject {
    let key = runtime.block_on(public_key(fixture.server.url()));
    let parts: Vec<_> = fixture.tokens[..tokens]
        .iter()
        .map(|token| {
            let (message, signature) = token.rsplit_once('.').unwrap();
            let signature = URL_SAFE_NO_PAD.decode(signature).unwrap();
            (message.as_bytes().to_owned(), signature)
        })
        .collect();
    let mut next = 0;
    Subject::new(move || {
        let (message, signature) = &parts[next];
        key.verify_sig(message, signature).unwrap();
        next = (next + 1) % parts.len();
    })
}

async fn public_key(server: &str) -> ParsedPublicKey {
    let url = format!("{server}/.well-known/jwks.json");
    let answer = reqwest::get(url).await.unwrap().bytes().await.unwrap();
    let set: Value = serde_json::from_slice(&answer).unwrap();
    let number = |name: &str| {
        let number = set["keys"][0][name].as_str().unwrap();
        URL_SAFE_NO_PAD.decode(number).unwrap()
    };
    let components = RsaPublicKeyComponents {
        n: number("n"),
        e: number("e"),
    };
    components
        .to_parsed_public_key(&RSA_PKCS1_2048_8192_SHA256)
        .unwrap()
}
