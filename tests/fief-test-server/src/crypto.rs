//! Random values, hashes and their encoding.

use aws_lc_rs::{digest, rand};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};

/// Returns 43 random characters, which is the length of Fief's codes, tokens and key ids.
pub(crate) fn random_string() -> String {
    base64url(&random_bytes::<32>())
}

pub(crate) fn random_bytes<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    // Fails only if the system has no source of randomness, and then no key is generated either.
    let _ = rand::fill(&mut bytes);
    bytes
}

/// Returns the left half of a value's hash, as in `c_hash` and `at_hash`.
pub(crate) fn half_hash(value: &str) -> String {
    let hash = digest::digest(&digest::SHA256, value.as_bytes());
    base64url(hash.as_ref().get(..16).unwrap_or_default())
}

/// Returns the hash of a value, as in an S256 code challenge.
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
    fn the_half_hash_is_that_of_the_specification() {
        // OpenID Connect Core 1.0, appendix A.3
        let code = "Qcb0Orv1zh30vL1MPRsbm-diHiMwcLyZvn1arpZv-Jxf_11jnpEX3Tgfvk";
        assert_eq!(half_hash(code), "LDktKdoQak3Pk0cnXxCltA");
    }
}
