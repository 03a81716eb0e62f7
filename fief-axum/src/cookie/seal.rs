//! Sealing: authenticated encryption of cookies and records with AES-256-GCM.
//!
//! A separate key is derived from the session key for each purpose, and the
//! purpose and the client's id are authenticated as well: applications with
//! different clients cannot open each other's values, even with the same key.

use aws_lc_rs::{
    aead::{AES_256_GCM, Aad, NONCE_LEN, Nonce, RandomizedNonceKey},
    hkdf::{HKDF_SHA256, KeyType, Salt},
    hmac,
};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use serde::{Serialize, de::DeserializeOwned};
use uuid::Uuid;

use super::key::SessionKey;
use crate::Error;

/// What a value is sealed for.
///
/// It can only be opened for the same purpose, so that for example a sealed
/// record of the store is not accepted as a cookie.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Purpose {
    /// A record of a session with an application's value, or of a remembered one.
    ExtendedRecord,
    /// A session with an application's value, or a remembered one, in cookies.
    ExtendedSession,
    /// The number of recent logins of a browser.
    LoginCounter,
    /// A login in progress.
    Login,
    /// A record of a store. It is bound to its id as well.
    Record,
    /// When a session was last used.
    Seen,
    /// A session in cookies.
    Session,
    /// The ids of the records of a session in a store.
    Ticket,
}

/// Keys of an application: the first one seals, and all can open.
pub(crate) struct Keys {
    derived: Vec<DerivedKeys>,
    client_id: String,
    /// The application that session cookies count for, if they count for no other.
    application: String,
}

/// Keys derived from one session key, one for each [`Purpose`], by HKDF
/// ([RFC 5869](https://www.rfc-editor.org/rfc/rfc5869)).
struct DerivedKeys {
    extended_record: RandomizedNonceKey,
    extended_session: RandomizedNonceKey,
    logins: RandomizedNonceKey,
    login: RandomizedNonceKey,
    record: RandomizedNonceKey,
    seen: RandomizedNonceKey,
    session: RandomizedNonceKey,
    ticket: RandomizedNonceKey,
    /// Derives the ids of records. They cannot be computed without the key.
    record_ids: hmac::Key,
}

impl Keys {
    /// Derives the keys of `key`, which seals, and of the `previous` ones.
    pub(crate) fn new(
        key: SessionKey,
        previous: Vec<SessionKey>,
        client_id: &str,
    ) -> Result<Self, Error> {
        let derived = std::iter::once(key)
            .chain(previous)
            .map(|key| DerivedKeys::new(&key))
            .collect::<Result<_, _>>()?;
        Ok(Self {
            derived,
            client_id: client_id.to_owned(),
            application: String::new(),
        })
    }

    /// Binds session cookies to an application: another one with the same client and
    /// session key does not open them.
    pub(crate) fn bind_sessions(&mut self, application: String) {
        self.application = application;
    }

    /// Seals a value: base64url of nonce, ciphertext and tag. The nonce is
    /// random.
    pub(crate) fn seal(&self, purpose: Purpose, value: &impl Serialize) -> Result<String, Error> {
        self.seal_bound(purpose, &[], value)
    }

    /// Seals a value that can be opened only together with `bound`, such as the
    /// place that it is stored at.
    pub(crate) fn seal_bound(
        &self,
        purpose: Purpose,
        bound: &[u8],
        value: &impl Serialize,
    ) -> Result<String, Error> {
        let failed = || Error::Configuration("failed to seal the session".into());
        let mut plain = purpose.serialize(value).ok_or_else(failed)?;
        let keys = self.derived.first().ok_or_else(failed)?;
        let aad = self.aad(purpose, bound);
        let nonce = keys
            .key(purpose)
            .seal_in_place_append_tag(Aad::from(&aad), &mut plain)
            .map_err(|_| failed())?;
        Ok(URL_SAFE_NO_PAD.encode([nonce.as_ref().as_slice(), &plain].concat()))
    }

    /// Opens what one of the keys sealed for this purpose and client.
    ///
    /// Returns `None` for anything else, such as a value that was modified,
    /// sealed with a key that is no longer used, or in a format of the past.
    pub(crate) fn open<T: DeserializeOwned>(
        &self,
        purpose: Purpose,
        sealed: impl AsRef<[u8]>,
    ) -> Option<T> {
        self.open_bound(purpose, &[], sealed)
    }

    /// Opens what was sealed together with `bound`.
    pub(crate) fn open_bound<T: DeserializeOwned>(
        &self,
        purpose: Purpose,
        bound: &[u8],
        sealed: impl AsRef<[u8]>,
    ) -> Option<T> {
        let sealed = URL_SAFE_NO_PAD.decode(sealed).ok()?;
        let (nonce, sealed) = sealed.split_at_checked(NONCE_LEN)?;
        let aad = self.aad(purpose, bound);
        self.derived.iter().find_map(|keys| {
            let nonce = Nonce::try_assume_unique_for_key(nonce).ok()?;
            let mut buffer = sealed.to_vec();
            let plain = keys
                .key(purpose)
                .open_in_place(nonce, Aad::from(&aad), &mut buffer)
                .ok()?;
            purpose.deserialize(plain)
        })
    }

    /// Returns the associated data: it is authenticated, but not part of the
    /// sealed value.
    fn aad(&self, purpose: Purpose, bound: &[u8]) -> Vec<u8> {
        let client_id = self.client_id.as_bytes();
        let application = if purpose.is_session_cookie() {
            self.application.as_bytes()
        } else {
            b""
        };
        [purpose.label(), b"\0", client_id, b"\0", bound, application].concat()
    }

    /// Derives ids of records from what they belong to: one for each key, that
    /// of the first key first.
    pub(crate) fn record_ids(
        &self,
        kind: &[u8],
        owner: Uuid,
    ) -> impl Iterator<Item = Uuid> + use<'_> {
        let name = [
            kind,
            b"\0",
            self.client_id.as_bytes(),
            b"\0",
            owner.as_bytes(),
        ]
        .concat();
        self.derived.iter().map(move |keys| {
            let tag = hmac::sign(&keys.record_ids, &name);
            let half = tag.as_ref().first_chunk().copied().unwrap_or_default();
            Uuid::from_bytes(half)
        })
    }
}

impl DerivedKeys {
    fn new(key: &SessionKey) -> Result<Self, Error> {
        Ok(Self {
            extended_record: derive(key, Purpose::ExtendedRecord)?,
            extended_session: derive(key, Purpose::ExtendedSession)?,
            logins: derive(key, Purpose::LoginCounter)?,
            login: derive(key, Purpose::Login)?,
            record: derive(key, Purpose::Record)?,
            seen: derive(key, Purpose::Seen)?,
            session: derive(key, Purpose::Session)?,
            ticket: derive(key, Purpose::Ticket)?,
            record_ids: hmac::Key::new(hmac::HMAC_SHA256, &derive_bytes(key, RECORD_IDS)?),
        })
    }

    fn key(&self, purpose: Purpose) -> &RandomizedNonceKey {
        match purpose {
            Purpose::ExtendedRecord => &self.extended_record,
            Purpose::ExtendedSession => &self.extended_session,
            Purpose::LoginCounter => &self.logins,
            Purpose::Login => &self.login,
            Purpose::Record => &self.record,
            Purpose::Seen => &self.seen,
            Purpose::Session => &self.session,
            Purpose::Ticket => &self.ticket,
        }
    }
}

impl Purpose {
    fn is_session_cookie(self) -> bool {
        match self {
            Self::ExtendedSession | Self::Session | Self::Ticket => true,
            Self::ExtendedRecord | Self::Login | Self::LoginCounter | Self::Record | Self::Seen => {
                false
            }
        }
    }

    /// Serializes a value: those that are long in cookies to as few bytes as
    /// possible, and others as JSON.
    fn serialize(self, value: &impl Serialize) -> Option<Vec<u8>> {
        match self {
            Self::ExtendedSession | Self::Login | Self::Session => {
                postcard::to_allocvec(value).ok()
            }
            Self::ExtendedRecord
            | Self::LoginCounter
            | Self::Record
            | Self::Seen
            | Self::Ticket => serde_json::to_vec(value).ok(),
        }
    }

    fn deserialize<T: DeserializeOwned>(self, plain: &[u8]) -> Option<T> {
        match self {
            Self::ExtendedSession | Self::Login | Self::Session => postcard::from_bytes(plain).ok(),
            Self::ExtendedRecord
            | Self::LoginCounter
            | Self::Record
            | Self::Seen
            | Self::Ticket => serde_json::from_slice(plain).ok(),
        }
    }

    /// Returns the label of the derived key and of the associated data.
    ///
    /// It ends with the version of the format, so that a process of another release
    /// neither opens nor replaces values that it does not understand. A release
    /// with a new version has to open those of the previous one too, since both
    /// run during a deployment.
    fn label(self) -> &'static [u8] {
        match self {
            Self::ExtendedRecord => b"fief-axum record 3",
            Self::ExtendedSession => b"fief-axum session 3",
            Self::LoginCounter => b"fief-axum logins 2",
            Self::Login => b"fief-axum login 2",
            Self::Record => b"fief-axum record 2",
            Self::Seen => b"fief-axum seen 2",
            Self::Session => b"fief-axum session 2",
            Self::Ticket => b"fief-axum ticket 2",
        }
    }
}

fn derive(key: &SessionKey, purpose: Purpose) -> Result<RandomizedNonceKey, Error> {
    let derived = derive_bytes(key, purpose.label())?;
    RandomizedNonceKey::new(&AES_256_GCM, &derived)
        .map_err(|_| Error::SessionKey("failed to derive keys from it"))
}

fn derive_bytes(key: &SessionKey, label: &[u8]) -> Result<[u8; KEY_LEN], Error> {
    let mut derived = [0; KEY_LEN];
    let prk = Salt::new(HKDF_SHA256, &[]).extract(key.as_bytes());
    prk.expand(&[label], KeyLen)
        .and_then(|okm| okm.fill(&mut derived))
        .map_err(|_| Error::SessionKey("failed to derive keys from it"))?;
    Ok(derived)
}

/// The label of the key that derives ids of records.
const RECORD_IDS: &[u8] = b"fief-axum record ids 2";

/// The length of a derived key, as a type that HKDF takes.
#[derive(Debug)]
struct KeyLen;

impl KeyType for KeyLen {
    fn len(&self) -> usize {
        KEY_LEN
    }
}

/// In bytes.
const KEY_LEN: usize = 32;
