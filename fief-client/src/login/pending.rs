use std::{
    fmt,
    sync::{Arc, OnceLock},
};

use serde::{Deserialize, Serialize};

use crate::{FiefError, FiefTokenResponse, FiefUserInfo, login::expected::Expected};

/// Tokens that Fief has issued, and that cannot be verified yet since its keys cannot be fetched. Cloning is
/// cheap.
///
/// A code and a refresh token can be used once, so what Fief issued for one must not be lost. Keep this value,
/// and pass it to [`Fief::verify`](crate::Fief::verify) a few seconds later: it verifies the tokens, and then
/// they are as good as those of a login or refresh that succeeded at once. The nonce, the code, the level of
/// authentication and the user that they must match are remembered.
///
/// Until then nothing is known about the tokens: they cannot be read, and neither can the user. `Debug` shows
/// no secret. It is not serializable; if the process ends, the tokens are lost.
///
/// See [`Fief::verify`](crate::Fief::verify) for an example.
#[derive(Clone)]
pub struct PendingTokens {
    inner: Arc<Inner>,
}

struct Inner {
    contents: Contents,
    /// The user of the verified tokens, or why they are invalid. The first outcome counts for all clones.
    outcome: OnceLock<Result<FiefUserInfo, FiefError>>,
}

/// Tokens that were not verified, and what they are verified against.
#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Contents {
    pub(super) client_id: String,
    pub(super) issuer: String,
    pub(super) tokens: FiefTokenResponse,
    pub(super) expected: Expected,
}

impl PendingTokens {
    pub(super) fn new(contents: Contents) -> Self {
        Self {
            inner: Arc::new(Inner {
                contents,
                outcome: OnceLock::new(),
            }),
        }
    }

    /// Returns the new refresh token, if there is one, without any check: it came from Fief's token endpoint, but
    /// it may belong to another user than expected.
    ///
    /// Store it in place of the old one, which Fief has invalidated, if the process may end before the tokens
    /// are verified. Do not conclude from it that a user is logged in.
    #[must_use]
    pub fn unverified_refresh_token(&self) -> Option<&str> {
        self.inner.contents.tokens.refresh_token()
    }

    pub(super) fn contents(&self) -> &Contents {
        &self.inner.contents
    }

    /// Returns the outcome of the verification, if it is known.
    pub(super) fn outcome(&self) -> Option<Result<(FiefTokenResponse, FiefUserInfo), FiefError>> {
        let outcome = self.inner.outcome.get()?.clone();
        Some(outcome.map(|user| (self.inner.contents.tokens.clone(), user)))
    }

    /// Stores the outcome of a verification, unless another clone was faster. Returns the one that counts.
    pub(super) fn complete(
        &self,
        outcome: Result<FiefUserInfo, FiefError>,
    ) -> Result<(FiefTokenResponse, FiefUserInfo), FiefError> {
        let user = self.inner.outcome.get_or_init(|| outcome).clone()?;
        Ok((self.inner.contents.tokens.clone(), user))
    }
}

impl fmt::Debug for PendingTokens {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PendingTokens")
            .field("client_id", &self.inner.contents.client_id)
            .finish_non_exhaustive()
    }
}
