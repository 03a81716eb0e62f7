use secrecy::SecretString;

use crate::{Fief, FiefError, PendingTokens, login::pending::Contents};

/// Returns pending tokens and what they must match as JSON, secrets included. Seal it before it is stored.
///
/// # Errors
/// [`FiefError::Configuration`]: it cannot be written as JSON, which does not happen.
pub fn pending_to_json(pending: &PendingTokens) -> Result<SecretString, FiefError> {
    serde_json::to_string(pending.contents())
        .map(SecretString::from)
        .map_err(|_| FiefError::Configuration("pending tokens cannot be written as JSON".into()))
}

/// Returns when Fief issued the tokens, by the clock of the client that received them, in seconds of Unix time.
#[must_use]
pub fn pending_received_at(pending: &PendingTokens) -> u64 {
    pending.contents().expected.received_at
}

/// Returns the pending tokens that [`pending_to_json`] wrote, in this process or in another one.
///
/// What they must match comes from the JSON, so it must have been sealed.
///
/// # Errors
/// [`FiefError::Configuration`]: it is malformed, has the format of another version, or belongs to another client.
pub fn pending_from_json(fief: &Fief, json: &str) -> Result<PendingTokens, FiefError> {
    let malformed = || {
        FiefError::Configuration("the pending tokens are malformed, or of another version".into())
    };
    // The error of serde could repeat a token.
    let contents: Contents = serde_json::from_str(json).map_err(|_| malformed())?;
    let Contents {
        client_id,
        issuer,
        tokens,
        expected,
    } = contents;
    let pending = PendingTokens::new(Contents {
        client_id,
        issuer,
        tokens: tokens.check().map_err(|_| malformed())?,
        expected,
    });
    fief.check_client(&pending)?;
    Ok(pending)
}
