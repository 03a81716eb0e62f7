//! Only content that was encrypted for the key is decrypted, and decryption never panics.
#![no_main]

use std::sync::LazyLock;

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD as BASE64};
use fief_client::fuzzing;
use libfuzzer_sys::fuzz_target;

static KEYS: LazyLock<fuzzing::Keys> = LazyLock::new(|| fuzzing::Keys::parse(JWK).unwrap());

fuzz_target!(|data: &[u8]| {
    let Some((how, data)) = data.split_first() else {
        return;
    };
    match how % 5 {
        0 => forged(data),
        1 => assembled(data),
        2 => mutated(data),
        3 => tagged(data),
        _ => key(data),
    }
});

/// Any text instead of a token.
fn forged(data: &[u8]) {
    if let Ok(token) = str::from_utf8(data) {
        assert_eq!(KEYS.decrypt(token), None);
    }
}

/// Any bytes in the places of a token.
fn assembled(data: &[u8]) {
    let mut parts = data.splitn(5, |byte| *byte == b'#');
    let segments: Vec<_> = [(); 5]
        .map(|()| BASE64.encode(parts.next().unwrap_or_default()))
        .into();
    assert_eq!(KEYS.decrypt(&segments.join(".")), None);
    // Under a header that is accepted.
    let mut segments = segments;
    TOKEN
        .split('.')
        .next()
        .unwrap()
        .clone_into(&mut segments[0]);
    assert_eq!(KEYS.decrypt(&segments.join(".")), None);
}

/// A valid token in which bytes were replaced, inserted or removed.
fn mutated(data: &[u8]) {
    let mut token = TOKEN.as_bytes().to_vec();
    for change in data.chunks_exact(4) {
        let &[high, low, byte, how] = change else {
            continue;
        };
        let position = usize::from(u16::from_be_bytes([high, low]));
        let Some(at) = position.checked_rem(token.len()) else {
            break;
        };
        match how % 3 {
            0 => token[at] = byte,
            1 => token.insert(at, byte),
            _ => drop(token.remove(at)),
        }
    }
    let Ok(token) = String::from_utf8(token) else {
        return;
    };
    assert_eq!(KEYS.decrypt(&token).is_some(), token == TOKEN);
}

/// Content with a valid tag: the decrypted text is shorter than the ciphertext, by the padding.
fn tagged(data: &[u8]) {
    let Some((key, data)) = data.split_first_chunk::<64>() else {
        return;
    };
    let (iv, ciphertext) = data.split_at(data.len().min(16));
    if let Some(plain) = fuzzing::open_tagged(key, b"header", iv, ciphertext) {
        assert_eq!((iv.len(), ciphertext.len() % 16), (16, 0));
        assert!((1..=16).contains(&(ciphertext.len() - plain.len())));
    }
}

/// Any text instead of a key.
fn key(data: &[u8]) {
    if let Ok(jwk) = str::from_utf8(data) {
        let _ = fuzzing::Keys::parse(jwk);
    }
}

/// Made for this target.
const JWK: &str = r#"{"d":"WByb7LD0HHeKInPk-Z7gF0Gk_pcQf5QeGA3pedcjLAoDFfDiwdTvOs5u_MVVDgCfHia_RHNzDXbTuGXOIISF6aw83hPHfiwA2MW99LohBq25DF56BcLVSOG56Y1AaprJOXYgXUX3BIboiwsOhogM3D-Bg6hzX4V4weHtqSVHxUUBVal-os8uOd2PVmnjRqiwKyy-Nzo2731rmglmOj4kLfXwR5FlQ6IRKM3fxQAcJfsDgLpTTk1yc5bIWWN9ik7_iHtGRzfbWSQo4r0ldfczed_bbXSBu73OWv_ej801-8vdRfCqFQ94N4xZizEVI8BkrsFkKP4IWontkT4QNODDgQ","dp":"et-6vA1tUG_di7jp7y_HVzS8UAXfoSjJhOoQHOkPaw4Hx9komyxpNYGkhZyVYpwLtnlkd77CnJQjwp8cWQdO-NMoVoiMxtLKd3ib1yj9REwlQUFoc1-TgMq92-7I3HAQfRj_UZd18MQ0GxTRFG1rplXkPHtVvaV0fCAmLlSGgQE","dq":"xPGCMszMLNCaUtvul1AML2EP3JE3nQtloy0dNYDqxxdjZURp-kRdNBCgFhTvcbjMX_7yci6Yq8xRuT87sRr8iMGFawqwT1UfpSHhJR2mUruFhyhyhMYENWcTX-vmKD_8Oc6NH0-JnwsPLdJHpcmSkW4PVEanIR9Ondc98jnFMy0","e":"AQAB","kid":"one","kty":"RSA","n":"x4akGmKExgvL2OdJBOdJqVbHwic9Ni3lYrgvKWFCkV4PGUaLRxMg-BNwwAT4Nu1gg9A6ww6RhjTKiSlw6Qwk56U7pKHnJxsJRb87Oo2WK-yXOOcicRisuySR0cHubECNbERJAT7l42Jmz1wgMZeyup2CKpcmpl0MK4aMV50Lodhp4pLJ2BbrlDjubcoPiJcN_fvn9u3xnbW3Xfre5ovJ_TkSm5K4L5lpkaRtTUwfphOZGMRk7fkbnjUEGy76ATvqYlFyBd1vWtx6PehC4RSbwTonZeMCctOqaXboX0p3ZBqsa6ao2TOWtsdYd_kkXFL_zRMUmlHE-td4_1hx0ov34w","p":"_sEmoQkx61d3QhbRwdkljbYzYmJx7Lp8eYJyLvMX5GEDVe9SApmN9BHEzwMFUomRMqA3VuzbiMboKeCZ4GE_zXs5HAt-nCwAqo0bMY35RbV43DWHsSa4CbRIS2NQDrb5MLe235yLTK3_5aNaJg1ABsAninfYrj7EGT2eDuQhioE","q":"yIBdzhh6E7pS36FTuUWZacdiQZ7vmdM7eo0EeOr63rkewkWfQ5cjf47SbduspEn1zobCHj5RuVhIPXf3eaTTzR8daApaWBlR6Ai99TnkNkAXK9sJ6DB07ixeKmvTgjMgi4QMTbViPoRzbM1Ra6PN33j76ckmcD_x_Y7F13vPaGM","qi":"0pTsYF2u4RO7Qpi_1i1HKHQnGEkh1gMBgzgMZM1MW8P0uQym8gINWztIZ5-BlO-IwlNteRvLMDHJJMTVYaH2A89D8mEwkBYEoab57r97ZzAPGZmN5hjIGlqX7xHZRc1TopFlOWBYCuIPVBMLfniWsePv5TzrLqBnOjVucPF2JxU","use":"enc"}"#;
const TOKEN: &str = "eyJhbGciOiJSU0EtT0FFUC0yNTYiLCJlbmMiOiJBMjU2Q0JDLUhTNTEyIiwia2lkIjoib25lIn0.eLKZzBA-EhxHOsimvRH-sQEWf6mVNmZVUuuaCGc468pQZmjOirBT58vxI2OI7Y-0WQy5MklkDJiCqktoIuLwqKu8pkLjiiVyiJltpXWnlzZEojhB7eomJpjttmyI34LBSVdWf9ENwAxGCXgF1Kb7d51gPMr43Vi9pGPLjGqxUv7dk-3qGiMym9bBm7cUv7wRoDZ6w3j2qVhtsNNj2bqL27h3PnbP61MmX47owEx5LWJXSN1xHWD7oqM4ttA2CAmiu93FkAAPnIw-0Zdx0npJC-8KJy2UlKx5ubtRDsY6_kP0BQOgDTLNESizGcn--ZbTaXurvcNDKkYRm8CMSJ_Bqg.r-5nAhY7vqS-FY5bda8vhg.3WzN5yu-pQO12bKCanorNQZfmGF9poGAuTIE833TPZY.0b9vlEoZ6HKaQc1IdsqCnJ2GNzrgt6elnG9iED2YbJU";
