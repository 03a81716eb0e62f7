//! Randomness, hashes and their encoding.

use aws_lc_rs::{digest, rand};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};

/// 43 characters, as Fief's codes, tokens and key ids are.
pub(crate) fn random_string() -> String {
    base64url(&random_bytes::<32>())
}

pub(crate) fn random_bytes<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    // Fails only where the system has no randomness, and there no key could be made either.
    let _ = rand::fill(&mut bytes);
    bytes
}

/// The left half of a value's hash, as `c_hash` and `at_hash` carry it.
pub(crate) fn half_hash(value: &str) -> String {
    let hash = digest::digest(&digest::SHA256, value.as_bytes());
    base64url(hash.as_ref().get(..16).unwrap_or_default())
}

/// The whole hash, as an S256 code challenge carries it.
pub(crate) fn sha256(value: &str) -> String {
    base64url(digest::digest(&digest::SHA256, value.as_bytes()).as_ref())
}

pub(crate) fn base64url(bytes: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

pub(crate) fn base64url_decode(text: &str) -> Option<Vec<u8>> {
    URL_SAFE_NO_PAD.decode(text).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_hash_of_the_specification() {
        // OpenID Connect Core 1.0, appendix A.3
        let code = "Qcb0Orv1zh30vL1MPRsbm-diHiMwcLyZvn1arpZv-Jxf_11jnpEX3Tgfvk";
        assert_eq!(half_hash(code), "LDktKdoQak3Pk0cnXxCltA");
    }
}
