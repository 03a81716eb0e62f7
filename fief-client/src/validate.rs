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
        if access_token.len() > client.access_token_limit {
            return Err(FiefError::AccessTokenInvalid("it is too long"));
        }
        let now = client.now();
        let seen = client.validated.get(access_token);
        let (info, now) = match seen {
            Some(seen) if client.keys.is_settled(now) && is_published(&seen) => {
                metrics::token("seen");
                (seen, now)
            }
            // Boxed, since what may wait for Fief is large, and this seldom comes.
            Some(seen) => Box::pin(look_again(client, access_token, seen)).await?,
            None => verify(client, access_token, now).await?,
        };
        let validity = &info.validated().validity;
        validity
            .check(now, client.leeway)
            .map_err(Untimely::access_token)?;
        requirements.check(&info, now, client.leeway)?;
        Ok(info)
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

/// Lets the keys be renewed, since that is due, and verifies the token again if its key has left them.
async fn look_again(
    client: &Arc<Inner>,
    token: &str,
    seen: FiefAccessTokenInfo,
) -> Result<(FiefAccessTokenInfo, u64), FiefError> {
    client.keys.get(client).await?;
    let now = client.now();
    if is_published(&seen) {
        metrics::token("seen");
        return Ok((seen, now));
    }
    verify(client, token, now).await
}

fn is_published(seen: &FiefAccessTokenInfo) -> bool {
    seen.validated().key.is_published()
}

/// Verifies a token; also returns the time at which it was good.
async fn verify(
    client: &Arc<Inner>,
    token: &str,
    now: u64,
) -> Result<(FiefAccessTokenInfo, u64), FiefError> {
    let verified = verify_anew(client, token, now).await;
    metrics::token(if verified.is_ok() {
        "verified"
    } else {
        "rejected"
    });
    verified
}

async fn verify_anew(
    client: &Arc<Inner>,
    token: &str,
    mut now: u64,
) -> Result<(FiefAccessTokenInfo, u64), FiefError> {
    let invalid = FiefError::AccessTokenInvalid;
    let mut jws = Jws::parse(token).map_err(invalid)?;
    let typ = jws.typ;
    let kid = jws.kid.as_deref();
    let mut key = client.keys.find_settled(kid, now);
    if key.is_none() {
        key = Box::pin(client.keys.find(client, kid)).await?;
        now = client.now();
    }
    let key = key.ok_or(invalid("its key is not one of Fief's"))?;
    let claims: Claims<'_> = jws.verify(&key).map_err(invalid)?;
    claims.check(client, typ, now)?;
    let info = claims.into_info(token, key);
    client.validated.insert(&info);
    Ok((info, now))
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
