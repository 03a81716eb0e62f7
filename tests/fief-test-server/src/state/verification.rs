//! The codes that prove addresses.

use std::time::SystemTime;

use uuid::Uuid;

use super::{State, session::Session};
use crate::crypto::random_bytes;

impl State {
    /// Whether whoever logged in has to prove the address first.
    pub(crate) fn is_unverified(&self, session: &Session) -> bool {
        self.user(session.user)
            .is_some_and(|user| !user.is_email_verified)
    }

    /// What Fief would mail: a code that proves an address. It takes the former one's place.
    pub(crate) fn send_verification(&mut self, user: Uuid, email: String) {
        let code = verification_code();
        self.verifications.insert(user, (email, code));
    }

    pub(crate) fn verification_code(&self, user: Uuid) -> Option<&str> {
        let (_, code) = self.verifications.get(&user)?;
        Some(code)
    }

    /// Gives the user the address that the code proves.
    pub(crate) fn verify_email(&mut self, user: Uuid, code: &str, now: SystemTime) -> bool {
        let Some((email, _)) = self
            .verifications
            .get(&user)
            .filter(|(_, sent)| sent == code)
        else {
            return false;
        };
        let email = email.clone();
        self.verifications.remove(&user);
        self.update_user(user, now, |user| {
            user.email = email;
            user.is_email_verified = true;
        });
        true
    }
}

/// Six characters that are told apart easily.
fn verification_code() -> String {
    const CHARACTERS: &[u8; 32] = b"ABCDEFGHJKLMNPQRSTUVWXYZ23456789";
    random_bytes::<6>()
        .iter()
        .filter_map(|byte| CHARACTERS.get(usize::from(byte % 32)))
        .map(|byte| char::from(*byte))
        .collect()
}
