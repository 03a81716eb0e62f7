use aws_lc_rs::{
    cipher::{AES_256, DecryptionContext, PaddedBlockDecryptingKey, UnboundCipherKey},
    constant_time,
    error::Unspecified,
    hmac, rand,
};
use secrecy::{ExposeSecret, SecretSlice};

/// Content encryption key: 32 bytes for the tag, 32 for the cipher
/// ([RFC 7518, section 5.2.2.1](https://www.rfc-editor.org/rfc/rfc7518#section-5.2.2.1)).
pub(super) struct ContentKey {
    mac: hmac::Key,
    cipher: SecretSlice<u8>,
}

/// Encrypted content and its tag.
pub(super) struct Sealed<'a> {
    pub(super) associated: &'a [u8],
    pub(super) iv: Vec<u8>,
    pub(super) ciphertext: Vec<u8>,
    pub(super) tag: Vec<u8>,
}

impl ContentKey {
    /// Returns a key that decrypts nothing.
    pub(super) fn random() -> Result<Self, Unspecified> {
        let mut bytes = [0; 64];
        rand::fill(&mut bytes)?;
        Ok(Self::from(&bytes))
    }

    /// Checks the tag, and only then decrypts and removes the padding
    /// ([RFC 7518, section 5.2.2.2](https://www.rfc-editor.org/rfc/rfc7518#section-5.2.2.2)).
    pub(super) fn open(&self, sealed: &Sealed<'_>) -> Result<Vec<u8>, Unspecified> {
        let iv = <[u8; 16]>::try_from(&*sealed.iv)?;
        let tag = self.tag(sealed);
        let (expected, _) = tag.as_ref().split_at_checked(32).ok_or(Unspecified)?;
        constant_time::verify_slices_are_equal(expected, &sealed.tag)?;
        let cipher = UnboundCipherKey::new(&AES_256, self.cipher.expose_secret())?;
        let mut content = sealed.ciphertext.clone();
        if content.is_empty() || !content.len().is_multiple_of(16) {
            return Err(Unspecified);
        }
        let plain = PaddedBlockDecryptingKey::cbc_pkcs7(cipher)?
            .decrypt(&mut content, DecryptionContext::Iv128(iv.into()))?
            .len();
        content.truncate(plain);
        Ok(content)
    }

    /// Computes the tag ([RFC 7518, section 5.2.2.1](https://www.rfc-editor.org/rfc/rfc7518#section-5.2.2.1)).
    pub(super) fn tag(&self, sealed: &Sealed<'_>) -> hmac::Tag {
        let bits = sealed.associated.len() as u64 * 8;
        let mut mac = hmac::Context::with_key(&self.mac);
        mac.update(sealed.associated);
        mac.update(&sealed.iv);
        mac.update(&sealed.ciphertext);
        mac.update(&bits.to_be_bytes());
        mac.sign()
    }
}

impl From<&[u8; 64]> for ContentKey {
    fn from(bytes: &[u8; 64]) -> Self {
        let (mac, cipher) = bytes.split_at(32);
        Self {
            mac: hmac::Key::new(hmac::HMAC_SHA512, mac),
            cipher: cipher.to_vec().into(),
        }
    }
}
