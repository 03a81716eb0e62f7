use secrecy::ExposeSecret;
use url::Url;

use crate::{
    Fief, FiefAccessTokenInfo, FiefUserInfo, Reason, discovery,
    jose::jwe::{self, DecryptionKey},
    keys,
    login::Expected,
};

/// Returns the ids of the keys that are accepted from a response.
#[must_use]
pub fn jwks(body: &[u8]) -> Option<Vec<Option<String>>> {
    let keys = keys::parse(body)?;
    let kid = |key: &crate::keys::Key| key.kid().map(str::to_owned);
    Some(keys.iter().map(kid).collect())
}

/// Returns the endpoints that are accepted from a response, with their origins.
#[must_use]
pub fn discovery(fief: &Fief, body: &[u8]) -> Option<Vec<Url>> {
    let metadata = discovery::parse(&fief.provider().base, body)?;
    let endpoints = [
        &metadata.authorization,
        &metadata.token,
        &metadata.userinfo,
        &metadata.jwks,
    ];
    let base = &fief.provider().base;
    Some(
        endpoints
            .iter()
            .map(|endpoint| base.resolve(endpoint))
            .collect(),
    )
}

/// Stores keys in a client that never expire.
#[must_use]
pub fn trust(fief: &Fief, body: &[u8]) -> Option<()> {
    let provider = fief.provider();
    let now = provider.clock.now();
    provider.keys.trust(keys::parse(body)?, now);
    Some(())
}

/// Returns what is accepted of the claims of a token, as if its signature were valid, or why it is rejected.
pub fn claims(fief: &Fief, claims: &str) -> Result<FiefAccessTokenInfo, Reason> {
    let provider = fief.provider();
    let keys = provider
        .keys
        .find_without_renewal(None, provider.clock.now())
        .ok_or(Reason::UnknownKey)?;
    fief.inner.validator.accept(claims, &keys)
}

/// Returns the login that an address ends which was pasted into a terminal: whether it was successful, if any.
#[cfg(feature = "cli")]
#[must_use]
pub fn pasted(redirect_uri: &str, state: &str, address: &str) -> Option<bool> {
    crate::cli::pasted(redirect_uri, state, address).map(|response| response.is_ok())
}

/// Keys that decrypt tokens.
#[derive(Debug)]
pub struct Keys([DecryptionKey; 1]);

impl Keys {
    #[must_use]
    pub fn parse(jwk: &str) -> Option<Self> {
        DecryptionKey::parse(jwk).ok().map(|key| Self([key]))
    }

    #[must_use]
    pub fn decrypt(&self, token: &str) -> Option<String> {
        let plain = jwe::decrypt(token, &self.0).ok()?;
        Some(plain.expose_secret().to_owned())
    }
}

/// Decrypts content with a matching tag.
#[must_use]
pub fn open_tagged(
    key: &[u8; 64],
    associated: &[u8],
    iv: &[u8],
    ciphertext: &[u8],
) -> Option<Vec<u8>> {
    jwe::open_tagged(key, associated, iv, ciphertext)
}

/// Returns what is accepted of the claims of an ID token, as if its signature were valid.
#[must_use]
pub fn id_token(
    fief: &Fief,
    claims: &str,
    access_token: &str,
    code: &str,
    nonce: &str,
) -> Option<FiefUserInfo> {
    let expected = Expected {
        nonce: Some(nonce.into()),
        code: Some(code.into()),
        acr: None,
        max_age: None,
        user: None,
        auth_time: None,
        received_at: fief.provider().clock.now(),
    };
    fief.accept_id_token(claims, access_token, &expected)
}
