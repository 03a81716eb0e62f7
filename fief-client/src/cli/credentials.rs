use secrecy::SecretString;
use serde::{Deserialize, Serialize};

use crate::{
    Fief, FiefError, FiefTokenResponse, FiefUserInfo, PendingTokens, RefreshParams,
    clock::from_unix_seconds, login::pending_to_json, secret::expose_some,
};

/// What the file contains: at least one of the two.
pub(super) struct Credentials {
    pub(super) verified: Option<Verified>,
    /// Tokens that Fief has issued and that are not verified yet, as JSON. Their refresh token is the one that counts.
    pub(super) pending: Option<SecretString>,
}

/// Tokens that were verified when they were saved, and their user.
pub(super) struct Verified {
    pub(super) user: FiefUserInfo,
    pub(super) tokens: FiefTokenResponse,
    /// When the user logged in, in seconds of Unix time.
    pub(super) auth_time: Option<u64>,
}

impl Credentials {
    pub(super) fn verified(verified: Verified) -> Self {
        Self {
            verified: Some(verified),
            pending: None,
        }
    }

    /// Returns credentials with tokens that are not verified yet.
    pub(super) fn pending(
        verified: Option<Verified>,
        pending: &PendingTokens,
    ) -> Result<Self, FiefError> {
        Ok(Self {
            verified: verified.map(Verified::without_refresh_token),
            pending: Some(pending_to_json(pending)?),
        })
    }

    /// Parses the contents of the file. Returns `None` if they are something else, or belong to another client or Fief.
    pub(super) fn parse(fief: &Fief, json: &str) -> Option<Self> {
        let contents: Contents = serde_json::from_str(json).ok()?;
        let Contents {
            version,
            base_url,
            client_id,
            userinfo,
            tokens,
            auth_time,
            pending,
        } = contents;
        let is_ours =
            version == VERSION && base_url == fief.base_url() && client_id == fief.client_id();
        let verified = userinfo.zip(tokens).map(|(user, tokens)| Verified {
            user,
            tokens,
            auth_time,
        });
        let is_empty = verified.is_none() && pending.is_none();
        (is_ours && !is_empty).then_some(Self { verified, pending })
    }

    /// Returns what is written to the file.
    pub(super) fn to_json(&self, fief: &Fief) -> Result<SecretString, FiefError> {
        let Self { verified, pending } = self;
        let verified = verified.as_ref();
        let contents = Contents {
            version: VERSION,
            base_url: fief.base_url(),
            client_id: fief.client_id().to_owned(),
            userinfo: verified.map(|verified| verified.user.clone()),
            tokens: verified.map(|verified| verified.tokens.clone()),
            auth_time: verified.and_then(|verified| verified.auth_time),
            pending: pending.clone(),
        };
        serde_json::to_string(&contents)
            .map(SecretString::from)
            .map_err(|_| FiefError::Configuration("credentials cannot be written as JSON".into()))
    }
}

impl Verified {
    pub(super) fn refresh_token(&self) -> Option<SecretString> {
        self.tokens.refresh_token().map(SecretString::from)
    }

    /// Returns what new tokens are checked against: they must be those of the same login.
    pub(super) fn refresh_params(&self) -> RefreshParams {
        let params = RefreshParams::new().user(self.user.sub);
        match self.auth_time.and_then(from_unix_seconds) {
            Some(auth_time) => params.auth_time(auth_time),
            None => params,
        }
    }

    pub(super) fn without_refresh_token(self) -> Self {
        Self {
            tokens: self.tokens.without_refresh_token(),
            ..self
        }
    }
}

/// The file: the names are those of Fief's Python client, and which client and server the tokens belong to.
#[derive(Deserialize, Serialize)]
struct Contents {
    version: u32,
    base_url: String,
    client_id: String,
    userinfo: Option<FiefUserInfo>,
    tokens: Option<FiefTokenResponse>,
    auth_time: Option<u64>,
    #[serde(serialize_with = "expose_some")]
    pending: Option<SecretString>,
}

const VERSION: u32 = 1;
