//! Encryption of ID tokens.

use std::{io, sync::Arc};

use aws_lc_rs::{
    cipher::{AES_256, DecryptionContext, PaddedBlockEncryptingKey, UnboundCipherKey},
    error::Unspecified,
    hmac,
    rsa::{OAEP_SHA256_MGF1SHA256, OaepPublicEncryptingKey, PublicEncryptingKey},
};
use serde_json::{Value, json};

use super::{der::private_numbers, rsa_pair::RsaPair};
use crate::crypto::{base64url, random_bytes};

/// Returns the key pair that ID tokens are encrypted for. There is one per process.
pub(crate) fn key_pair() -> io::Result<Arc<RsaPair>> {
    RsaPair::shared(2048, usize::MAX)
}

/// Encrypts a token with RSA-OAEP-256 and A256CBC-HS512
/// ([RFC 7518, section 5.2](https://www.rfc-editor.org/rfc/rfc7518#section-5.2)).
pub(crate) fn encrypt(pair: &RsaPair, token: &str) -> Result<String, Unspecified> {
    let mac_key = random_bytes::<32>();
    let content_key = random_bytes::<32>();
    let header = json!({ "alg": "RSA-OAEP-256", "enc": "A256CBC-HS512", "kid": KID });
    let header = base64url(header.to_string().as_bytes());

    let (iv, ciphertext) = encrypt_content(&content_key, token)?;
    let mut authenticated = header.as_bytes().to_vec();
    authenticated.extend_from_slice(&iv);
    authenticated.extend_from_slice(&ciphertext);
    let bits = u64::try_from(header.len()).map_err(|_| Unspecified)? * 8;
    authenticated.extend_from_slice(&bits.to_be_bytes());
    let mac = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA512, &mac_key), &authenticated);
    let tag = mac.as_ref().get(..32).ok_or(Unspecified)?;

    let wrapped = wrap_key(pair, &[mac_key, content_key].concat())?;
    let [wrapped, iv, ciphertext, tag] =
        [&wrapped, &iv.to_vec(), &ciphertext, &tag.to_vec()].map(|part| base64url(part));
    Ok(format!("{header}.{wrapped}.{iv}.{ciphertext}.{tag}"))
}

/// Returns the private key of the client, which decrypts the tokens.
pub(crate) fn private_jwk(pair: &RsaPair) -> Result<Value, Unspecified> {
    let pkcs8 = pair.private_der()?;
    let numbers = private_numbers(&pkcs8).ok_or(Unspecified)?;
    let mut jwk = json!({ "kty": "RSA", "use": "enc", "kid": KID });
    if let Some(jwk) = jwk.as_object_mut() {
        let names = ["n", "e", "d", "p", "q", "dp", "dq", "qi"];
        for (name, number) in names.into_iter().zip(numbers) {
            jwk.insert(name.to_owned(), json!(base64url(number)));
        }
    }
    Ok(jwk)
}

/// Encrypts with AES-256-CBC. Returns the initialization vector and the ciphertext.
fn encrypt_content(key: &[u8], text: &str) -> Result<([u8; 16], Vec<u8>), Unspecified> {
    let key = UnboundCipherKey::new(&AES_256, key)?;
    let mut content = text.as_bytes().to_vec();
    match PaddedBlockEncryptingKey::cbc_pkcs7(key)?.encrypt(&mut content)? {
        DecryptionContext::Iv128(iv) => Ok((<[u8; 16]>::try_from(iv)?, content)),
        _ => Err(Unspecified),
    }
}

/// Encrypts the content key with RSA-OAEP-256.
fn wrap_key(pair: &RsaPair, key: &[u8]) -> Result<Vec<u8>, Unspecified> {
    let public = PublicEncryptingKey::from_der(&pair.public_der()?).map_err(|_| Unspecified)?;
    let public = OaepPublicEncryptingKey::new(public)?;
    let mut wrapped = vec![0; public.ciphertext_size()];
    let wrapped = public.encrypt(&OAEP_SHA256_MGF1SHA256, key, &mut wrapped, None)?;
    Ok(wrapped.to_vec())
}

const KID: &str = "fief-test-server-encryption-key";
