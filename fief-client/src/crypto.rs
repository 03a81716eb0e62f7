//! Validation hashes of OpenID Connect, under the names of Fief's other clients.
//!
//! Logins check them already: these functions are for programs that verify ID tokens on their own.

use aws_lc_rs::{constant_time, digest};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};

/// Computes the validation hash of a code (`c_hash`) or an access token (`at_hash`).
///
/// It is the left half of the SHA-256 of the ASCII value, base64url without padding
/// ([OpenID Connect Core, section 3.1.3.6](https://openid.net/specs/openid-connect-core-1_0.html#CodeIDToken)).
///
/// ```
/// assert_eq!(fief_client::crypto::get_validation_hash("foobar"), "w6uP8Tcg6K2QR905Rms8iQ");
/// ```
#[must_use]
pub fn get_validation_hash(value: &str) -> String {
    let hash = sha256(value);
    let (left, _) = hash.as_ref().split_at(digest::SHA256_OUTPUT_LEN / 2);
    URL_SAFE_NO_PAD.encode(left)
}

/// Returns `true` if `hash` is the validation hash of `value`. Compares in constant time.
///
/// ```
/// assert!(fief_client::crypto::is_valid_hash("foobar", "w6uP8Tcg6K2QR905Rms8iQ"));
/// ```
#[must_use]
pub fn is_valid_hash(value: &str, hash: &str) -> bool {
    equal(&get_validation_hash(value), hash)
}

/// Computes the SHA-256 of a text.
pub(crate) fn sha256(value: &str) -> digest::Digest {
    digest::digest(&digest::SHA256, value.as_bytes())
}

/// Compares secrets in constant time.
pub(crate) fn equal(a: &str, b: &str) -> bool {
    constant_time::verify_slices_are_equal(a.as_bytes(), b.as_bytes()).is_ok()
}
