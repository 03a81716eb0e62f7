#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::unwrap_used,
    reason = "tests"
)]

mod sealer;
mod vectors;

use aws_lc_rs::rsa::OAEP_SHA1_MGF1SHA1;
use secrecy::ExposeSecret;
use serde_json::{Value, json};

use self::{sealer::Sealer, vectors::*};
use super::{content::ContentKey, *};

/// C61: opened what jwcrypto, the library that Fief encrypts with, made.
#[test]
fn a_token_of_jwcrypto_is_decrypted() {
    assert_eq!(opened(JWCRYPTO).unwrap(), SIGNED);
}

/// IT-9: the test case of RFC 7518, appendix B.3.
#[test]
fn the_vector_of_rfc_7518_is_opened() {
    let key: [u8; 64] = std::array::from_fn(|i| u8::try_from(i).unwrap());
    let sealed = Sealed {
        associated: b"The second principle of Auguste Kerckhoffs",
        iv: hex("1af38c2dc2b96ffdd86694092341bc04"),
        ciphertext: hex(RFC_7518_CIPHERTEXT),
        tag: hex("4dd3b4c088a7f45c216839645b2012bf2e6269a8c56a816dbc1b267761955bc5"),
    };
    let plain = ContentKey::from(&key).open(&sealed).unwrap();
    assert_eq!(String::from_utf8(plain).unwrap(), RFC_7518_PLAINTEXT);
}

/// IT-6: RSA-OAEP with A256GCM, `RSA1_5` with `A128CBC-HS256`, A128KW: the examples of RFC 7516, appendix A.
#[test]
fn the_algorithms_of_rfc_7516_are_refused() {
    for token in RFC_7516 {
        assert_eq!(opened(token), Err(Reason::WrongAlgorithm));
    }
}

/// IT-6, IT-7: rejected before a key is used: the other segments are not base64url.
#[test]
fn other_headers_are_refused_before_key_work() {
    let headers = [
        json!({"alg": "RSA-OAEP", "enc": ENC}),
        json!({"alg": "RSA1_5", "enc": ENC}),
        json!({"alg": "dir", "enc": ENC}),
        json!({"alg": "A256KW", "enc": ENC}),
        json!({"alg": "PBES2-HS512+A256KW", "enc": ENC, "p2c": 1_000_000_000}),
        json!({"alg": "ECDH-ES", "enc": ENC}),
        json!({"alg": "rsa-oaep-256", "enc": ENC}),
        json!({"alg": ALG, "enc": "A256GCM"}),
        json!({"alg": ALG, "enc": "A128CBC-HS256"}),
        json!({"alg": ALG, "enc": ENC, "zip": "DEF"}),
        json!({"alg": ALG, "enc": ENC, "zip": null}),
        json!({"alg": ALG, "enc": ENC, "crit": []}),
    ];
    for header in headers {
        let token = format!("{}.!.!.!.!", encode(header.to_string()));
        let reason = opened(&token).unwrap_err();
        let is_of_header = matches!(reason, Reason::WrongAlgorithm | Reason::Unexpected { .. });
        assert!(is_of_header, "{header}: {reason}");
    }
}

/// IT-6
#[test]
fn broken_headers_are_refused() {
    let headers = [
        "[]",
        r#"["RSA-OAEP-256", "A256CBC-HS512"]"#,
        "null",
        "{",
        "",
        r#"{"alg": "RSA-OAEP-256"}"#,
        r#"{"alg": ["RSA-OAEP-256"], "enc": "A256CBC-HS512"}"#,
        r#"{"alg": "RSA-OAEP-256", "enc": "A256CBC-HS512", "kid": 1}"#,
        r#"{"alg": "RSA-OAEP-256", "alg": "RSA1_5", "enc": "A256CBC-HS512"}"#,
    ];
    for header in headers {
        let token = format!("{}.a.a.a.a", encode(header));
        assert!(opened(&token).is_err(), "{header}");
    }
}

/// TV-3, IT-5
#[test]
fn anything_but_five_segments_is_refused() {
    let cut = JWCRYPTO.rsplit_once('.').unwrap().0;
    let more = format!("{JWCRYPTO}.AA");
    let many = ".".repeat(100_000);
    for token in ["", ".", "....", SIGNED, cut, &more, &many] {
        assert!(opened(token).is_err());
    }
}

/// IT-9: every bit counts, and every failure reads the same.
#[test]
fn any_changed_segment_is_one_error() {
    for segment in 1..5 {
        let mut segments: Vec<_> = JWCRYPTO.split('.').map(str::to_owned).collect();
        let good = decode(&segments[segment]).unwrap();
        for at in [0, good.len() / 2, good.len() - 1] {
            let mut bad = good.clone();
            bad[at] ^= 1;
            segments[segment] = encode(bad);
            assert_eq!(opened(&segments.join(".")), Err(Reason::Undecryptable));
        }
    }
}

/// IT-9: the header is under the tag.
#[test]
fn a_changed_header_is_refused() {
    let (_, rest) = JWCRYPTO.split_once('.').unwrap();
    let header = encode(format!(r#"{{"alg": "{ALG}", "enc": "{ENC}"}}"#));
    assert_eq!(
        opened(&format!("{header}.{rest}")),
        Err(Reason::Undecryptable)
    );
}

/// IT-9: lengths that no honest sender makes.
#[test]
fn any_length_of_a_segment_is_one_error() {
    for segment in 1..5 {
        let mut segments: Vec<_> = JWCRYPTO.split('.').map(str::to_owned).collect();
        let good = decode(&segments[segment]).unwrap();
        let lengths = [1, 8, 15, 16, 17, 31, 32, 33, 64, 255, 256, 257, 512];
        for length in lengths.into_iter().filter(|length| *length != good.len()) {
            segments[segment] = encode(
                good.iter()
                    .copied()
                    .cycle()
                    .take(length)
                    .collect::<Vec<_>>(),
            );
            assert_eq!(
                opened(&segments.join(".")),
                Err(Reason::Undecryptable),
                "{length}"
            );
        }
    }
}

/// TV-4
#[test]
fn base64url_is_strict() {
    let padded = format!("{JWCRYPTO}=");
    let spaced = JWCRYPTO.replacen('.', ". ", 4);
    let standard = JWCRYPTO.replace('-', "+").replace('_', "/");
    for token in [padded, spaced, standard] {
        assert_eq!(opened(&token), Err(Reason::Undecryptable));
    }
}

/// IT-9
#[test]
fn a_content_key_of_another_length_is_refused() {
    for length in [0, 1, 16, 32, 63, 65, 128] {
        let token = Sealer::new().content_key(&vec![7; length]).seal(SIGNED);
        assert_eq!(opened(&token), Err(Reason::Undecryptable), "{length}");
    }
}

/// IT-6
#[test]
fn a_content_key_sealed_otherwise_is_refused() {
    let sha1 = Sealer::new().oaep(&OAEP_SHA1_MGF1SHA1).seal(SIGNED);
    assert_eq!(opened(&sha1), Err(Reason::Undecryptable));
    let pkcs1 = Sealer::new().pkcs1().seal(SIGNED);
    assert_eq!(opened(&pkcs1), Err(Reason::Undecryptable));
}

/// IT-9: a padding oracle: the tag is right, the padding is not.
#[test]
fn bad_padding_under_a_good_tag_is_refused() {
    for padding in [[0; 16], [17; 16], [255; 16]] {
        let token = Sealer::new().padding(&padding).seal("");
        assert_eq!(opened(&token), Err(Reason::Undecryptable));
    }
    let uneven = Sealer::new().padding(&[1, 2, 2, 3]).seal("");
    assert_eq!(opened(&uneven), Err(Reason::Undecryptable));
}

/// IT-9
#[test]
fn content_that_is_not_text_is_refused() {
    let token = Sealer::new().seal_bytes(b"\xff\xfe");
    assert_eq!(opened(&token), Err(Reason::Undecryptable));
}

/// C61: a full block of padding, and a key without an id.
#[test]
fn whole_blocks_and_a_missing_kid_are_opened() {
    let text = "0123456789abcdef";
    assert_eq!(opened(&Sealer::new().seal(text)).unwrap(), text);
}

/// IT-5: keys are chosen by their id, where both have one.
#[test]
fn a_key_of_another_id_is_not_tried() {
    let mut jwk: Value = serde_json::from_str(JWK).unwrap();
    jwk["kid"] = json!("two");
    let keys = [DecryptionKey::parse(&jwk.to_string()).unwrap()];
    assert_eq!(decrypt(JWCRYPTO, &keys).err(), Some(Reason::Undecryptable));
}

/// IT-5: the old and the new key, in either order.
#[test]
fn any_of_several_keys_opens() {
    let mut other: Value = serde_json::from_str(JWK).unwrap();
    other["kid"] = json!("two");
    let keys = [other.to_string(), JWK.into()].map(|jwk| DecryptionKey::parse(&jwk).unwrap());
    assert_eq!(decrypt(JWCRYPTO, &keys).unwrap().expose_secret(), SIGNED);
}

/// Q3D: and what is wrong is said without showing the key.
#[test]
fn jwks_that_cannot_decrypt_are_refused() {
    let changes = [
        ("d", json!(null)),
        ("d", json!("AQAB")),
        ("n", json!("AQAB")),
        ("n", json!("!")),
        ("e", json!("Ag")),
        ("qi", json!("AQAB")),
        ("kty", json!("oct")),
        ("use", json!("sig")),
        ("alg", json!("RSA-OAEP")),
        ("key_ops", json!(["sign"])),
    ];
    for (name, value) in changes {
        let mut jwk: Value = serde_json::from_str(JWK).unwrap();
        jwk[name] = value;
        assert!(DecryptionKey::parse(&jwk.to_string()).is_err(), "{name}");
    }
    for junk in ["", "{}", "null", "[]", "-----BEGIN PRIVATE KEY-----"] {
        assert!(DecryptionKey::parse(junk).is_err(), "{junk}");
    }
}

/// LG-1
#[test]
fn debug_of_a_key_shows_its_id_only() {
    let shown = format!("{:?}", DecryptionKey::parse(JWK).unwrap());
    assert_eq!(shown, r#"DecryptionKey { kid: Some("one"), .. }"#);
}

fn opened(token: &str) -> Result<String, Reason> {
    let keys = [DecryptionKey::parse(JWK).unwrap()];
    decrypt(token, &keys).map(|plain| plain.expose_secret().to_owned())
}

fn encode(bytes: impl AsRef<[u8]>) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

fn hex(text: &str) -> Vec<u8> {
    let digits = text.as_bytes().chunks(2);
    digits
        .map(|pair| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap())
        .collect()
}
