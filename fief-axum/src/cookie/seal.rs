use aws_lc_rs::{
    aead::{AES_256_GCM, Aad, NONCE_LEN, Nonce, RandomizedNonceKey},
    hkdf::{HKDF_SHA256, KeyType, Salt},
};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use serde::{Serialize, de::DeserializeOwned};

use super::key::SessionKey;
use crate::Error;

/// What a sealed value is for. One that was sealed for something else does not open.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Purpose {
    /// How often a browser logged in lately.
    LoginCounter,
    /// A login that has begun.
    Login,
    /// A session, in a store.
    Record,
    /// A session, in its cookies.
    Session,
    /// Which session of a store a browser has.
    Ticket,
}

/// The keys that seal and open: the first seals, all open.
pub(crate) struct Keys {
    keys: Vec<DerivedKeys>,
    client_id: String,
}

/// One key for each purpose, derived from a session key
/// ([RFC 5869](https://www.rfc-editor.org/rfc/rfc5869)).
struct DerivedKeys {
    logins: RandomizedNonceKey,
    login: RandomizedNonceKey,
    record: RandomizedNonceKey,
    session: RandomizedNonceKey,
    ticket: RandomizedNonceKey,
}

impl Keys {
    pub(crate) fn new(
        key: SessionKey,
        previous: Vec<SessionKey>,
        client_id: &str,
    ) -> Result<Self, Error> {
        let keys = std::iter::once(key)
            .chain(previous)
            .map(|key| DerivedKeys::new(&key))
            .collect::<Result<_, _>>()?;
        Ok(Self {
            keys,
            client_id: client_id.to_owned(),
        })
    }

    /// Seals: base64url of nonce, ciphertext and tag.
    pub(crate) fn seal(&self, purpose: Purpose, value: &impl Serialize) -> Result<String, Error> {
        let failed = || Error::Configuration("the session cannot be sealed".into());
        let mut plain = serde_json::to_vec(value).map_err(|_| failed())?;
        let keys = self.keys.first().ok_or_else(failed)?;
        let aad = self.aad(purpose);
        let nonce = keys
            .key(purpose)
            .seal_in_place_append_tag(Aad::from(&aad), &mut plain)
            .map_err(|_| failed())?;
        Ok(URL_SAFE_NO_PAD.encode([nonce.as_ref().as_slice(), &plain].concat()))
    }

    /// Opens what any of the keys sealed for this purpose and client.
    pub(crate) fn open<T: DeserializeOwned>(&self, purpose: Purpose, sealed: &str) -> Option<T> {
        let sealed = URL_SAFE_NO_PAD.decode(sealed).ok()?;
        let (nonce, sealed) = sealed.split_at_checked(NONCE_LEN)?;
        let aad = self.aad(purpose);
        self.keys.iter().find_map(|keys| {
            let nonce = Nonce::try_assume_unique_for_key(nonce).ok()?;
            let mut buffer = sealed.to_vec();
            let plain = keys
                .key(purpose)
                .open_in_place(nonce, Aad::from(&aad), &mut buffer)
                .ok()?;
            serde_json::from_slice(plain).ok()
        })
    }

    fn aad(&self, purpose: Purpose) -> Vec<u8> {
        [purpose.label(), b"\0", self.client_id.as_bytes()].concat()
    }
}

impl DerivedKeys {
    fn new(key: &SessionKey) -> Result<Self, Error> {
        Ok(Self {
            logins: derive(key, Purpose::LoginCounter)?,
            login: derive(key, Purpose::Login)?,
            record: derive(key, Purpose::Record)?,
            session: derive(key, Purpose::Session)?,
            ticket: derive(key, Purpose::Ticket)?,
        })
    }

    fn key(&self, purpose: Purpose) -> &RandomizedNonceKey {
        match purpose {
            Purpose::LoginCounter => &self.logins,
            Purpose::Login => &self.login,
            Purpose::Record => &self.record,
            Purpose::Session => &self.session,
            Purpose::Ticket => &self.ticket,
        }
    }
}

impl Purpose {
    /// Also says the version of what is sealed.
    fn label(self) -> &'static [u8] {
        match self {
            Self::LoginCounter => b"fief-axum logins 1",
            Self::Login => b"fief-axum login 1",
            Self::Record => b"fief-axum record 1",
            Self::Session => b"fief-axum session 1",
            Self::Ticket => b"fief-axum ticket 1",
        }
    }
}

fn derive(key: &SessionKey, purpose: Purpose) -> Result<RandomizedNonceKey, Error> {
    let failed = |_| Error::SessionKey("no key can be derived from it");
    let mut derived = [0; KEY_LEN];
    let prk = Salt::new(HKDF_SHA256, &[]).extract(key.as_bytes());
    prk.expand(&[purpose.label()], KeyLen)
        .and_then(|okm| okm.fill(&mut derived))
        .map_err(failed)?;
    RandomizedNonceKey::new(&AES_256_GCM, &derived).map_err(failed)
}

#[derive(Debug)]
struct KeyLen;

impl KeyType for KeyLen {
    fn len(&self) -> usize {
        KEY_LEN
    }
}

const KEY_LEN: usize = 32;
