use aws_lc_rs::{
    cipher::{AES_256, EncryptingKey, EncryptionContext, UnboundCipherKey},
    encoding::AsDer,
    rsa::{
        OAEP_SHA256_MGF1SHA256, OaepAlgorithm, OaepPublicEncryptingKey, Pkcs1PublicEncryptingKey,
        PublicEncryptingKey, PublicKeyComponents,
    },
};
use serde_json::Value;

use super::{ALG, ContentKey, ENC, JWK, Sealed, decode, encode};

/// Makes tokens, honest ones and others.
pub(super) struct Sealer {
    content_key: Vec<u8>,
    oaep: Option<&'static OaepAlgorithm>,
    padding: Option<Vec<u8>>,
}

impl Sealer {
    pub(super) fn new() -> Self {
        Self {
            content_key: vec![7; 64],
            oaep: Some(&OAEP_SHA256_MGF1SHA256),
            padding: None,
        }
    }

    pub(super) fn content_key(mut self, key: &[u8]) -> Self {
        self.content_key = key.to_vec();
        self
    }

    pub(super) fn oaep(mut self, algorithm: &'static OaepAlgorithm) -> Self {
        self.oaep = Some(algorithm);
        self
    }

    pub(super) fn pkcs1(mut self) -> Self {
        self.oaep = None;
        self
    }

    pub(super) fn padding(mut self, padding: &[u8]) -> Self {
        self.padding = Some(padding.to_vec());
        self
    }

    pub(super) fn seal(&self, plain: &str) -> String {
        self.seal_bytes(plain.as_bytes())
    }

    /// Seals with the key of sevens. The key in the token may be another.
    pub(super) fn seal_bytes(&self, plain: &[u8]) -> String {
        let room = 16 - plain.len() % 16;
        let pad = vec![u8::try_from(room).unwrap(); room];
        let mut content = plain.to_vec();
        content.extend(self.padding.as_ref().unwrap_or(&pad));
        let iv = [9; 16];
        if content.len().is_multiple_of(16) {
            let key = UnboundCipherKey::new(&AES_256, &[7; 32]).unwrap();
            EncryptingKey::cbc(key)
                .unwrap()
                .less_safe_encrypt(&mut content, EncryptionContext::Iv128((&iv).into()))
                .unwrap();
        }
        let header = encode(format!(r#"{{"alg":"{ALG}","enc":"{ENC}"}}"#));
        let mut sealed = Sealed {
            associated: header.as_bytes(),
            iv: iv.to_vec(),
            ciphertext: content,
            tag: Vec::new(),
        };
        sealed.tag = ContentKey::from(&[7; 64]).tag(&sealed).as_ref()[..32].to_vec();
        let parts = [
            encode(self.sealed_key()),
            encode(&sealed.iv),
            encode(&sealed.ciphertext),
            encode(&sealed.tag),
        ];
        format!("{header}.{}", parts.join("."))
    }

    fn sealed_key(&self) -> Vec<u8> {
        let jwk: Value = serde_json::from_str(JWK).unwrap();
        let [n, e] = ["n", "e"].map(|name| decode(jwk[name].as_str().unwrap()).unwrap());
        let public = PublicKeyComponents { n, e }.as_der().unwrap();
        let public = PublicEncryptingKey::from_der(public.as_ref()).unwrap();
        let mut sealed = vec![0; 256];
        if let Some(algorithm) = self.oaep {
            let public = OaepPublicEncryptingKey::new(public).unwrap();
            let done = public.encrypt(algorithm, &self.content_key, &mut sealed, None);
            done.unwrap();
        } else {
            let public = Pkcs1PublicEncryptingKey::new(public).unwrap();
            public.encrypt(&self.content_key, &mut sealed).unwrap();
        }
        sealed
    }
}
