//! Verification of e-mail addresses.

use std::time::SystemTime;

use uuid::Uuid;

use super::{State, session::Session};
use crate::{Notice, crypto::random_bytes};

impl State {
    /// Returns `true` if the user of a session has to verify their address.
    pub(crate) fn is_unverified(&self, session: &Session) -> bool {
        self.user(session.user)
            .is_some_and(|user| !user.is_email_verified)
    }

    /// Stores a code that verifies an address, and replaces the former one. Fief would mail it:
    /// it is in the notice.
    #[must_use]
    pub(crate) fn send_verification(&mut self, user: Uuid, email: String) -> Notice {
        let code = verification_code();
        let notice = Notice::VerificationCode {
            email: email.clone(),
            code: code.clone(),
        };
        self.verifications.insert(user, (email, code));
        notice
    }

    pub(crate) fn verification_code(&self, user: Uuid) -> Option<&str> {
        let (_, code) = self.verifications.get(&user)?;
        Some(code)
    }

    /// Sets the address that a code verifies. Returns `false` if it is not the user's code.
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

/// Returns six random characters that are not easily confused.
fn verification_code() -> String {
    const CHARACTERS: &[u8; 32] = b"ABCDEFGHJKLMNPQRSTUVWXYZ23456789";
    random_bytes::<6>()
        .iter()
        .filter_map(|byte| CHARACTERS.get(usize::from(byte % 32)))
        .map(|byte| char::from(*byte))
        .collect()
}
