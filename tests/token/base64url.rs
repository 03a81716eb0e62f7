use base64::{Engine, engine::general_purpose::STANDARD_NO_PAD};
use fief_client::{FiefError, Requirements};

use super::{HEADER, World, assert_invalid, encode};
use crate::keys::validate;

/// TV-3
#[tokio::test]
async fn a_token_has_three_segments() {
    let world = World::start().await;
    let token = world.token();
    let (text, signature) = token.rsplit_once('.').unwrap();
    let (header, payload) = text.split_once('.').unwrap();
    let json =
        format!(r#"{{"protected":"{header}","payload":"{payload}","signature":"{signature}"}}"#);
    for bad in [
        header.to_owned(),
        format!("{header}.{payload}"),
        format!("{header}.{payload}."),
        format!("{header}..{signature}"),
        format!(".{payload}.{signature}"),
        format!("{token}."),
        format!(".{token}"),
        format!("{token}.{signature}"),
        format!("{header}.{payload}.{signature}.a.b"),
        json,
    ] {
        assert_invalid(world.validate(&bad).await, &bad);
    }
    world.validate(&token).await.unwrap();
}

/// TV-4
#[tokio::test]
async fn a_segment_is_base64url_and_nothing_else() {
    let world = World::start().await;
    let claims = world.claims().to_string();
    let (header, payload) = (encode(HEADER), encode(&claims));
    for bad in [
        format!("{header}=.{payload}"),
        format!("{header}.{payload}="),
        format!("{header}.{payload}=="),
        format!("{header}. {payload}"),
        format!("{header}.{payload}\n"),
        format!("{header}.\t{payload}"),
        format!("{header}\u{e9}.{payload}"),
        format!(
            "{header}.{}",
            STANDARD_NO_PAD.encode(world.claims_with("x", r#""~~~???>>>""#))
        ),
    ] {
        assert_invalid(world.validate(&world.signer.sign_text(&bad)).await, &bad);
    }
    for junk in ["=", " ", "\n", "+", "/", "%41"] {
        let token = format!("{}{junk}", world.token());
        assert_invalid(world.validate(&token).await, junk);
    }
}

/// TV-4: also where the alphabets differ.
#[tokio::test]
async fn a_signature_is_not_of_the_other_alphabet() {
    let world = World::start().await;
    for (ours, theirs) in [("-", "+"), ("_", "/")] {
        let mut tokens = (0..).map(|number| world.token_with("jti", &number.to_string()));
        let token = tokens
            .find(|token| signature(token).contains(ours))
            .unwrap();
        let (text, signature) = token.rsplit_once('.').unwrap();
        let other = format!("{text}.{}", signature.replace(ours, theirs));
        assert_invalid(world.validate(&other).await, theirs);
    }
}

/// TV-4: the bits of a last character that are not part of a byte are zero, so that a token has one spelling.
#[tokio::test]
async fn unused_bits_are_zero() {
    let world = World::start().await;
    let mut token = world.token();
    // 256 bytes leave four bits unused.
    let last = token.pop().unwrap();
    let other = char::from(u8::try_from(last).unwrap() + 1);
    assert!("AQgw".contains(last));
    assert_invalid(
        world.validate(&format!("{token}{other}")).await,
        "the signature",
    );

    let header = encode(format!("{HEADER} "));
    assert!(header.ends_with('A'), "two bits are unused: {header}");
    let text = format!(
        "{}B.{}",
        &header[..header.len() - 1],
        encode(world.claims().to_string())
    );
    assert_invalid(
        world.validate(&world.signer.sign_text(&text)).await,
        "the header",
    );
}

/// TV-10
#[tokio::test]
async fn a_signature_is_as_long_as_the_key_and_exact() {
    let world = World::start().await;
    let token = world.token();
    let (text, signature) = token.rsplit_once('.').unwrap();
    let signature = base64::prelude::BASE64_URL_SAFE_NO_PAD
        .decode(signature)
        .unwrap();
    let mut flipped = signature.clone();
    flipped[17] ^= 1;
    let longer = [&[0], signature.as_slice()].concat();
    let trailing = [signature.as_slice(), &[0]].concat();
    for bad in [
        &flipped,
        &longer,
        &trailing,
        &signature[1..].to_vec(),
        &vec![0; 256],
        &vec![0xff; 256],
    ] {
        let token = format!("{text}.{}", encode(bad));
        assert_invalid(world.validate(&token).await, &token);
    }
}

/// TV-11: a token that is too long is rejected before it is decoded; the bound can be raised.
#[tokio::test]
async fn the_length_is_bounded() {
    let world = World::start().await;
    let long = world.claims_with("permissions", &format!("[\"{}\"]", "p".repeat(20 * 1024)));
    let long = world.signer.sign(HEADER, long);
    assert_invalid(world.validate(&long).await, "over the default");
    let raised = world
        .builder()
        .access_token_limit(64 * 1024)
        .build()
        .unwrap();
    raised
        .validate_access_token(&long, &Requirements::new())
        .await
        .unwrap();
    let rejected = world.builder().access_token_limit(64 * 1024 + 1).build();
    assert!(matches!(rejected, Err(FiefError::Configuration(_))));
}

/// TV-11: to the byte.
#[tokio::test]
async fn a_token_may_be_as_long_as_is_set() {
    let world = World::start().await;
    let token = world.token();
    for (limit, is_good) in [(token.len(), true), (token.len() - 1, false)] {
        let fief = world.builder().access_token_limit(limit).build().unwrap();
        assert_eq!(validate(&fief, &token).await.is_ok(), is_good);
    }
}

fn signature(token: &str) -> &str {
    token.rsplit_once('.').unwrap().1
}
