use std::{borrow::Cow, sync::Arc};

use serde::Deserialize;
use uuid::Uuid;

use crate::{
    Fief, FiefAccessTokenInfo, FiefAcr, FiefError, Requirements,
    access_token::Validated,
    claims::{Audience, NumericDate, Untimely, Validity, hyphenated, is_issuer, number},
    client::Inner,
    jws::{Jws, Type, present},
    key::Key,
    metrics,
};

impl Fief {
    /// Validates an access token and checks what is required of it.
    ///
    /// The signature, issuer, audience and times are checked, and that it is an access token. No request is
    /// sent while Fief's keys are known; a token that was validated before is not verified again.
    ///
    /// # Errors
    /// - [`FiefError::AccessTokenInvalid`], [`FiefError::AccessTokenExpired`]: not a good token.
    /// - [`FiefError::AccessTokenMissingScope`], [`FiefError::AccessTokenAcrTooLow`],
    ///   [`FiefError::AccessTokenAuthTooOld`], [`FiefError::AccessTokenMissingPermission`]: a good token that
    ///   lacks what is required.
    /// - [`FiefError::Transport`], [`FiefError::Request`], [`FiefError::ResponseInvalid`]: Fief's keys are not
    ///   known and could not be fetched.
    pub async fn validate_access_token(
        &self,
        access_token: &str,
        requirements: &Requirements,
    ) -> Result<FiefAccessTokenInfo, FiefError> {
        let client = &self.inner;
        let seen = client.validated.get(access_token.as_bytes());
        let info = match seen {
            Some(seen) if is_good(client, &seen) => seen,
            // Boxed, since what may wait for Fief is large, and this seldom comes.
            seen => Box::pin(validate(client, access_token, seen)).await?,
        };
        self.check_requirements(&info, requirements)?;
        Ok(info)
    }

    /// Returns what an access token says that was validated before and is still good, without waiting for anything.
    ///
    /// None says nothing about a token: [`validate_access_token`](Self::validate_access_token) does. For middleware,
    /// which can then let most requests through without a future of its own.
    #[must_use]
    pub fn cached_access_token(
        &self,
        access_token: impl AsRef<[u8]>,
    ) -> Option<FiefAccessTokenInfo> {
        let seen = self.inner.validated.get(access_token.as_ref())?;
        is_good(&self.inner, &seen).then_some(seen)
    }

    /// Checks what is required of a token that was validated before.
    ///
    /// # Errors
    /// [`FiefError::AccessTokenMissingScope`], [`FiefError::AccessTokenAcrTooLow`],
    /// [`FiefError::AccessTokenAuthTooOld`] or [`FiefError::AccessTokenMissingPermission`]: the first that fails.
    pub fn check_requirements(
        &self,
        token: &FiefAccessTokenInfo,
        requirements: &Requirements,
    ) -> Result<(), FiefError> {
        // Nothing else takes the time.
        let max_age = requirements.required_max_age();
        let now = max_age.map_or(0, |_| self.inner.now());
        requirements.check(token, now, self.inner.leeway)
    }
}

/// Whether a token that was seen before can be taken as it is.
fn is_good(client: &Inner, seen: &FiefAccessTokenInfo) -> bool {
    let now = client.now();
    let validity = &seen.validated().validity;
    let is_good = client.keys.is_settled(now)
        && is_published(seen)
        && validity.check(now, client.leeway).is_ok();
    if is_good {
        metrics::token("seen");
    }
    is_good
}

/// Validates a token, wherever that leads.
async fn validate(
    client: &Arc<Inner>,
    token: &str,
    seen: Option<FiefAccessTokenInfo>,
) -> Result<FiefAccessTokenInfo, FiefError> {
    let looked_at = look_at(client, token, seen).await;
    match &looked_at {
        Ok((info, outcome)) => {
            let kid = info.validated().key.kid();
            tracing::debug!(kid, user = %info.id(), outcome, "access token validated");
            metrics::token(outcome);
        }
        Err(error) => {
            tracing::debug!(%error, "access token rejected");
            metrics::token("rejected");
        }
    }
    looked_at.map(|(info, _)| info)
}

/// Also returns how it was validated.
async fn look_at(
    client: &Arc<Inner>,
    token: &str,
    seen: Option<FiefAccessTokenInfo>,
) -> Result<(FiefAccessTokenInfo, &'static str), FiefError> {
    if token.len() > client.access_token_limit {
        return Err(FiefError::AccessTokenInvalid("it is too long"));
    }
    if let Some(seen) = seen {
        // The keys are renewed where that is due, which its own may not survive.
        Box::pin(client.keys.get(client)).await?;
        if is_published(&seen) {
            let validity = &seen.validated().validity;
            validity
                .check(client.now(), client.leeway)
                .map_err(Untimely::access_token)?;
            return Ok((seen, "seen"));
        }
    }
    verify(client, token).await.map(|info| (info, "verified"))
}

fn is_published(seen: &FiefAccessTokenInfo) -> bool {
    seen.validated().key.is_published()
}

async fn verify(client: &Arc<Inner>, token: &str) -> Result<FiefAccessTokenInfo, FiefError> {
    let invalid = FiefError::AccessTokenInvalid;
    let mut jws = Jws::parse(token).map_err(invalid)?;
    let typ = jws.typ;
    let kid = jws.kid.as_deref();
    let now = client.now();
    let (key, now) = match client.keys.find_settled(kid, now) {
        Some(key) => (Some(key), now),
        // Boxed as well, so that a token whose key is known is not moved around with what it does not need.
        None => (Box::pin(client.keys.find(client, kid)).await?, client.now()),
    };
    let Some(key) = key else {
        tracing::debug!(kid = ?shown(kid), "no such key");
        return Err(invalid("its key is not one of Fief's"));
    };
    let claims: Claims<'_> = jws.verify(&key).map_err(invalid)?;
    claims.check(client, typ, now)?;
    let info = claims.into_info(token, key);
    client.validated.insert(&info);
    Ok(info)
}

/// The beginning of what anyone may have written.
fn shown(kid: Option<&str>) -> String {
    kid.unwrap_or_default().chars().take(64).collect()
}

#[cfg(fuzzing)]
pub(crate) fn accept(client: &Inner, claims: &str, key: Arc<Key>) -> Option<FiefAccessTokenInfo> {
    let claims: Claims<'_> = crate::json::object(claims)?;
    claims.check(client, Type::Any, client.now()).ok()?;
    Some(claims.into_info("", key))
}

#[derive(Deserialize)]
struct Claims<'a> {
    #[serde(borrow)]
    iss: Cow<'a, str>,
    #[serde(borrow)]
    aud: Audience<'a>,
    exp: NumericDate,
    iat: NumericDate,
    #[serde(default, deserialize_with = "number")]
    nbf: Option<NumericDate>,
    #[serde(deserialize_with = "hyphenated")]
    sub: Uuid,
    #[serde(borrow)]
    scope: Cow<'a, str>,
    acr: FiefAcr,
    permissions: Vec<String>,
    #[serde(default, deserialize_with = "number")]
    auth_time: Option<NumericDate>,
    // The marks of an ID token.
    #[serde(default, deserialize_with = "present")]
    nonce: bool,
    #[serde(default, deserialize_with = "present")]
    c_hash: bool,
    #[serde(default, deserialize_with = "present")]
    at_hash: bool,
}

impl Claims<'_> {
    fn check(&self, client: &Inner, typ: Type, now: u64) -> Result<(), FiefError> {
        let invalid = FiefError::AccessTokenInvalid;
        self.check_origin(client).map_err(invalid)?;
        let validity = self.validity();
        validity
            .check(now, client.leeway)
            .map_err(Untimely::access_token)?;
        self.check_kind(typ).map_err(invalid)
    }

    fn check_origin(&self, client: &Inner) -> Result<(), &'static str> {
        if !is_issuer(client, &self.iss) {
            return Err("it has another issuer");
        }
        if !client.audiences.accepts(&self.aud) {
            return Err("it is meant for another client");
        }
        Ok(())
    }

    /// Access and ID tokens have the same key, issuer and audience.
    fn check_kind(&self, typ: Type) -> Result<(), &'static str> {
        if self.nonce || self.c_hash || self.at_hash {
            return Err("it is an ID token");
        }
        if typ == Type::Other {
            return Err("its type is not that of an access token");
        }
        Ok(())
    }

    fn validity(&self) -> Validity {
        Validity {
            exp: self.exp,
            iat: self.iat,
            nbf: self.nbf,
        }
    }

    fn into_info(self, token: &str, key: Arc<Key>) -> FiefAccessTokenInfo {
        let scopes = self.scope.split(' ').filter(|scope| !scope.is_empty());
        FiefAccessTokenInfo::from_validated(Arc::new(Validated {
            token: token.into(),
            key,
            validity: self.validity(),
            id: self.sub,
            scope: scopes.map(str::to_owned).collect(),
            acr: self.acr,
            permissions: self.permissions,
            auth_time: self.auth_time,
        }))
    }
}
