use crate::{
    FiefAccessTokenInfo, FiefError, Reason,
    access_token::{Audiences, TokenCache},
    error::Chain,
    fief::AccessTokenClaims,
    jose::{
        claims::Validity,
        jws::{Jws, Type},
    },
    keys::{Budget, KeyGroup},
    metrics,
    provider::Provider,
};

/// Validator of access tokens. The signature of a valid token is verified only once while it stays cached.
pub(crate) struct Validator {
    /// Stored inline: every request reads it.
    pub(crate) provider: Provider,
    pub(crate) audiences: Audiences,
    /// Maximum length of a token in bytes.
    pub(crate) max_token_len: usize,
    pub(crate) cache: TokenCache,
}

/// How the signature of a valid token was found to be valid.
#[derive(Clone, Copy)]
pub(super) enum ValidatedBy {
    /// It was verified before.
    Cache,
    /// It was verified now.
    Signature,
}

impl ValidatedBy {
    /// Returns the label for logs and metrics.
    fn label(self) -> &'static str {
        match self {
            Self::Cache => "cached",
            Self::Signature => "verified",
        }
    }
}

impl Validator {
    /// Validates a token without awaiting. Returns `None` if the keys may have to be fetched or awaited.
    pub(super) fn try_validate(
        &self,
        token: &[u8],
        budget: Budget,
    ) -> Option<Result<FiefAccessTokenInfo, FiefError>> {
        let now = self.provider.clock.now();
        match self.cache.get(token) {
            // The most frequent case: counted, but not logged, which keeps it fast and the log short.
            Some(cached) if self.is_usable(&cached, now) => {
                metrics::token(ValidatedBy::Cache.label());
                Some(Ok(cached))
            }
            cached => {
                let validated = self.try_validate_slow(token, cached, budget, now);
                validated.map(|result| record(result, |error| error))
            }
        }
    }

    /// Returns `true` if a token that was validated before is within its times.
    pub(super) fn is_valid_at(&self, token: &FiefAccessTokenInfo, now: u64) -> bool {
        let validity = &token.validated().validity;
        validity.check(now, self.provider.clock.leeway).is_ok()
    }

    /// Returns `true` if Fief still publishes the key of a token, and the keys need no renewal. The token is counted, as
    /// if it were cached.
    pub(super) fn is_key_current(&self, token: &FiefAccessTokenInfo, now: u64) -> bool {
        let is_current = self.provider.keys.needs_no_renewal(now) && is_published(token);
        if is_current {
            metrics::token(ValidatedBy::Cache.label());
        }
        is_current
    }

    /// Returns `true` if a cached token is valid, Fief still publishes its key, and the keys need no renewal.
    fn is_usable(&self, cached: &FiefAccessTokenInfo, now: u64) -> bool {
        self.provider.keys.needs_no_renewal(now)
            && is_published(cached)
            && self.is_valid_at(cached, now)
    }

    /// Validates a token that is not cached, or that was cached but is not usable at once: it is no longer valid,
    /// its key is withdrawn, or the keys need a renewal. Returns `None` as [`try_validate`](Self::try_validate) does.
    #[cold]
    fn try_validate_slow(
        &self,
        token: &[u8],
        cached: Option<FiefAccessTokenInfo>,
        budget: Budget,
        now: u64,
    ) -> Option<Result<(FiefAccessTokenInfo, ValidatedBy), FiefError>> {
        if token.len() > self.max_token_len {
            return Some(Err(FiefError::of_access_token(Reason::TooLong)));
        }
        let keys = &self.provider.keys;
        let needs_no_renewal = keys.needs_no_renewal(now);
        match cached {
            // A renewal may reveal that Fief has withdrawn the key that verified the token.
            Some(_) if !needs_no_renewal => return None,
            Some(cached) if is_published(&cached) => return Some(self.revalidate(cached, now)),
            _ => {}
        }
        let jws = match parse(token) {
            Ok(jws) => jws,
            Err(reason) => return Some(Err(FiefError::of_access_token(reason))),
        };
        let kid = jws.kid.as_deref();
        let find = || keys.find_without_renewal(kid, now);
        let unknown = || needs_no_renewal && keys.is_miss_final(kid, budget, now);
        match find() {
            Some(keys) => Some(self.verify(jws, &keys, now)),
            // A new set may have arrived since the lookup.
            None if unknown() => match find() {
                Some(keys) => Some(self.verify(jws, &keys, now)),
                // The keys may have become due for renewal in the meantime.
                None => keys
                    .needs_no_renewal(now)
                    .then(|| Err(unknown_key_error(&jws))),
            },
            None => None,
        }
    }

    /// Validates a token whose signature was verified before.
    pub(super) fn revalidate(
        &self,
        cached: FiefAccessTokenInfo,
        now: u64,
    ) -> Result<(FiefAccessTokenInfo, ValidatedBy), FiefError> {
        let checked = self.check_times(&cached.validated().validity, now);
        checked.map_err(FiefError::of_access_token)?;
        Ok((cached, ValidatedBy::Cache))
    }

    /// Verifies the signature of a token, checks its claims and caches it.
    pub(super) fn verify(
        &self,
        mut jws: Jws<'_>,
        keys: &KeyGroup,
        now: u64,
    ) -> Result<(FiefAccessTokenInfo, ValidatedBy), FiefError> {
        let (token, typ) = (jws.token, jws.typ);
        let verified = jws.verify(keys).and_then(|(claims, key)| {
            self.check_claims(&claims, typ, now)?;
            Ok(AccessTokenClaims::into_info(claims, token, key))
        });
        let info = verified.map_err(FiefError::of_access_token)?;
        self.cache.insert(&info);
        Ok((info, ValidatedBy::Signature))
    }

    /// Checks the claims of a token whose signature was verified.
    fn check_claims(
        &self,
        claims: &AccessTokenClaims<'_>,
        typ: Type,
        now: u64,
    ) -> Result<(), Reason> {
        claims.check_issuer_and_audience(&self.provider.discovery, &self.audiences)?;
        self.check_times(&claims.validity(), now)?;
        claims.check_type(typ)
    }

    fn check_times(&self, validity: &Validity, now: u64) -> Result<(), Reason> {
        let clock = &self.provider.clock;
        let checked = validity.check(now, clock.leeway);
        checked.inspect_err(|reason| clock.warn_if_behind(*reason))
    }

    /// Validates the claims of a token, as if its signature were valid.
    #[cfg(fuzzing)]
    pub(crate) fn accept(
        &self,
        claims: &str,
        keys: &KeyGroup,
    ) -> Result<FiefAccessTokenInfo, Reason> {
        let claims: AccessTokenClaims<'_> = crate::jose::members::parse(claims)?;
        self.check_claims(&claims, Type::Any, self.provider.clock.now())?;
        let key = keys.keys().first().ok_or(Reason::UnknownKey)?;
        Ok(claims.into_info("", std::sync::Arc::clone(key)))
    }
}

/// Logs and counts the result of a validation.
pub(super) fn record<E>(
    result: Result<(FiefAccessTokenInfo, ValidatedBy), E>,
    error: impl Fn(&E) -> &FiefError,
) -> Result<FiefAccessTokenInfo, E> {
    match &result {
        Ok((info, by)) => {
            let outcome = by.label();
            let kid = info.validated().key.kid();
            tracing::debug!(kid, user = %info.id(), outcome, "access token validated");
            metrics::token(outcome);
        }
        Err(unverified) => record_rejection(error(unverified)),
    }
    result.map(|(info, _)| info)
}

#[cold]
fn record_rejection(error: &FiefError) {
    let (outcome, reason) = match error.reason() {
        Some(reason @ Reason::Expired { .. }) => ("expired", reason),
        Some(reason) => ("rejected", reason),
        None => {
            tracing::debug!(error = %Chain(error), "access token not validated");
            return metrics::token("failed");
        }
    };
    let label = reason.label();
    tracing::debug!(error = %Chain(error), reason = label, "access token rejected");
    metrics::token(outcome);
    metrics::rejection("access_token", label);
}

/// Returns `true` if Fief still publishes the key that verified a token.
pub(super) fn is_published(cached: &FiefAccessTokenInfo) -> bool {
    cached.validated().key.is_published()
}

/// Parses a token from untrusted bytes.
pub(super) fn parse(token: &[u8]) -> Result<Jws<'_>, Reason> {
    let malformed = Reason::Malformed { name: "structure" };
    Jws::parse(str::from_utf8(token).map_err(|_| malformed)?)
}

/// Returns the error of a token whose key Fief does not publish.
pub(super) fn unknown_key_error(jws: &Jws<'_>) -> FiefError {
    tracing::debug!(kid = ?truncated(jws.kid.as_deref()), "unknown signing key");
    FiefError::AccessTokenInvalid(Reason::UnknownKey)
}

/// Shortens untrusted text for logs.
fn truncated(kid: Option<&str>) -> String {
    kid.unwrap_or_default().chars().take(64).collect()
}
