use std::sync::Arc;

use url::Url;

use crate::{Fief, FiefAccessTokenInfo, jwks, metadata, validate};

/// The ids of the keys that are taken from an answer.
#[must_use]
pub fn jwks(answer: &[u8]) -> Option<Vec<Option<String>>> {
    let keys = jwks::parse(answer)?;
    let kid = |key: &crate::key::Key| key.kid().map(str::to_owned);
    Some(keys.iter().map(kid).collect())
}

/// The endpoints that are taken from an answer, as they are called.
#[must_use]
pub fn discovery(fief: &Fief, answer: &[u8]) -> Option<Vec<Url>> {
    let metadata = metadata::parse(&fief.inner, answer)?;
    let endpoints = [
        &metadata.authorization,
        &metadata.token,
        &metadata.userinfo,
        &metadata.jwks,
    ];
    let base = &fief.inner.base;
    Some(
        endpoints
            .iter()
            .map(|endpoint| base.join(endpoint))
            .collect(),
    )
}

/// Makes a client know keys that it did not fetch, for ever.
#[must_use]
pub fn trust(fief: &Fief, answer: &[u8]) -> Option<()> {
    let now = fief.inner.now();
    fief.inner.keys.trust(jwks::parse(answer)?, now);
    Some(())
}

/// What is taken from the claims of a token whose signature is good.
#[must_use]
pub fn claims(fief: &Fief, claims: &str) -> Option<FiefAccessTokenInfo> {
    let client = &fief.inner;
    let key = client.keys.find_settled(None, client.now())?;
    validate::accept(client, claims, Arc::clone(&key))
}
