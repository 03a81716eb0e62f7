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
        let info = match self.try_validate_access_token(access_token) {
            Some(validated) => validated?,
            // Boxed, since what may wait for Fief is large, and this seldom comes.
            None => Box::pin(validate(&self.inner, access_token)).await?,
        };
        self.check_requirements(&info, requirements)?;
        Ok(info)
    }

    /// Validates an access token without waiting, as is possible while Fief's keys are known. For middleware, which
    /// answers most requests without a future of its own then.
    ///
    /// None says nothing about the token, but that Fief has to be asked for its keys first:
    /// [`validate_access_token`](Self::validate_access_token) does. Nothing is required of the token yet:
    /// [`check_requirements`](Self::check_requirements) does that.
    ///
    /// # Errors
    /// [`FiefError::AccessTokenInvalid`], [`FiefError::AccessTokenExpired`]: not a good token.
    #[must_use]
    pub fn try_validate_access_token(
        &self,
        access_token: impl AsRef<[u8]>,
    ) -> Option<Result<FiefAccessTokenInfo, FiefError>> {
        look(&self.inner, access_token.as_ref())
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
        let now = if requirements.needs_time() {
            self.inner.clock.now()
        } else {
            0
        };
        requirements.check(token, now, self.inner.clock.leeway)
    }
}

/// Validates a token without waiting, where that is possible.
fn look(client: &Inner, token: &[u8]) -> Option<Result<FiefAccessTokenInfo, FiefError>> {
    let now = client.clock.now();
    match client.validated.get(token) {
        // Most can be taken as they are.
        Some(seen) if is_good(client, &seen, now) => {
            metrics::token("seen");
            Some(Ok(seen))
        }
        seen => look_closer(client, token, seen, now).map(tell),
    }
}

/// Whether there is nothing to be done for a token that was seen before, nor for the keys.
fn is_good(client: &Inner, seen: &FiefAccessTokenInfo, now: u64) -> bool {
    let validity = &seen.validated().validity;
    client.keys.is_settled(now)
        && is_published(seen)
        && validity.check(now, client.clock.leeway).is_ok()
}

/// Validates a token that is new, or not as good as it was.
#[cold]
fn look_closer(
    client: &Inner,
    token: &[u8],
    seen: Option<FiefAccessTokenInfo>,
    now: u64,
) -> Option<Looked> {
    if token.len() > client.access_token_limit {
        return Some(Err(FiefError::AccessTokenInvalid("it is too long")));
    }
    let is_settled = client.keys.is_settled(now);
    match seen {
        // The keys are renewed where that is due, which its own may not survive.
        Some(_) if !is_settled => return None,
        Some(seen) if is_published(&seen) => return Some(again(client, seen, now)),
        _ => {}
    }
    let jws = match parse(token) {
        Ok(jws) => jws,
        Err(why) => return Some(Err(FiefError::AccessTokenInvalid(why))),
    };
    let kid = jws.kid.as_deref();
    let find = || client.keys.find_settled(kid, now);
    let unknown = || is_settled && client.keys.is_unknown(kid, now);
    match find() {
        Some(key) => Some(verify(client, jws, key, now)),
        None if unknown() => match find() {
            Some(key) => Some(verify(client, jws, key, now)),
            // Unless the keys are due since then.
            None => client.keys.is_settled(now).then(|| Err(no_such_key(&jws))),
        },
        None => None,
    }
}

/// Validates a token, wherever that leads.
async fn validate(client: &Arc<Inner>, token: &str) -> Result<FiefAccessTokenInfo, FiefError> {
    tell(ask(client, token).await)
}

/// Validates a token with keys that may have to be fetched.
async fn ask(client: &Arc<Inner>, token: &str) -> Looked {
    if let Some(seen) = client.validated.get(token.as_bytes()) {
        client.keys().await?;
        if is_published(&seen) {
            return again(client, seen, client.clock.now());
        }
    }
    let jws = parse(token.as_bytes()).map_err(FiefError::AccessTokenInvalid)?;
    match client.find_key(jws.kid.as_deref()).await? {
        Some(key) => verify(client, jws, key, client.clock.now()),
        None => Err(no_such_key(&jws)),
    }
}

/// A token that was validated, and how.
type Looked = Result<(FiefAccessTokenInfo, &'static str), FiefError>;

fn tell(looked: Looked) -> Result<FiefAccessTokenInfo, FiefError> {
    match &looked {
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
    looked.map(|(info, _)| info)
}

/// A token whose signature was verified before.
fn again(client: &Inner, seen: FiefAccessTokenInfo, now: u64) -> Looked {
    let validity = &seen.validated().validity;
    validity
        .check(now, client.clock.leeway)
        .map_err(Untimely::access_token)?;
    Ok((seen, "seen"))
}

fn is_published(seen: &FiefAccessTokenInfo) -> bool {
    seen.validated().key.is_published()
}

fn parse(token: &[u8]) -> Result<Jws<'_>, &'static str> {
    Jws::parse(str::from_utf8(token).map_err(|_| "it is not text")?)
}

fn verify(client: &Inner, mut jws: Jws<'_>, key: Arc<Key>, now: u64) -> Looked {
    let invalid = FiefError::AccessTokenInvalid;
    let (token, typ) = (jws.token, jws.typ);
    let claims: Claims<'_> = jws.verify(&key).map_err(invalid)?;
    claims.check(client, typ, now)?;
    let info = claims.into_info(token, key);
    client.validated.insert(&info);
    Ok((info, "verified"))
}

fn no_such_key(jws: &Jws<'_>) -> FiefError {
    tracing::debug!(kid = ?shown(jws.kid.as_deref()), "no such key");
    FiefError::AccessTokenInvalid("its key is not one of Fief's")
}

/// The beginning of what anyone may have written.
fn shown(kid: Option<&str>) -> String {
    kid.unwrap_or_default().chars().take(64).collect()
}

#[cfg(fuzzing)]
pub(crate) fn accept(client: &Inner, claims: &str, key: Arc<Key>) -> Option<FiefAccessTokenInfo> {
    let claims: Claims<'_> = crate::json::object(claims)?;
    claims.check(client, Type::Any, client.clock.now()).ok()?;
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
            .check(now, client.clock.leeway)
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
