//! Proof Key for Code Exchange ([RFC 7636](https://www.rfc-editor.org/rfc/rfc7636)): protects a code from
//! being exchanged by another party.
//!
//! [`Fief::begin_login`](crate::Fief::begin_login) does this. The functions are for logins that are made of
//! [`auth_url`](crate::Fief::auth_url) and [`auth_callback`](crate::Fief::auth_callback); their names are
//! those of Fief's other clients.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use serde::{Deserialize, Serialize};

use crate::{FiefError, crypto, login::random};

/// Method by which a code challenge is derived from its verifier
/// ([RFC 7636, section 4.2](https://www.rfc-editor.org/rfc/rfc7636#section-4.2)).
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[non_exhaustive]
pub enum CodeChallengeMethod {
    /// The verifier itself. Not needed with Fief, which supports `S256`.
    #[serde(rename = "plain")]
    Plain,
    /// The verifier's SHA-256, base64url without padding.
    #[default]
    S256,
}

impl CodeChallengeMethod {
    /// Returns the value of the `code_challenge_method` parameter.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Plain => "plain",
            Self::S256 => "S256",
        }
    }
}

/// Generates a code verifier: 128 characters of `A-Z a-z 0-9 - _` from 96 random bytes
/// ([RFC 7636, section 4.1](https://www.rfc-editor.org/rfc/rfc7636#section-4.1)).
///
/// # Errors
/// [`FiefError::Configuration`]: the operating system provides no random numbers.
pub fn get_code_verifier() -> Result<String, FiefError> {
    random::<96>()
}

/// Returns the challenge of a verifier
/// ([RFC 7636, section 4.2](https://www.rfc-editor.org/rfc/rfc7636#section-4.2)).
///
/// ```
/// use fief_client::pkce::{CodeChallengeMethod, get_code_challenge};
///
/// let challenge = get_code_challenge("CODE", CodeChallengeMethod::S256);
/// assert_eq!(challenge, "B6nXtKmiORWmG8ibsDV79Hs0jPQXTrllux34-_oYsLU");
/// ```
#[must_use]
pub fn get_code_challenge(code_verifier: &str, method: CodeChallengeMethod) -> String {
    match method {
        CodeChallengeMethod::Plain => code_verifier.to_owned(),
        CodeChallengeMethod::S256 => URL_SAFE_NO_PAD.encode(crypto::sha256(code_verifier)),
    }
}
