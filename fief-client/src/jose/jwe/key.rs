use std::fmt;

use aws_lc_rs::{
    encoding::AsDer,
    error::Unspecified,
    rsa::{
        KeyPair, KeyPairComponents, OAEP_SHA256_MGF1SHA256, OaepPrivateDecryptingKey,
        PrivateDecryptingKey, PublicKeyComponents,
    },
};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use secrecy::{ExposeSecret, ExposeSecretMut, SecretSlice, SecretString};
use serde::{Deserialize, Deserializer, de};

use super::content::ContentKey;
use crate::jose::json;

/// Private key that decrypts ID tokens: RSA-OAEP-256 with A256CBC-HS512, no other algorithms.
pub(crate) struct DecryptionKey {
    pub(super) kid: Option<String>,
    private: OaepPrivateDecryptingKey,
}

impl DecryptionKey {
    /// Parses a private JWK ([RFC 7518, section 6.3](https://www.rfc-editor.org/rfc/rfc7518#section-6.3)). The error
    /// says what is wrong with it, without showing its contents.
    pub(crate) fn parse(jwk: &str) -> Result<Self, &'static str> {
        let jwk: Jwk =
            json::object(jwk).ok_or("not the JSON of a private RSA key with its CRT members")?;
        if jwk.kty != "RSA" {
            return Err("not an RSA key");
        }
        let decrypts = jwk.usage.as_ref().is_none_or(|usage| usage == "enc")
            && jwk.alg.as_ref().is_none_or(|alg| alg == ALG)
            && jwk
                .key_ops
                .as_ref()
                .is_none_or(|all| all.iter().any(|one| one == "decrypt" || one == "unwrapKey"));
        if !decrypts {
            return Err("not a key for decryption with RSA-OAEP-256");
        }
        let private = jwk
            .private_key()
            .map_err(|_| "not a valid RSA key of 2048 to 8192 bits")?;
        Ok(Self {
            kid: jwk.kid,
            private,
        })
    }

    /// Decrypts the content key
    /// ([RFC 7518, section 4.3](https://www.rfc-editor.org/rfc/rfc7518#section-4.3)).
    ///
    /// If that fails, a random key is used instead, so that the tag fails as for any other invalid token
    /// ([RFC 7516, section 11.5](https://www.rfc-editor.org/rfc/rfc7516#section-11.5)).
    pub(super) fn content_key(&self, encrypted: &[u8]) -> Result<ContentKey, Unspecified> {
        let mut key = ContentKey::random()?;
        let mut plain = SecretSlice::from(vec![0; self.private.key_size_bytes()]);
        let plain = plain.expose_secret_mut();
        let opened = self
            .private
            .decrypt(&OAEP_SHA256_MGF1SHA256, encrypted, plain, None);
        if let Ok(opened) = opened
            && let Ok(opened) = <&[u8; 64]>::try_from(&*opened)
        {
            key = ContentKey::from(opened);
        }
        Ok(key)
    }
}

impl fmt::Debug for DecryptionKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DecryptionKey")
            .field("kid", &self.kid)
            .finish_non_exhaustive()
    }
}

#[derive(Deserialize)]
struct Jwk {
    kty: String,
    kid: Option<String>,
    #[serde(rename = "use")]
    usage: Option<String>,
    alg: Option<String>,
    key_ops: Option<Vec<String>>,
    #[serde(deserialize_with = "base64url_uint")]
    n: SecretSlice<u8>,
    #[serde(deserialize_with = "base64url_uint")]
    e: SecretSlice<u8>,
    #[serde(deserialize_with = "base64url_uint")]
    d: SecretSlice<u8>,
    #[serde(deserialize_with = "base64url_uint")]
    p: SecretSlice<u8>,
    #[serde(deserialize_with = "base64url_uint")]
    q: SecretSlice<u8>,
    #[serde(deserialize_with = "base64url_uint")]
    dp: SecretSlice<u8>,
    #[serde(deserialize_with = "base64url_uint")]
    dq: SecretSlice<u8>,
    #[serde(deserialize_with = "base64url_uint")]
    qi: SecretSlice<u8>,
}

impl Jwk {
    /// Builds the key, which checks that the numbers match.
    fn private_key(&self) -> Result<OaepPrivateDecryptingKey, Unspecified> {
        let pair = KeyPair::from_components(&KeyPairComponents {
            public_key: PublicKeyComponents {
                n: self.n.expose_secret(),
                e: self.e.expose_secret(),
            },
            d: self.d.expose_secret(),
            p: self.p.expose_secret(),
            q: self.q.expose_secret(),
            dP: self.dp.expose_secret(),
            dQ: self.dq.expose_secret(),
            qInv: self.qi.expose_secret(),
        })
        .map_err(|_| Unspecified)?;
        let private = PrivateDecryptingKey::from_pkcs8(pair.as_der()?.as_ref());
        OaepPrivateDecryptingKey::new(private.map_err(|_| Unspecified)?)
    }
}

/// Deserializes a number of a key ([RFC 7518, section 2](https://www.rfc-editor.org/rfc/rfc7518#section-2)).
fn base64url_uint<'de, D: Deserializer<'de>>(deserializer: D) -> Result<SecretSlice<u8>, D::Error> {
    let text = SecretString::deserialize(deserializer)?;
    URL_SAFE_NO_PAD
        .decode(text.expose_secret())
        .map(SecretSlice::from)
        .map_err(|_| de::Error::custom("not base64url"))
}

/// Algorithm that encrypts the content key.
pub(super) const ALG: &str = "RSA-OAEP-256";
