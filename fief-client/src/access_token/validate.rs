use std::sync::Arc;

use crate::{
    FiefAccessTokenInfo, FiefError,
    access_token::{Audiences, TokenCache},
    error::Chain,
    fief::AccessTokenClaims,
    jose::{
        claims::{TimeError, Validity},
        jws::{Jws, Type},
    },
    keys::Key,
    metrics,
    provider::Provider,
};

/// Validates access tokens. The signature of a token is verified only once.
pub(crate) struct Validator {
    /// Not behind a pointer of its own, since every request reads it.
    pub(crate) provider: Provider,
    pub(crate) audiences: Audiences,
    /// Maximum length of a token in bytes.
    pub(crate) limit: usize,
    pub(crate) cache: TokenCache,
}

impl Validator {
    /// Validates a token without awaiting. Returns `None` if the keys must be fetched first.
    pub(super) fn validate_cached(
        &self,
        token: &[u8],
    ) -> Option<Result<FiefAccessTokenInfo, FiefError>> {
        let now = self.provider.clock.now();
        match self.cache.get(token) {
            // The most frequent case.
            Some(cached) if self.is_usable(&cached, now) => {
                metrics::token("cached");
                Some(Ok(cached))
            }
            cached => self.validate_uncached(token, cached, now).map(record),
        }
    }

    /// Returns `true` if a cached token is valid and the keys need no renewal.
    fn is_usable(&self, cached: &FiefAccessTokenInfo, now: u64) -> bool {
        let (keys, clock) = (&self.provider.keys, &self.provider.clock);
        let validity = &cached.validated().validity;
        keys.is_fresh(now) && is_published(cached) && validity.check(now, clock.leeway).is_ok()
    }

    /// Validates a token that is not cached, or not valid any more.
    #[cold]
    fn validate_uncached(
        &self,
        token: &[u8],
        cached: Option<FiefAccessTokenInfo>,
        now: u64,
    ) -> Option<Result<(FiefAccessTokenInfo, &'static str), FiefError>> {
        if token.len() > self.limit {
            return Some(Err(FiefError::AccessTokenInvalid("it is too long")));
        }
        let keys = &self.provider.keys;
        let is_fresh = keys.is_fresh(now);
        match cached {
            // Renewing the keys may withdraw the one that verified the token.
            Some(_) if !is_fresh => return None,
            Some(cached) if is_published(&cached) => return Some(self.revalidate(cached, now)),
            _ => {}
        }
        let jws = match parse(token) {
            Ok(jws) => jws,
            Err(why) => return Some(Err(FiefError::AccessTokenInvalid(why))),
        };
        let kid = jws.kid.as_deref();
        let find = || keys.find_fresh(kid, now);
        let unknown = || is_fresh && keys.is_known_missing(kid, now);
        match find() {
            Some(key) => Some(self.verify(jws, key, now)),
            None if unknown() => match find() {
                Some(key) => Some(self.verify(jws, key, now)),
                // The keys may have become due in the meantime.
                None => keys.is_fresh(now).then(|| Err(unknown_key(&jws))),
            },
            None => None,
        }
    }

    /// Validates a token whose signature was verified before.
    pub(super) fn revalidate(
        &self,
        cached: FiefAccessTokenInfo,
        now: u64,
    ) -> Result<(FiefAccessTokenInfo, &'static str), FiefError> {
        self.check_times(&cached.validated().validity, now)?;
        Ok((cached, "cached"))
    }

    /// Verifies the signature of a token, checks its claims and caches it.
    pub(super) fn verify(
        &self,
        mut jws: Jws<'_>,
        key: Arc<Key>,
        now: u64,
    ) -> Result<(FiefAccessTokenInfo, &'static str), FiefError> {
        let (token, typ) = (jws.token, jws.typ);
        let claims: AccessTokenClaims<'_> =
            jws.verify(&key).map_err(FiefError::AccessTokenInvalid)?;
        self.check(&claims, typ, now)?;
        let info = claims.into_info(token, key);
        self.cache.insert(&info);
        Ok((info, "verified"))
    }

    /// Checks the claims of a token whose signature was verified.
    fn check(&self, claims: &AccessTokenClaims<'_>, typ: Type, now: u64) -> Result<(), FiefError> {
        claims
            .check_origin(&self.provider.discovery, &self.audiences)
            .map_err(FiefError::AccessTokenInvalid)?;
        self.check_times(&claims.validity(), now)?;
        claims
            .check_kind(typ)
            .map_err(FiefError::AccessTokenInvalid)
    }

    fn check_times(&self, validity: &Validity, now: u64) -> Result<(), FiefError> {
        validity
            .check(now, self.provider.clock.leeway)
            .map_err(|error| match error {
                TimeError::Expired => FiefError::AccessTokenExpired,
                TimeError::NotYetValid => FiefError::AccessTokenInvalid("it is not valid yet"),
            })
    }

    /// Validates the claims of a token, as if its signature were valid.
    #[cfg(fuzzing)]
    pub(crate) fn accept(&self, claims: &str, key: Arc<Key>) -> Option<FiefAccessTokenInfo> {
        let claims: AccessTokenClaims<'_> = crate::jose::json::object(claims)?;
        self.check(&claims, Type::Any, self.provider.clock.now())
            .ok()?;
        Some(claims.into_info("", key))
    }
}

/// Logs and counts the result of a validation.
pub(super) fn record(
    result: Result<(FiefAccessTokenInfo, &'static str), FiefError>,
) -> Result<FiefAccessTokenInfo, FiefError> {
    match &result {
        Ok((info, outcome)) => {
            let kid = info.validated().key.kid();
            tracing::debug!(kid, user = %info.id(), outcome, "access token validated");
            metrics::token(outcome);
        }
        Err(error) => {
            tracing::debug!(error = %Chain(error), "access token rejected");
            metrics::token("rejected");
        }
    }
    result.map(|(info, _)| info)
}

/// Returns `true` if Fief still publishes the key that verified a token.
pub(super) fn is_published(cached: &FiefAccessTokenInfo) -> bool {
    cached.validated().key.is_published()
}

/// Parses a token that may be any bytes.
pub(super) fn parse(token: &[u8]) -> Result<Jws<'_>, &'static str> {
    Jws::parse(str::from_utf8(token).map_err(|_| "it is not text")?)
}

/// Returns the error of a token whose key Fief does not publish.
pub(super) fn unknown_key(jws: &Jws<'_>) -> FiefError {
    tracing::debug!(kid = ?truncated(jws.kid.as_deref()), "unknown signing key");
    FiefError::AccessTokenInvalid("it is signed with an unknown key")
}

/// Shortens untrusted text for logs.
fn truncated(kid: Option<&str>) -> String {
    kid.unwrap_or_default().chars().take(64).collect()
}
