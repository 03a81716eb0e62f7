//! The part of a DER parser that RSA keys require.

/// Reads `n` and `e` from an `RSAPublicKey`
/// ([RFC 8017, appendix A.1.1](https://www.rfc-editor.org/rfc/rfc8017#appendix-A.1.1)).
pub(crate) fn public_numbers(key: &[u8]) -> Option<(&[u8], &[u8])> {
    let (key, _) = element(SEQUENCE, key)?;
    let (modulus, key) = integer(key)?;
    let (exponent, _) = integer(key)?;
    Some((modulus, exponent))
}

/// Reads the eight numbers of an RSA key from its `PrivateKeyInfo`
/// ([RFC 8017, appendix A.1.2](https://www.rfc-editor.org/rfc/rfc8017#appendix-A.1.2)).
pub(crate) fn private_numbers(pkcs8: &[u8]) -> Option<Vec<&[u8]>> {
    let (info, _) = element(SEQUENCE, pkcs8)?;
    let (_version, info) = integer(info)?;
    let (_algorithm, info) = element(SEQUENCE, info)?;
    let (key, _) = element(OCTET_STRING, info)?;
    let (key, _) = element(SEQUENCE, key)?;
    let (_version, mut rest) = integer(key)?;
    let mut numbers = Vec::new();
    for _ in 0..8 {
        let (found, after) = integer(rest)?;
        numbers.push(found);
        rest = after;
    }
    Some(numbers)
}

/// Returns a positive integer without leading zeros, and the rest.
fn integer(der: &[u8]) -> Option<(&[u8], &[u8])> {
    let (content, rest) = element(INTEGER, der)?;
    let zeros = content.iter().take_while(|byte| **byte == 0).count();
    Some((content.get(zeros..)?, rest))
}

/// Returns the content of the first element, and the rest.
fn element(tag: u8, der: &[u8]) -> Option<(&[u8], &[u8])> {
    let (found, rest) = der.split_first()?;
    let (length, rest) = rest.split_first()?;
    let (length, rest) = match length.checked_sub(0x80) {
        None => (usize::from(*length), rest),
        Some(count) => {
            let (bytes, rest) = rest.split_at_checked(usize::from(count))?;
            let length = bytes
                .iter()
                .fold(0, |sum, byte| sum << 8 | usize::from(*byte));
            (length, rest)
        }
    };
    if *found != tag {
        return None;
    }
    rest.split_at_checked(length)
}

const INTEGER: u8 = 0x02;
const OCTET_STRING: u8 = 0x04;
const SEQUENCE: u8 = 0x30;
